"""The wiring of the `core_op` dialect: operations that move values and compute nothing."""

from abc import ABC
from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import I64, IntegerAttr, TensorType, i64
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    base,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
    var_operand_def,
)
from xdsl.pattern_rewriter import RewritePattern
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .core_op_base import CoreOperation, require_same_element
from .core_op_code import element_of
from .nn import IntegerArray, Shape, integers, shape_of
from .support.provenance import golden_name
from .support.window import Window


class WiringOperation(CoreOperation, ABC):
    """Moves values, real or coded, and computes nothing. What it adds stands for zero."""

    traits = traits_def(Pure())

    @property
    def source(self) -> SSAValue:
        """The (first) value that is moved."""
        return self.operands[0]

    def verify_elements(self) -> None:
        for operand in self.operands:
            require_same_element(operand, self.result)


@irdl_op_definition
class WindowOp(WiringOperation):
    """
    The values under a sliding window: S.. x groups x C to P.. x groups x (kernel * C).

    In the last axis the channel runs fastest, then the kernel's axes in row-major order. Pads,
    all begins and then all ends, stand for zero.

    ```mlir
    %y = core_op.window %x kernel [5, 5] pads [2, 2, 2, 2]
      : (tensor<28x28x1x1xf32>) -> tensor<28x28x1x25xf32>
    ```
    """

    name = "core_op.window"

    input = operand_def(base(TensorType[Attribute]))
    kernel = prop_def(IntegerArray)
    strides = opt_prop_def(IntegerArray)
    pads = opt_prop_def(IntegerArray)
    dilations = opt_prop_def(IntegerArray)

    assembly_format = (
        "$input `kernel` $kernel (`strides` $strides^)? (`pads` $pads^)? "
        "(`dilations` $dilations^)? attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, window: Window):
        trivial = Window.of(window.kernel)
        shape = shape_of(input)
        spatial = window.output(shape[:-2])
        result = (*spatial, shape[-2], window.size * shape[-1])
        super().__init__(
            operands=[input],
            properties={
                "kernel": integers(window.kernel),
                "strides": integers(window.strides if window.strides != trivial.strides else None),
                "pads": integers(window.pads if window.has_padding else None),
                "dilations": integers(
                    window.dilations if window.dilations != trivial.dilations else None
                ),
            },
            result_types=[TensorType(element_of(input), result)],
        )

    @property
    def window(self) -> Window:
        """The window's geometry."""
        parts = (self.strides, self.pads, self.dilations)
        values = (part.get_values() if part is not None else None for part in parts)
        return Window.of(self.kernel.get_values(), *values)

    def infer_shape(self) -> Shape:
        shape, window = shape_of(self.input), self.window
        if len(shape) != window.rank + 2:
            raise VerifyException(
                f"a kernel of {window.rank} axes over input {list(shape)}; its axes are space, "
                "groups, channels"
            )
        return (*window.output(shape[:-2]), shape[-2], window.size * shape[-1])


@irdl_op_definition
class PadOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    Values that stand for zero, `low` before and `high` behind each axis.

    ```mlir
    %y = core_op.pad %x low [0, 0] high [0, 3] : (tensor<4x253xf32>) -> tensor<4x256xf32>
    ```
    """

    name = "core_op.pad"

    input = operand_def(base(TensorType[Attribute]))
    low = prop_def(IntegerArray)
    high = prop_def(IntegerArray)

    assembly_format = (
        "$input `low` $low `high` $high attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, low: Sequence[int], high: Sequence[int]):
        shape = [a + n + z for a, n, z in zip(low, shape_of(input), high, strict=True)]
        super().__init__(
            operands=[input],
            properties={"low": integers(low), "high": integers(high)},
            result_types=[TensorType(element_of(input), shape)],
        )

    def infer_shape(self) -> Shape:
        shape, low, high = shape_of(self.input), self.low.get_values(), self.high.get_values()
        if not len(shape) == len(low) == len(high) or min((*low, *high), default=0) < 0:
            raise VerifyException(
                f"low {list(low)} and high {list(high)} need a count each of the "
                f"{len(shape)} axes, none negative"
            )
        return tuple(a + n + z for a, n, z in zip(low, shape, high, strict=True))

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, self.input.type == self.result.type)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergePads(),)


@irdl_op_definition
class SliceOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    A part of a tensor: from `offsets`, `sizes` elements an axis.

    ```mlir
    %y = core_op.slice %x offsets [0] sizes [10] : (tensor<14xf32>) -> tensor<10xf32>
    ```
    """

    name = "core_op.slice"

    input = operand_def(base(TensorType[Attribute]))
    offsets = prop_def(IntegerArray)
    sizes = prop_def(IntegerArray)

    assembly_format = (
        "$input `offsets` $offsets `sizes` $sizes attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, offsets: Sequence[int], sizes: Sequence[int]):
        super().__init__(
            operands=[input],
            properties={"offsets": integers(offsets), "sizes": integers(sizes)},
            result_types=[TensorType(element_of(input), sizes)],
        )

    def infer_shape(self) -> Shape:
        shape = shape_of(self.input)
        offsets, sizes = self.offsets.get_values(), self.sizes.get_values()
        if not len(shape) == len(offsets) == len(sizes) or any(
            offset < 0 or size < 0 or offset + size > extent
            for offset, size, extent in zip(offsets, sizes, shape, strict=False)
        ):
            raise VerifyException(
                f"offsets {list(offsets)} and sizes {list(sizes)} are not a part of {list(shape)}"
            )
        return tuple(sizes)

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, self.input.type == self.result.type)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergeSlices(), core_op.SliceOfConcat(), core_op.MergeGathers())


