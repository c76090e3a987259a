"""A TianJi image that is damaged or forged is refused with one line."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.location import parse_module
from corelower.passes.convert_core_op_to_tianji import ConvertCoreOpToTianjiPass
from corelower.passes.tianji_map import TianjiMapPass
from corelower.targets.images.frame import CHECKSUM_AT, PREAMBLE_BYTES, Frame
from corelower.targets.tianji.image import is_image, read_image
from corelower.targets.tianji.image_format import FRAME, TABLE_FRAME
from corelower.targets.tianji.image_writer import write_image
from corelower.targets.tianji.simulator import run_image
from corelower.targets.tianji.weight_tables import pack_indices, unpack_indices
from corelower.tools.ir_files import make_context

TEXT = """
!in = !core_op.code<8, 0.25, 0>
module attributes {core_op.target = #core_op.target<"tianji", fan_in = 16, fan_out = 8,
    signal_bits = 8, weights = [-128, 127], accumulator_bits = 24, bias_bits = 16,
    rounding = floor>} {
  func.func @main(%image: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
    %x = core_op.encode %image : (tensor<1x2x2xf32>) -> tensor<1x2x2x!in>
    %w = trained.tensor [[[1, 0], [3, 4]], [[0, 2], [0, 1]]] : tensor<2x2x2xi8>
    %g = trained.tensor [0.5, 1.0] : tensor<2xf32>
    %y = core_op.vmm relu %x, %w gain %g
      : (tensor<1x2x2x!in>, tensor<2x2x2xi8>, tensor<2xf32>) -> tensor<1x2x2x!in>
    %r = core_op.decode %y : (tensor<1x2x2x!in>) -> tensor<1x2x2xf32>
    func.return %r : tensor<1x2x2xf32>
  }
}
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return written(TEXT, tmp_path / "good.tianji")


def written(text: str, path: Path) -> Path:
    """The image of a module."""
    ctx = make_context()
    module = parse_module(ctx, text, "test.mlir")
    ConvertCoreOpToTianjiPass().apply(ctx, module)
    TianjiMapPass().apply(ctx, module)
    write_image(module, path)
    return path


def forged(image: Path, change: Callable[[dict[str, Any]], object], frame: Frame = FRAME) -> Path:
    """The image with another program, under a checksum that is right."""
    data = image.read_bytes()
    length = int.from_bytes(data[24:32], "little")
    end = PREAMBLE_BYTES + length
    header = json.loads(data[PREAMBLE_BYTES:end])
    change(header)
    text = json.dumps(header).encode()
    body = text + bytes(-len(text) % 64) + data[end + -end % 64 :]
    preamble = frame.preamble(PREAMBLE_BYTES + len(body), len(text))
    path = image.with_name("forged.tianji")
    path.write_bytes(preamble + sha256(preamble + body).digest() + body)
    return path


MIXED = """
#spikes = #core_op.target<"tianji", fan_in = 4, fan_out = 4, signal_bits = 1, weights = [-128, 127],
    accumulator_bits = 24, bias_bits = 16, gain = neuron, gain_values = reciprocal,
    rounding = floor, neuron = lif, window = 5>
#codes = #core_op.target<"tianji", fan_in = 4, fan_out = 4, signal_bits = 8, weights = [-128, 127],
    accumulator_bits = 24, bias_bits = 16, gain_values = power_of_two, rounding = floor>
!s = !core_op.code<1, 0.5, 0, ticks 5>
!c = !core_op.code<8, 0.5, 0>
module attributes {core_op.target = #codes, core_op.alternate_target = #spikes} {
  func.func @main(%image: tensor<1x1xf32>) -> tensor<1x1xf32> {
    %x = core_op.encode %image : (tensor<1x1xf32>) -> tensor<1x1x!c>
    %w = trained.tensor [[[3]]] : tensor<1x1x1xi8>
    %t = trained.tensor [[0.1]] : tensor<1x1xf32>
    %s = core_op.vmm relu %x, %w gain %t
      : (tensor<1x1x!c>, tensor<1x1x1xi8>, tensor<1x1xf32>) -> tensor<1x1x!s>
    %g = trained.tensor [0.5] : tensor<1xf32>
    %a = core_op.vmm relu %s, %w gain %g
      : (tensor<1x1x!s>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<1x1x!c>
    %b = core_op.vmm relu %a, %w gain %g
      : (tensor<1x1x!c>, tensor<1x1x1xi8>, tensor<1xf32>) -> tensor<1x1x!c>
    %r = core_op.decode %b : (tensor<1x1x!c>) -> tensor<1x1xf32>
    func.return %r : tensor<1x1xf32>
  }
}
"""


