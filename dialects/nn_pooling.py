"""The `nn` dialect's pools."""

from abc import ABC
from collections.abc import Sequence

from xdsl.dialects.builtin import (
    I64,
    BoolAttr,
    IntegerAttr,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import base, irdl_op_definition, operand_def, opt_prop_def, prop_def
from xdsl.utils.exceptions import VerifyException

from .nn_base import (
    FEATURES,
    IntegerArray,
    NnOperation,
    Shape,
    pool_properties,
    shape_of,
    window_of,
)
from .support.window import Window


class PoolOperation(NnOperation, ABC):
    """A window that slides over every channel by itself."""

    input = operand_def(base(TensorType[Attribute]))
    kernel = prop_def(IntegerArray)
    strides = opt_prop_def(IntegerArray)
    pads = opt_prop_def(IntegerArray)
    dilations = opt_prop_def(IntegerArray)

    @property
    def window(self) -> Window:
        """The window that slides over the spatial axes."""
        return window_of(self.kernel.get_values(), self.strides, self.pads, self.dilations)

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        if len(features) != self.window.rank + 1:
            raise VerifyException(
                f"a kernel of {self.window.rank} axes over input {list(features)}; {FEATURES}"
            )
        window = self.window
        spatial = window.output(features[1:])
        if window.has_padding and not window.always_sees_input(features[1:]):
            raise VerifyException(f"pads {list(window.pads)}: a window sees nothing but padding")
        return (features[0], *spatial)


@irdl_op_definition
class MaxPoolOp(PoolOperation):
    """
    The largest value under each window, channel by channel; what lies outside does not count.

    ```mlir
    %y = nn.max_pool %x kernel [2, 2] strides [2, 2] : (tensor<8x28x28xf32>) -> tensor<8x14x14xf32>
    ```
    """

    name = "nn.max_pool"

    assembly_format = (
        "$input `kernel` $kernel (`strides` $strides^)? (`pads` $pads^)? "
        "(`dilations` $dilations^)? attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        kernel: Sequence[int],
        *,
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
    ):
        super().__init__([input], pool_properties(kernel, strides, pads, dilations))


@irdl_op_definition
class AveragePoolOp(PoolOperation):
    """
    The mean under each window, channel by channel.

    With `count_pad` what lies outside counts as zeros, otherwise not at all.

    ```mlir
    %y = nn.average_pool %x kernel [2, 2] strides [2, 2]
      : (tensor<8x28x28xf32>) -> tensor<8x14x14xf32>
    ```
    """

    name = "nn.average_pool"

    count_pad = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))

    assembly_format = (
        "$input `kernel` $kernel (`strides` $strides^)? (`pads` $pads^)? "
        "(`dilations` $dilations^)? (`count_pad` $count_pad^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        kernel: Sequence[int],
        *,
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
        count_pad: bool = False,
    ):
        properties = pool_properties(kernel, strides, pads, dilations)
        super().__init__([input], {**properties, "count_pad": BoolAttr.from_bool(count_pad)})


@irdl_op_definition
class LpPoolOp(PoolOperation):
    """
    The p-norm under each window, channel by channel: `sum(|x| ^ p) ^ (1 / p)`; padding is zero.

    ```mlir
    %y = nn.lp_pool %x p 2 kernel [2, 2] : (tensor<8x28x28xf32>) -> tensor<8x27x27xf32>
    ```
    """

    name = "nn.lp_pool"

    p = prop_def(IntegerAttr[I64])

    assembly_format = (
        "$input `p` $p `kernel` $kernel (`strides` $strides^)? (`pads` $pads^)? "
        "(`dilations` $dilations^)? attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        p: int,
        kernel: Sequence[int],
        *,
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
    ):
        properties = pool_properties(kernel, strides, pads, dilations)
        super().__init__([input], {**properties, "p": IntegerAttr(p, i64)})

    def infer_shape(self) -> Shape:
        if self.p.value.data < 1:
            raise VerifyException(f"p {self.p.value.data} is below 1")
        return super().infer_shape()