@irdl_op_definition
class ConcatOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    Tensors one behind the other along `axis`.

    ```mlir
    %y = core_op.concat %a, %b axis 0 : (tensor<3xf32>, tensor<4xf32>) -> tensor<7xf32>
    ```
    """

    name = "core_op.concat"

    inputs = var_operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])

    assembly_format = "$inputs `axis` $axis attr-dict `:` functional-type(operands, results)"

    def __init__(self, inputs: Sequence[SSAValue], axis: int):
        shape = list(shape_of(inputs[0]))
        shape[axis] = sum(shape_of(value)[axis] for value in inputs)
        super().__init__(
            operands=[inputs],
            properties={"axis": IntegerAttr(axis, i64)},
            result_types=[TensorType(element_of(inputs[0]), shape)],
        )

    def infer_shape(self) -> Shape:
        if not self.inputs:
            raise VerifyException("nothing to put together")
        shapes = [list(shape_of(value)) for value in self.inputs]
        axis = self.axis.value.data
        if not 0 <= axis < len(shapes[0]):
            raise VerifyException(f"axis {axis} of tensors with {len(shapes[0])} axes")
        others = {(*shape[:axis], -1, *shape[axis + 1 :]) for shape in shapes}
        if len(others) != 1:
            raise VerifyException(f"{shapes} differ on another axis than {axis}")
        return (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, len(self.inputs) == 1)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergeConcats(),)


@irdl_op_definition
class PermuteOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """Axes in another order: axis `i` of the result is axis `permutation[i]` of the input."""

    name = "core_op.permute"

    input = operand_def(base(TensorType[Attribute]))
    permutation = prop_def(IntegerArray)

    assembly_format = "$input $permutation attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, permutation: Sequence[int]):
        shape = [shape_of(input)[axis] for axis in permutation]
        super().__init__(
            operands=[input],
            properties={"permutation": integers(permutation)},
            result_types=[TensorType(element_of(input), shape)],
        )

    def infer_shape(self) -> Shape:
        shape, order = shape_of(self.input), self.permutation.get_values()
        if sorted(order) != list(range(len(shape))):
            raise VerifyException(
                f"{list(order)} is not an order of the {len(shape)} axes of {list(shape)}"
            )
        return tuple(shape[axis] for axis in order)

    def fold(self) -> tuple[SSAValue] | None:
        order = self.permutation.get_values()
        return _unless_named(self, list(order) == sorted(order))

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op, core_op_layout

        return (
            core_op.MergePermutes(),
            core_op.PermuteOfVectorIsReshape(),
            core_op_layout.HoistPermute(),
        )


@irdl_op_definition
class ReshapeOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """The same elements in row-major order under another shape."""

    name = "core_op.reshape"

    input = operand_def(base(TensorType[Attribute]))

    assembly_format = "$input attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, shape: Sequence[int]):
        result = TensorType(element_of(input), shape)
        super().__init__(operands=[input], result_types=[result])

    def infer_shape(self) -> Shape:
        source, target = shape_of(self.input), shape_of(self.result)
        if prod(source) != prod(target):
            raise VerifyException(
                f"{list(source)} has {prod(source)} elements, {list(target)} {prod(target)}"
            )
        return target

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, self.input.type == self.result.type)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergeReshapes(),)


@irdl_op_definition
class RepeatOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    Every slice along `axis`, `times` times in a row, as `numpy.repeat`: `a, b` to `a, a, b, b`.

    ```mlir
    %y = core_op.repeat %x axis 0 times 3 : (tensor<2x256xf32>) -> tensor<6x256xf32>
    ```
    """

    name = "core_op.repeat"

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])
    times = prop_def(IntegerAttr[I64])

    assembly_format = (
        "$input `axis` $axis `times` $times attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, axis: int, times: int):
        shape = list(shape_of(input))
        shape[axis] *= times
        super().__init__(
            operands=[input],
            properties={"axis": IntegerAttr(axis, i64), "times": IntegerAttr(times, i64)},
            result_types=[TensorType(element_of(input), shape)],
        )

    def infer_shape(self) -> Shape:
        shape, axis, times = list(shape_of(self.input)), self.axis.value.data, self.times.value.data
        if not 0 <= axis < len(shape) or times < 1:
            raise VerifyException(f"axis {axis}, {times} times, of {list(shape)}")
        shape[axis] *= times
        return tuple(shape)

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, self.times.value.data == 1)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergeRepeats(), core_op.MergeGathers())


