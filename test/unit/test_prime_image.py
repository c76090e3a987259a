"""A chip image is complete, and one that is damaged or forged is refused with one line."""

import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.location import parse_module
from corelower.passes.convert_core_op_to_prime import ConvertCoreOpToPrimePass
from corelower.passes.prime_map import PrimeMapPass
from corelower.targets.images.frame import CHECKSUM_AT, PREAMBLE_BYTES, checksum
from corelower.targets.prime.image import is_image, read_image
from corelower.targets.prime.image_format import FRAME
from corelower.targets.prime.image_writer import write_image
from corelower.targets.prime.simulator import Simulator, run_image
from corelower.tools.ir_files import make_context

# Every kind of section, and both borders to the host.
TEXT = """
!in = !core_op.code<6, 0.25, 3>
!out = !core_op.code<5, 0.5, 0>
module attributes {core_op.target = #core_op.target<"prime", fan_in = 16, fan_out = 8,
    signal_bits = 6, weights = [-127, 127], bias_rows = 2, max_inputs = 4, cores = 9>} {
  func.func @main(%image: tensor<3x3x1x1xf32>) -> tensor<i64> {
    %q = core_op.encode %image : (tensor<3x3x1x1xf32>) -> tensor<3x3x1x1x!in>
    %x = core_op.window %q kernel [2, 2] pads [0, 0, 1, 1]
      : (tensor<3x3x1x1x!in>) -> tensor<3x3x1x4x!in>
    %w = trained.tensor [[[1, -2], [30, 4], [-5, 6], [7, 80]]] : tensor<1x4x2xi8>
    %b = trained.tensor [[100, -8000]] : tensor<1x2xi32>
    %g = trained.tensor [0.0078125] : tensor<1xf32>
    %y = core_op.vmm relu %x, %w bias %b gain %g
      : (tensor<3x3x1x4x!in>, tensor<1x4x2xi8>, tensor<1x2xi32>, tensor<1xf32>)
        -> tensor<3x3x1x2x!out>
    %m = core_op.max %y : (tensor<3x3x1x2x!out>) -> tensor<3x3x1x!out>
    %t = core_op.gather %m axis 1 indices [2, 0, 1] : (tensor<3x3x1x!out>) -> tensor<3x3x1x!out>
    %f = core_op.reshape %t : (tensor<3x3x1x!out>) -> tensor<9x!out>
    %r = core_op.decode %f {golden = "scores"} : (tensor<9x!out>) -> tensor<9xf32>
    %a = nn.argmax %r axis 0 {golden = "class"} : (tensor<9xf32>) -> tensor<i64>
    func.return %a : tensor<i64>
  }
}
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ctx = make_context()
    module = parse_module(ctx, TEXT, "network.mlir")
    ConvertCoreOpToPrimePass().apply(ctx, module)
    PrimeMapPass().apply(ctx, module)
    path = tmp_path_factory.mktemp("images") / "network.image"
    write_image(module, path)
    return path


def program_of(data: bytes) -> dict[str, Any]:
    length = int.from_bytes(data[24:32], "little")
    return json.loads(data[PREAMBLE_BYTES : PREAMBLE_BYTES + length])


def forged(data: bytes, program: object) -> bytes:
    """The image with another program, and a checksum that matches."""
    length = int.from_bytes(data[24:32], "little")
    sections = data[PREAMBLE_BYTES + length + -length % 64 :]
    text = json.dumps(program).encode()
    body = text + bytes(-len(text) % 64) + sections
    frame = FRAME.preamble(PREAMBLE_BYTES + len(body), len(text)) + bytes(32)
    return with_checksum(frame + body)


def with_checksum(data: bytes) -> bytes:
    return data[:CHECKSUM_AT] + checksum(memoryview(data)) + data[PREAMBLE_BYTES:]


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(CorelowerError) as error:
        read_image(path)
    assert error.value.where == str(path)
    assert "\n" not in error.value.message
    return error.value.message


def test_it_holds_what_the_network_needs(image: Path) -> None:
    loaded = read_image(image)
    assert is_image(image)
    assert [port.name for port in loaded.inputs] == ["image"]
    assert [port.name for port in loaded.outputs] == ["class"]
    (mats,) = loaded.mats
    assert mats.replicas == 9
    assert mats.drive.tolist() == [[63, 1]]
    assert mats.positive[0, :4].tolist() == [[1, 0], [30, 4], [0, 6], [7, 80]]
    assert mats.negative[0, :4].tolist() == [[0, 2], [0, 0], [5, 0], [0, 0]]
    assert not mats.positive.flags.writeable


def test_it_runs_without_ir_and_jax(image: Path) -> None:
    code = (
        "import sys; import numpy as np; from pathlib import Path;"
        "from corelower.targets.prime.simulator import run_image;"
        f"print(*run_image({str(image)!r}, np.ones((2, 3, 3, 1, 1)))[0]);"
        "assert not {'xdsl', 'jax', 'onnx'} & set(sys.modules)"
    )
    root = Path(__file__).parents[1] / "pythonpath"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(root)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.split()) == 2


@pytest.mark.parametrize("size", [0, 7, 63, 64, 65, 900, -1])
def test_a_truncated_image_is_refused(image: Path, tmp_path: Path, size: int) -> None:
    message = refusal(tmp_path / "cut.image", image.read_bytes()[:size])
    assert "truncated" in message or "fewer than its preamble" in message


def test_every_damaged_byte_is_noticed(image: Path, tmp_path: Path) -> None:
    data = bytearray(image.read_bytes())
    for place in [*range(0, 64, 5), *range(64, len(data), 97)]:
        data[place] ^= 1
        assert refusal(tmp_path / "damaged.image", bytes(data))
        data[place] ^= 1


def test_another_version_is_named(image: Path, tmp_path: Path) -> None:
    data = bytearray(image.read_bytes())
    data[8] = 9
    message = refusal(tmp_path / "later.image", with_checksum(bytes(data)))
    assert message == "version 9 of the format; this reads versions 1 to 3"


def test_version_2_is_read_and_has_no_units(image: Path, tmp_path: Path) -> None:
    program = program_of(image.read_bytes())
    for step in program["program"]:
        step.pop("units", None)
    without = forged(image.read_bytes(), program)
    message = refusal(tmp_path / "newer.image", without)
    assert message == "step 0 (encode): units is not a count"
    older = tmp_path / "older.image"
    older.write_bytes(with_checksum(without[:8] + bytes([2]) + without[9:]))
    samples = np.random.default_rng(0).normal(0, 8, (5, 3, 3, 1, 1))
    assert np.array_equal(run_image(older, samples), run_image(image, samples))


def test_version_1_is_read_and_has_no_gather(image: Path, tmp_path: Path) -> None:
    def as_version_1(data: bytes) -> bytes:
        return with_checksum(data[:8] + bytes([1]) + data[9:])

    newer, older = tmp_path / "newer.image", tmp_path / "older.image"
    message = refusal(older, as_version_1(image.read_bytes()))
    assert message == "step 4 is unknown: gather"
    program = program_of(image.read_bytes())
    program["program"][4] = {"step": "reshape", "operands": [4], "to": [3, 3, 1]}
    data = forged(image.read_bytes(), program)
    newer.write_bytes(data)
    older.write_bytes(as_version_1(data))
    samples = np.random.default_rng(0).normal(0, 8, (5, 3, 3, 1, 1))
    assert np.array_equal(run_image(older, samples), run_image(newer, samples))


def test_a_missing_image_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CorelowerError, match=r"missing\.image: cannot read the image: No such"):
        read_image(tmp_path / "missing.image")


Change = Callable[[dict[str, Any]], object]

FORGERIES: dict[str, tuple[Change, str]] = {
    "no units": (
        lambda p: p["program"][0].update(units=0),
        "step 0 (encode): 0 units",
    ),
    "units on no axis of theirs": (
        lambda p: next(s for s in p["program"] if s["step"] == "decode").update(units=5),
        "step 6 (decode): 5 units on the last axis of [9]",
    ),
    "unknown step": (
        lambda p: p["program"][1].update(step="jump"),
        "step 1 is unknown: jump",
    ),
    "undefined operand": (
        lambda p: p["program"][2].update(operands=[7]),
        "step 2 (mvm) uses value 7 before it is there",
    ),
    "own result": (
        lambda p: p["program"][2].update(operands=[3]),
        "step 2 (mvm) uses value 3 before it is there",
    ),
    "two operands": (
        lambda p: p["program"][2].update(operands=[1, 2]),
        "step 2 (mvm) has 2 operands",
    ),
    "real numbers in mats": (
        lambda p: p["program"][2].update(operands=[0]),
        "step 2 (mvm): its operand is host numbers; it takes codes",
    ),
    "other shape": (
        lambda p: p["program"][2].update(operands=[1]),
        "step 2 (mvm): an operand [3, 3, 1, 1] for 1 groups of 4 inputs",
    ),
    "no such mats": (
        lambda p: p["program"][2].update(mats=1),
        "step 2 (mvm): mats 1 of 1",
    ),
    "wide signals": (
        lambda p: p["program"][2].update(bits=7),
        "step 2 (mvm): 7 bits, the chip's signals have 6",
    ),
    "wide maximum": (
        lambda p: p["program"][3].update(operands=[2]) or p["chip"].update(max_inputs=3),
        "step 3 (max): a maximum of 4, the unit takes 3",
    ),
    "index of a gather": (
        lambda p: p["program"][4].update(indices=[0, 3]),
        "step 4 (gather): index 3 of axis 1 of [3, 3, 1]",
    ),
    "negative index": (
        lambda p: p["program"][4].update(indices=[-1]),
        "step 4 (gather): indices is not a count",
    ),
    "axis of a gather": (
        lambda p: p["program"][4].update(axis=3),
        "step 4 (gather): axis 3 of [3, 3, 1]",
    ),
    "large value": (
        lambda p: p["program"].insert(
            1,
            {"step": "pad", "operands": [1], "low": [1 << 40, 0, 0, 0], "high": [0] * 4, "fill": 3},
        ),
        "step 1 (pad): a value of shape [1099511627779, 3, 1, 1] is too large",
    ),
    "large input": (
        lambda p: p["inputs"][0].update(shape=[1 << 20, 1 << 20]),
        "a value of shape [1048576, 1048576] is too large",
    ),
    "negative pad": (
        lambda p: p["program"][1].update(pads=[0, 0, 1, -1]),
        "step 1 (window): pads is not a count",
    ),
    "fraction": (
        lambda p: p["program"][1].update(kernel=[2, 2.5]),
        "step 1 (window): kernel is not a count",
    ),
    "missing field": (
        lambda p: p["program"][1].pop("kernel"),
        "step 1 (window): kernel is not a JSON list",
    ),
    "zero scale": (
        lambda p: p["program"][0].update(scale=0),
        "step 0 (encode): a scale of 0.0",
    ),
    "huge scale": (
        lambda p: p["program"][0].update(scale=10**400),
        "step 0 (encode): scale is not a number",
    ),
    "zero point": (
        lambda p: p["program"][0].update(zero=64),
        "step 0 (encode): a zero point of 64 in 6 bits",
    ),
    "section behind the file": (
        lambda p: p["sections"][-1].__setitem__(1, 1 << 40),
        "section 3 ends behind the file",
    ),
    "overlapping sections": (
        lambda p: p["sections"][1].__setitem__(0, 0),
        "section 1 starts at byte 0, inside another part",
    ),
    "wrong section": (
        lambda p: p["mats"][0].update(positive=2),
        "mats 0: positive needs 12 bytes, its section 4",
    ),
    "no section": (
        lambda p: p["mats"][0].update(positive=9),
        "mats 0: positive is in section 9 of 4",
    ),
    "gain from levels": (
        lambda p: p["mats"][0].update(columns=1, gain=0),
        "mats 0: positive needs 6 bytes, its section 12",
    ),
    "too large mats": (
        lambda p: p["mats"][0].update(rows=17),
        "mats 0: 1 times 17 x 2 do not fit a core of 16 x 8",
    ),
    "cores of the chip": (
        lambda p: p["mats"][0].update(core=1),
        "mats are placed up to core 9, the chip has 9",
    ),
    "two mats on a core": (
        lambda p: p["mats"].append(p["mats"][0]),
        "core 0 holds two mats",
    ),
    "no outputs": (
        lambda p: p.update(outputs=[]),
        "the program has no outputs",
    ),
    "undefined output": (
        lambda p: p["outputs"][0].update(value=99),
        "output 'class' is value 99, which is not there",
    ),
    "no program": (lambda p: p.pop("program"), "program is not a JSON list"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_program_is_refused(image: Path, tmp_path: Path, name: str) -> None:
    change, expected = FORGERIES[name]
    data = image.read_bytes()
    program = program_of(data)
    change(program)
    assert refusal(tmp_path / "forged.image", forged(data, program)) == expected


def leaves(tree: dict[Any, Any] | list[Any]) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON tree."""
    found: list[tuple[Any, Any]] = []
    keys: list[Any] = [*tree] if isinstance(tree, dict) else [*range(len(tree))]
    for key in keys:
        found.append((tree, key))
        if isinstance(tree[key], dict | list):
            found += leaves(tree[key])
    return found


