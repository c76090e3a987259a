"""The numbers of a comparison: SQNR, errors, disagreement, accuracy; layouts are undone."""

from collections.abc import Callable
from math import inf, isnan, log10

import numpy as np
import pytest
from xdsl.dialects.builtin import Builtin, ModuleOp
from xdsl.dialects.func import Func

from corelower.dialects.core_op import CoreOp
from corelower.dialects.nn import Nn
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.functions import find_function, golden_function
from corelower.dialects.support.location import parse_module
from corelower.dialects.trained import Trained
from corelower.targets.jax import compare
from corelower.targets.jax.compare import compare_functions
from corelower.targets.measures import (
    Comparison,
    ErrorStatistics,
    accuracy,
    disagreement,
    predictions,
)

GOLDEN = """
func.func @golden(%x: tensor<2x3x4xf32>) -> tensor<24xf32> {
  %r = nn.relu %x {golden = "r"} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %f = nn.reshape %r to [24] {golden = "f"} : (tensor<2x3x4xf32>) -> tensor<24xf32>
  func.return %f : tensor<24xf32>
}
"""

LOWERED = """
func.func @main(%x: tensor<2x3x4xf32>) -> tensor<24xf32> attributes {core_op.golden = @golden} {
  %p = core_op.permute %x [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %q = core_op.encode %p : (tensor<3x4x2xf32>) -> tensor<3x4x2x!core_op.code<6, 0.0625, 0>>
  %s = core_op.reshape %q {golden = "r", golden_order = array<i64: 1, 2, 0>}
    : (tensor<3x4x2x!core_op.code<6, 0.0625, 0>>) -> tensor<3x8x!core_op.code<6, 0.0625, 0>>
  %d = core_op.decode %s : (tensor<3x8x!core_op.code<6, 0.0625, 0>>) -> tensor<3x8xf32>
  %t = core_op.reshape %d : (tensor<3x8xf32>) -> tensor<3x4x2xf32>
  %u = core_op.permute %t [2, 0, 1] : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  %y = core_op.reshape %u {golden = "f"} : (tensor<2x3x4xf32>) -> tensor<24xf32>
  func.return %y : tensor<24xf32>
}
"""


def parse(text: str) -> ModuleOp:
    ctx = CorelowerContext()
    for dialect in (Builtin, Func, Nn, Trained, CoreOp):
        ctx.load_dialect(dialect)
    module = parse_module(ctx, text, "test.mlir")
    module.verify()
    return module


def compare_in(module: ModuleOp, x: np.ndarray) -> Comparison:
    main = find_function(module)
    return compare_functions(main, golden_function(module, main), x)


def test_values_are_compared_by_golden_name_whatever_their_layout():
    x = np.random.default_rng(0).uniform(-3, 5, (50, 2, 3, 4)).astype(np.float32)
    comparison = compare_in(parse(GOLDEN + LOWERED), x)
    wanted = np.maximum(x, 0).astype(np.float64)
    error = np.clip(np.rint(wanted * 16), 0, 63) / 16 - wanted
    sqnr = 10 * log10(np.square(wanted).sum() / np.square(error).sum())
    assert comparison.samples == 50
    assert [row.name for row in comparison.values] == ["r", "f"]
    assert comparison.values[0].shape == (3, 8)
    assert comparison.values[0].where == "test.mlir:11:3"
    for row in (*comparison.values, *comparison.outputs):
        assert row.sqnr == pytest.approx(sqnr, rel=1e-5)
        assert row.maximum == pytest.approx(np.abs(error).max(), rel=1e-5)
        assert row.relative == pytest.approx(np.abs(error).max() / wanted.max(), rel=1e-5)
    golden = wanted.reshape(50, -1).argmax(axis=1)
    ours = (wanted + error).reshape(50, -1).argmax(axis=1)
    assert comparison.disagreement == np.mean(golden != ours) > 0
    assert comparison.skipped == {}


def test_a_function_equals_itself():
    module = parse(GOLDEN)
    golden = find_function(module, "golden")
    comparison = compare_functions(golden, golden, np.ones((3, 2, 3, 4), np.float32))
    assert comparison.disagreement == 0
    for row in (*comparison.values, *comparison.outputs):
        assert (row.sqnr, row.maximum, row.relative) == (inf, 0, 0)


def test_statistics_do_not_depend_on_batches(monkeypatch: pytest.MonkeyPatch):
    x = np.random.default_rng(0).normal(size=(23, 2, 3, 4)).astype(np.float32)
    whole = compare_in(parse(GOLDEN + LOWERED), x)
    monkeypatch.setattr(compare, "LARGEST_BATCH", 5)
    calls: list[int] = []
    module = parse(GOLDEN + LOWERED)
    main = find_function(module)
    parts = compare_functions(
        main,
        golden_function(module, main),
        x,
        progress=lambda done, total: calls.append(done),
    )
    assert calls == [5, 10, 15, 20, 23]
    for one, other in zip(whole.values, parts.values, strict=True):
        assert one.sqnr == pytest.approx(other.sqnr, rel=1e-9)
        assert one.maximum == other.maximum
    assert whole.disagreement == parts.disagreement