@irdl_op_definition
class GatherOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    The slices along `axis` at `indices`, as `numpy.take`: in any order, each as often as named.

    ```mlir
    %y = core_op.gather %x axis 1 indices [0, 2, 2] : (tensor<2x8xf32>) -> tensor<2x3xf32>
    ```
    """

    name = "core_op.gather"

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])
    indices = prop_def(IntegerArray)

    assembly_format = (
        "$input `axis` $axis `indices` $indices attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, axis: int, indices: Sequence[int]):
        shape = list(shape_of(input))
        shape[axis] = len(indices)
        super().__init__(
            operands=[input],
            properties={"axis": IntegerAttr(axis, i64), "indices": integers(indices)},
            result_types=[TensorType(element_of(input), shape)],
        )

    def infer_shape(self) -> Shape:
        shape, axis = shape_of(self.input), self.axis.value.data
        if not 0 <= axis < len(shape):
            raise VerifyException(f"axis {axis} of a tensor with {len(shape)} axes")
        indices = self.indices.get_values()
        outside = next((index for index in indices if not 0 <= index < shape[axis]), None)
        if outside is not None:
            raise VerifyException(f"index {outside} of axis {axis}, which has {shape[axis]}")
        return (*shape[:axis], len(indices), *shape[axis + 1 :])

    def fold(self) -> tuple[SSAValue] | None:
        extent = shape_of(self.input)[self.axis.value.data]
        return _unless_named(self, self.indices.get_values() == tuple(range(extent)))

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (
            core_op.MergeGathers(),
            core_op.GatherOfRunIsSlice(),
            core_op.GatherOfCopiesIsRepeat(),
        )


def _unless_named(op: WiringOperation, moves_nothing: bool) -> tuple[SSAValue] | None:
    """The folder of wiring that moves nothing; a value to compare with a golden one stays."""
    return (op.source,) if moves_nothing and golden_name(op) is None else None
