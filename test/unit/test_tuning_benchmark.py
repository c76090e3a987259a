"""The parts of the tuning benchmark: the peer at few bits, what is kept, and what counts as met."""

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, helper
from onnx_models import draw, make_model
from onnxruntime.quantization import QuantType
from ort_peer import Quantized, Reader, at_bits, outputs_of, prepare_model, quantize, quantized
from tuning_points import Figures, Kind, Point, Setup
from tuning_results import Results
from tuning_table import (
    BITS,
    LARGEST_DISAGREEMENT,
    LARGEST_DROP,
    Measured,
    make_table,
    target_of,
)

from corelower.dialects.support.samples import Samples

IMAGES = Samples(draw(64, 2, 6, 6))


def small_network() -> ModelProto:
    nodes = [
        helper.make_node("Conv", ["x", "kernel", "offset"], ["c"], "conv"),
        helper.make_node("Relu", ["c"], ["r"], "relu"),
        helper.make_node("Flatten", ["r"], ["f"], "flatten"),
        helper.make_node("Gemm", ["f", "matrix", "bias"], ["y"], "dense"),
    ]
    constants = {
        "kernel": draw(4, 2, 3, 3, seed=1),
        "offset": draw(4, seed=2),
        "matrix": draw(64, 5, seed=3),
        "bias": draw(5, seed=4),
    }
    return make_model(nodes, {"x": ["n", 2, 6, 6]}, constants)


@pytest.mark.parametrize("per_channel", [False, True])
def test_the_peer_at_4_bits_computes_as_with_onnxruntimes_own_4_bit_integers(
    tmp_path: Path, per_channel: bool
):
    model = small_network()
    integers = QuantType.QUInt4, QuantType.QInt4
    reader, cache = Reader("x", IMAGES), tmp_path / "cache.json"
    prepared = prepare_model(model, tmp_path)
    own = quantize(prepared, reader, cache, "min-max", per_channel, integers)
    # At 8 bits only the codes of the output go.
    expected = outputs_of(at_bits(Quantized("min-max", per_channel, own, {}), 8, 8), IMAGES)
    (way,) = (
        way
        for way in quantized(model, IMAGES)
        if way.method == "min-max" and way.per_channel == per_channel
    )
    actual = outputs_of(at_bits(way, 4, 4), IMAGES)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
    assert not np.allclose(actual, outputs_of(model, IMAGES), atol=1e-2)


def test_the_peer_uses_no_more_codes_than_there_are():
    way = next(quantized(small_network(), IMAGES))
    model = at_bits(way, 2, 3)
    limits = {
        tensor.name: tensor.raw_data for tensor in model.graph.initializer if "_code" in tensor.name
    }
    assert limits == {
        "least_signal_code": bytes([0]),
        "largest_signal_code": bytes([3]),
        "least_weight_code": np.int8(-4).tobytes(),
        "largest_weight_code": bytes([3]),
    }


def test_finished_points_are_known_again_for_the_same_options_only(tmp_path: Path):
    point = Point(Kind.PEER, "digits", "4/4", 0)
    setup = Setup(Path("data"), tmp_path)
    figures = Figures(1.5, 0.99, 0.98, 0.02, way="min-max, per tensor")
    Results(setup, tmp_path / "out.json").add(point, figures)
    again = Results(setup, tmp_path / "out.json")
    assert again.get(point) == figures
    assert again.get(Point(Kind.PEER, "digits", "3/4", 0)) is None
    other = Results(Setup(Path("data"), tmp_path, samples=256), tmp_path / "out.json")
    assert other.get(point) is None


def test_a_training_whose_network_is_gone_is_not_finished(tmp_path: Path):
    point, setup = Point(Kind.TRAINING, "lenet5", "", 0), Setup(Path("data"), tmp_path)
    results = Results(setup)
    results.add(point, Figures(10.0))
    assert results.get(point) is None
    setup.model("lenet5", 0).touch()
    assert results.get(point) == Figures(10.0)


@pytest.mark.parametrize(
    ("values", "met"),
    [
        ((0.0, 0.2222), "yes"),
        ((0.0, 0.4444), "on average"),
        ((0.4444, 0.2222), "NO"),
        ((), ""),
    ],
)
def test_a_target_is_met_by_the_worst_seed(values: tuple[float, ...], met: str):
    assert Measured(values, 0.22).met == met


def test_every_network_has_a_target_or_none_at_all_bits():
    for targets in (LARGEST_DROP, LARGEST_DISAGREEMENT):
        assert {len(row) for row in targets.values()} == {len(BITS)}
    assert target_of(LARGEST_DROP, "resnet20", "3/4") == 2.5
    assert target_of(LARGEST_DROP, "resnet20", "4/2") is None
    assert target_of(LARGEST_DISAGREEMENT, "digits", "4/4") is None


def test_the_table_has_a_row_for_what_is_finished(tmp_path: Path):
    results = Results(Setup(Path("data"), tmp_path))
    for seed in (0, 1):
        tuned = Figures(9.0, 0.99, 0.988, 0.01, 0.97, 12, 10, 5.0, bit_exact=True)
        results.add(Point(Kind.TUNED, "digits", "4/4", seed), tuned)
    table = make_table(results, ("digits",), BITS, (0, 1, 2))
    assert table.row_count == 1
    cells = [next(iter(column.cells)) for column in table.columns]
    assert cells[:6] == ["digits", "4/4", "99.00", "+0.20 (+0.20)", "<= 0.5", "yes"]