@pytest.fixture
def mixed_image(tmp_path: Path) -> Path:
    ctx = make_context()
    module = parse_module(ctx, MIXED, "test.mlir")
    ConvertCoreOpToTianjiPass().apply(ctx, module)
    TianjiMapPass().apply(ctx, module)
    write_image(module, tmp_path / "mixed.tianji")
    return tmp_path / "mixed.tianji"


def test_a_mixed_image_runs_alone(mixed_image: Path) -> None:
    # Code 2 drives by 6 a tick: potentials 6 12! 6 12! 6, two spikes; 6 cut to 3, and 9 to 4.
    (y,) = run_image(mixed_image, np.array([[[1.0]]], np.float32))
    assert np.array_equal(y, [[[2.0]]])


def test_a_sum_of_spikes_is_not_heard_before_its_window_is_over(mixed_image: Path) -> None:
    def earlier(header: dict[str, Any]) -> None:
        assert [layer["phase"] for layer in header["layers"]] == [0, 1, 6]
        header["layers"][2].update(phase=5)

    with pytest.raises(CorelowerError, match="layer 2 hears a signal of phase 5 or later"):
        read_image(forged(mixed_image, earlier))


def test_an_image_runs_alone(image: Path) -> None:
    assert is_image(image)
    x = np.array([[[[1.0, 2.0], [3.0, 4.0]]]], np.float32)
    (y,) = run_image(image, x)
    # Codes 4 8 12 16; sums (4 + 24, 32) cut by one bit, and (0, 24 + 16).
    assert np.array_equal(y, [[[[3.5, 4.0], [0.0, 10.0]]]])


@pytest.mark.parametrize("at", [0, 9, 13, 17, 40, 70, -1])
def test_a_changed_byte_is_noticed(image: Path, at: int) -> None:
    data = bytearray(image.read_bytes())
    data[at] ^= 1
    image.write_bytes(data)
    with pytest.raises(CorelowerError) as error:
        read_image(image)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("length", [0, 30, CHECKSUM_AT + 40, 200])
def test_a_short_file_is_noticed(image: Path, length: int) -> None:
    image.write_bytes(image.read_bytes()[:length])
    with pytest.raises(CorelowerError, match=r"not a TianJi image|truncated"):
        read_image(image)


Change = Callable[[dict[str, Any]], object]
FORGERIES: tuple[tuple[Change, str], ...] = (
    (lambda h: h["chip"].update(name="prime"), "the chip is not tianji"),
    (lambda h: h["chip"].update(window=1000), "size that is 0 or too large"),
    (lambda h: h["layers"][0].update(axons=17), "do not fit a core of 16 x 8"),
    (lambda h: h["layers"][0].update(cores=1 << 40), "signals; at most"),
    (lambda h: h["layers"][0].update(places=[0, 0]), "two cores in one place"),
    (lambda h: h["layers"][0].update(places=[0, 60]), "core 60 of 6"),
    (lambda h: h["layers"][0].update(soma="spikes"), "a soma that is spikes"),
    (lambda h: h["layers"][0].update(bits=9), "results of 9 bits"),
    (lambda h: h["layers"][0].update(bias=h["layers"][0]["cut"]), "bias needs 16 bytes"),
    (lambda h: h["routes"].update(targets=h["routes"]["fan_out"]), "routes: targets needs"),
    (lambda h: h["routes"].update(fan_out=99), "fan_out is in section 99"),
    (lambda h: h["program"].append({"step": "mvm", "operands": []}), "is unknown: mvm"),
    (lambda h: h["program"][0].update(bits=9), "numbers of 9 bits"),
    (lambda h: h["program"][1].update(shape=[1, 9]), "index needs 36 bytes"),
    (lambda h: h["program"].insert(0, h["program"].pop()), "before it is there"),
    (lambda h: h.update(outputs=[]), "no outputs"),
)