JUNK: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    2,
    3,
    5,
    64,
    1 << 30,
    1 << 70,
    0.5,
    1e308,
    "",
    "x",
    [],
    [0],
    {},
    [[1]],
]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_forged_program_breaks_the_reader(
    image: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    original = image.read_bytes()
    program = program_of(original)
    for _ in range(data.draw(st.integers(1, 2))):
        container, key = data.draw(st.sampled_from(leaves(program)))
        container[key] = deepcopy(data.draw(st.sampled_from(JUNK)))
    path = tmp_path_factory.getbasetemp() / "fuzzed.image"
    path.write_bytes(forged(original, program))
    try:
        loaded = read_image(path)
    except CorelowerError as error:
        assert "\n" not in str(error)
        return
    shapes = [loaded.values[port.value].shape for port in loaded.inputs]
    if max(np.prod(value.shape) for value in loaded.values) < 10_000:
        Simulator(loaded).run(*(np.zeros((1, *shape)) for shape in shapes))


def test_data_that_does_not_fit_is_one_line(image: Path) -> None:
    for data, expected in (
        (np.zeros((2, 3, 3)), "takes samples of shape [3, 3, 1, 1], the data has [3, 3]"),
        (np.full((2, 3, 3, 1, 1), np.nan), "has a number that is not finite"),
        (np.zeros((0, 3, 3, 1, 1)), "the data has no samples"),
        (np.array([["x"]]), "takes samples of shape"),
    ):
        with pytest.raises(CorelowerError) as error:
            run_image(image, data)
        assert expected in str(error.value)


def test_progress_is_told_for_every_batch(image: Path) -> None:
    told: list[tuple[int, int]] = []
    simulator = Simulator(read_image(image), batch_size=2)
    simulator.run(
        np.zeros((5, 3, 3, 1, 1)), progress=lambda done, total: told.append((done, total))
    )
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_faults_are_drawn_from_their_seed(image: Path) -> None:
    loaded = read_image(image)
    samples = np.random.default_rng(0).normal(0, 8, (64, 3, 3, 1, 1))

    def codes(**options: Any) -> np.ndarray[Any, Any]:
        return Simulator(loaded, **options).chip_outputs(samples)[0]

    exact = codes()
    assert np.array_equal(
        codes(variation=0.1, stuck=0.1, seed=1), codes(variation=0.1, stuck=0.1, seed=1)
    )
    assert not np.array_equal(codes(variation=0.1, seed=1), exact)
    assert not np.array_equal(codes(stuck=0.3, seed=1), exact)
    assert not np.array_equal(codes(mode="composed"), exact)


def test_composing_leaves_out_the_least_significant_pass(image: Path) -> None:
    loaded = read_image(image)
    samples = np.random.default_rng(0).normal(0, 8, (64, 3, 3, 1, 1)).astype(np.float32)
    windows = Simulator(loaded).values([2], samples)[0].astype(np.int64)
    (mats,) = loaded.mats
    x = np.concatenate([windows, np.broadcast_to(mats.drive, (*windows.shape[:-1], 2))], axis=-1)
    signed = mats.positive[0].astype(np.int64) - mats.negative[0].astype(np.int64)
    high, low = np.sign(signed) * (abs(signed) >> 4), np.sign(signed) * (abs(signed) & 15)
    total = np.zeros((*x.shape[:-1], 2))
    for part, cells, worth in ((x >> 3, high, 128), (x & 7, high, 16), (x >> 3, low, 8)):
        real = (part @ cells) * worth * float(mats.gain[0])
        total += np.sign(real) * np.minimum(abs(real) // 1, 31)
    composed = Simulator(loaded, "composed").values([3], samples)[0]
    assert np.array_equal(composed, np.clip(total, 0, 31))
