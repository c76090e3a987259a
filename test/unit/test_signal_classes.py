"""Which values share a code: those that wiring connects, and no others."""

from corelower.dialects.support.functions import find_function
from corelower.dialects.support.location import parse_module
from corelower.passes.signal_classes import signal_classes
from corelower.tools.ir_files import make_context

TEXT = """
func.func @main(%x: tensor<4xf32>, %unused: tensor<3xf32>) -> tensor<1x4xf32> {
  %w = trained.tensor [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]] : tensor<1x4x2xf32>
  %v = trained.tensor [[[1.0, 0.0], [0.0, 1.0]]] : tensor<1x2x2xf32>
  %r = core_op.reshape %x : (tensor<4xf32>) -> tensor<1x4xf32>
  %a = core_op.vmm relu %r, %w : (tensor<1x4xf32>, tensor<1x4x2xf32>) -> tensor<1x2xf32>
  %b = core_op.vmm linear %r, %w : (tensor<1x4xf32>, tensor<1x4x2xf32>) -> tensor<1x2xf32>
  %c = core_op.vmm relu %a, %v same_code
    : (tensor<1x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2xf32>
  %d = core_op.concat %c, %b axis 1 : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>
  func.return %d : tensor<1x4xf32>
}
"""


def test_wiring_and_a_kept_code_connect_values_and_a_dot_product_parts_them() -> None:
    function = find_function(parse_module(make_context(), TEXT, "test.mlir"))
    x, unused = function.body.block.args
    reshaped, a, b, c, joined = [
        op.results[0] for op in function.body.block.ops if op.name.startswith("core_op")
    ]
    first, second = signal_classes(function)
    assert first.values == {x, reshaped}
    assert first.roots == (x,)
    assert second.values == {a, b, c, joined}
    assert second.roots == (a, b, c)
    assert second.is_rectified
    assert not first.is_rectified
    assert unused not in first.values | second.values