@pytest.mark.parametrize(("change", "message"), FORGERIES)
def test_a_forged_program_is_refused(image: Path, change: Change, message: str) -> None:
    with pytest.raises(CorelowerError, match=message) as error:
        read_image(forged(image, change))
    assert "\n" not in str(error.value)


def with_tables(text: str) -> str:
    return text.replace("rounding = floor>", "rounding = floor, weight_values = 5>")


def test_synapses_that_are_indices_run_as_the_weights_do(image: Path, tmp_path: Path) -> None:
    indexed = written(with_tables(TEXT), tmp_path / "indexed.tianji")
    before, after = read_image(image), read_image(indexed)
    assert (before.chip.weight_values, after.chip.weight_values) == (0, 5)
    assert np.array_equal(before.layers[0].synapses, after.layers[0].synapses)
    x = np.array([[[[1.0, 2.0], [3.0, 4.0]]]], np.float32)
    assert np.array_equal(run_image(image, x)[0], run_image(indexed, x)[0])


def test_an_image_without_tables_is_one_of_version_1(image: Path, tmp_path: Path) -> None:
    indexed = written(with_tables(TEXT), tmp_path / "indexed.tianji")
    versions = [int.from_bytes(path.read_bytes()[8:12], "little") for path in (image, indexed)]
    assert versions == [1, 2]


TABLE_FORGERIES: tuple[tuple[Change, str], ...] = (
    (lambda h: h["chip"].update(weight_values=1), "tables of 1 weights"),
    (lambda h: h["chip"].update(weight_values=257), "tables of 257 weights"),
    (lambda h: h["chip"].update(weight_values=4), "values needs 8 bytes, its section 10"),
    (lambda h: h["chip"].update(weight_values=0), "synapses needs 8 bytes, its section 3"),
    (lambda h: h["layers"][0].pop("values"), "values"),
    (lambda h: h["layers"][0].update(synapses=h["layers"][0]["cut"]), "synapses needs 3 bytes"),
)


@pytest.mark.parametrize(("change", "message"), TABLE_FORGERIES)
def test_a_forged_table_is_refused(tmp_path: Path, change: Change, message: str) -> None:
    image = written(with_tables(TEXT), tmp_path / "good.tianji")
    with pytest.raises(CorelowerError, match=message):
        read_image(forged(image, change, TABLE_FRAME))


def test_tables_belong_to_version_2(tmp_path: Path) -> None:
    image = written(with_tables(TEXT), tmp_path / "good.tianji")
    with pytest.raises(CorelowerError, match="tables of 5 weights in version 1"):
        read_image(forged(image, lambda header: None))


def test_an_index_behind_the_table_is_refused(tmp_path: Path) -> None:
    image = written(with_tables(TEXT), tmp_path / "good.tianji")
    data = bytearray(image.read_bytes())
    end = PREAMBLE_BYTES + int.from_bytes(data[24:32], "little")
    header = json.loads(data[PREAMBLE_BYTES:end])
    at, _ = header["sections"][header["layers"][0]["synapses"]]
    # Ones in all three bits of an index.
    data[end + -end % 64 + at] = 0xFF
    image.write_bytes(data)
    with pytest.raises(CorelowerError, match="index 7 into tables of 5 weights"):
        read_image(forged(image, lambda header: None, TABLE_FRAME))


@given(st.integers(1, 8), st.integers(0, 40), st.integers(0, 1000))
def test_packed_indices_come_back(bits: int, count: int, seed: int) -> None:
    indices = np.random.default_rng(seed).integers(0, 1 << bits, count).astype(np.uint8)
    packed = pack_indices(indices, bits)
    assert len(packed) == -(-count * bits // 8)
    assert np.array_equal(unpack_indices(packed, bits, count), indices)