def test_values_that_cannot_be_compared_are_named():
    text = """
    func.func @golden(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
      %a = nn.relu %x {golden = "a"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
      %b = nn.relu %a {golden = "b"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
      %c = nn.relu %a {golden = "c", golden_order = array<i64: 1, 0>}
        : (tensor<2x3xf32>) -> tensor<2x3xf32>
      func.return %b : tensor<2x3xf32>
    }
    func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> attributes {core_op.golden = @golden} {
      %a = core_op.repeat %x axis 0 times 2 {golden = "a"} : (tensor<2x3xf32>) -> tensor<4x3xf32>
      %b = nn.relu %x {golden = "b", golden_order = array<i64: 0, 2, 1>}
        : (tensor<2x3xf32>) -> tensor<2x3xf32>
      %c = nn.relu %x {golden = "c"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
      %d = nn.relu %x {golden = "d"} : (tensor<2x3xf32>) -> tensor<2x3xf32>
      func.return %d : tensor<2x3xf32>
    }
    """
    comparison = compare_in(parse(text), np.ones((1, 2, 3), np.float32))
    assert comparison.values == []
    assert comparison.skipped == {
        "a": "12 elements stand for 6",
        "b": "golden_order [0, 2, 1] does not fit shape [2, 3]",
        "c": "its axes run in another order on each side",
    }


def test_equal_orders_on_both_sides_are_compared_as_they_are():
    module = parse(GOLDEN + LOWERED)
    main = find_function(module)
    comparison = compare_functions(main, main, np.ones((2, 2, 3, 4), np.float32))
    assert [row.sqnr for row in comparison.values] == [inf, inf]


def failure(action: Callable[[], object]) -> str:
    with pytest.raises(CorelowerError) as caught:
        action()
    return str(caught.value)


def test_functions_that_cannot_be_compared():
    module = parse(
        GOLDEN
        + """
        func.func @main(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
          func.return %x : tensor<2x3x4xf32>
        }
        func.func @other(%x: tensor<2x3x4xf32>) -> tensor<2x3xf32> {
          %y = core_op.max %x : (tensor<2x3x4xf32>) -> tensor<2x3xf32>
          func.return %y : tensor<2x3xf32>
        }
        """
    )
    main, golden = find_function(module), find_function(module, "golden")
    other = find_function(module, "other")
    x = np.ones((2, 2, 3, 4), np.float32)
    assert failure(lambda: golden_function(module, main)) == (
        "test.mlir:8:9: func.func: @main names no golden function (core_op.golden); run nn-keep-"
        "golden before lowering, or give another file to compare with"
    )
    assert compare_functions(main, golden, x).disagreement == 0
    assert failure(lambda: compare_functions(other, golden, x)) == (
        "the results differ: @other returns [2, 3], @golden [24]"
    )


def test_statistics_of_what_is_not_a_number_or_nothing():
    statistics = ErrorStatistics()
    statistics.add(np.zeros(2), np.zeros(2))
    assert statistics.sqnr == inf
    statistics.add(np.ones(2), np.zeros(2))
    assert statistics.sqnr == -inf
    statistics.add(np.array([np.nan, 0]), np.zeros(2))
    statistics.add(np.zeros(2), np.zeros(2))
    assert isnan(statistics.sqnr)
    assert isnan(statistics.largest_error)


SCORES = np.array([[1, 5, 2], [7, 7, 1], [0, 0, 1]], np.float32)


def test_predictions_are_an_index_or_the_first_largest():
    wanted = [1, 0, 2]
    for outputs in (
        [SCORES],
        [SCORES.reshape(3, 1, 3)],
        [np.array(wanted, np.int32)],
        [np.array(wanted)[:, None]],
        [-SCORES, np.array(wanted)],
    ):
        found = predictions(outputs)
        assert found is not None
        np.testing.assert_array_equal(found, wanted)
    assert predictions([np.zeros((3, 1), np.float32)]) is None
    assert predictions([np.zeros(3, np.float32)]) is None


def test_accuracy_and_disagreement_are_fractions():
    assert accuracy([SCORES], np.array([1, 1, 2])) == pytest.approx(2 / 3)
    assert disagreement([SCORES], [np.array([1, 0, 2])]) == 0
    assert disagreement([SCORES], [-SCORES]) == 1
    assert "name no class" in failure(lambda: accuracy([np.zeros(3)], np.zeros(3, np.int64)))
    assert failure(lambda: accuracy([SCORES], np.array([1]))) == (
        "1 labels or classes for 3 samples"
    )
