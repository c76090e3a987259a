"""The `nn` dialect's operations that move elements and compute nothing."""

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.dialects.builtin import I64, Float32Type, FloatAttr, IntegerAttr, TensorType, f32, i64
from xdsl.dialects.utils import EnumAttribute
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    var_operand_def,
)
from xdsl.pattern_rewriter import RewritePattern
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from .nn_base import (
    IntegerArray,
    NnOperation,
    Shape,
    integers,
    resolved,
    shape_of,
    verify_axis,
    verify_extents,
)
from .support.tensor_data import TensorData
from .trained import DataAttr, constant_of


@irdl_op_definition
class ReshapeOp(NnOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """The same elements in row-major order under another shape."""

    name = "nn.reshape"

    input = operand_def(base(TensorType[Attribute]))
    shape = prop_def(IntegerArray)

    assembly_format = "$input `to` $shape attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, shape: Sequence[int]):
        super().__init__([input], {"shape": integers(shape)})

    def infer_shape(self) -> Shape:
        target = tuple(self.shape.get_values())
        if any(extent < 0 for extent in target):
            raise VerifyException(f"shape {list(target)} has a negative extent")
        if prod(target) != prod(features := shape_of(self.input)):
            raise VerifyException(
                f"{list(features)} has {prod(features)} elements, {list(target)} {prod(target)}"
            )
        return target

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        if self.input.type == self.result.type:
            return (self.input,)
        data = constant_of(self.input)
        if data is None or not data.is_resolved:
            return None
        return (DataAttr(TensorData(data.array.reshape(self.shape.get_values()))),)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn

        return (nn.MergeReshapes(),)


@irdl_op_definition
class TransposeOp(NnOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    Axes in another order: axis `i` of the result is axis `permutation[i]` of the input.

    ```mlir
    %y = nn.transpose %x [1, 2, 0] : (tensor<8x4x4xf32>) -> tensor<4x4x8xf32>
    ```
    """

    name = "nn.transpose"

    input = operand_def(base(TensorType[Attribute]))
    permutation = prop_def(IntegerArray)

    assembly_format = "$input $permutation attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, permutation: Sequence[int]):
        super().__init__([input], {"permutation": integers(permutation)})

    def infer_shape(self) -> Shape:
        features, order = shape_of(self.input), self.permutation.get_values()
        if sorted(order) != list(range(len(features))):
            raise VerifyException(
                f"{list(order)} is not an order of the {len(features)} axes of {list(features)}"
            )
        return tuple(features[axis] for axis in order)

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        order = self.permutation.get_values()
        if list(order) == sorted(order):
            return (self.input,)
        data = constant_of(self.input)
        if data is None or not data.is_resolved:
            return None
        return (DataAttr(TensorData(data.array.transpose(order))),)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn

        return (nn.MergeTransposes(), nn.TransposeOfVectorIsReshape())


@irdl_op_definition
class SliceOp(NnOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    A part of a tensor: `sizes` elements an axis from `starts` on, `steps` apart (1 if left out).

    A negative step walks backwards.

    ```mlir
    %y = nn.slice %x starts [0, 2] sizes [8, 5] steps [1, 2]
      : (tensor<8x16xf32>) -> tensor<8x5xf32>
    ```
    """

    name = "nn.slice"

    input = operand_def(base(TensorType[Attribute]))
    starts = prop_def(IntegerArray)
    sizes = prop_def(IntegerArray)
    steps = opt_prop_def(IntegerArray)

    assembly_format = (
        "$input `starts` $starts `sizes` $sizes (`steps` $steps^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        starts: Sequence[int],
        sizes: Sequence[int],
        steps: Sequence[int] | None = None,
    ):
        properties: dict[str, Attribute | None] = {
            "starts": integers(starts),
            "sizes": integers(sizes),
            "steps": integers(steps),
        }
        super().__init__([input], properties)

    @property
    def slices(self) -> tuple[slice, ...]:
        """The part of each axis, as NumPy takes it."""
        starts, sizes = self.starts.get_values(), self.sizes.get_values()
        steps = self.steps.get_values() if self.steps is not None else (1,) * len(starts)
        # A walk that ends before element 0 has no stop that NumPy would not count from the end.
        stops = [a + n * s for a, n, s in zip(starts, sizes, steps, strict=True)]
        return tuple(
            slice(start, stop if stop >= 0 else None, step)
            for start, stop, step in zip(starts, stops, steps, strict=True)
        )

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        starts, sizes = self.starts.get_values(), self.sizes.get_values()
        steps = self.steps.get_values() if self.steps is not None else (1,) * len(features)
        verify_extents("starts", starts, features, 0)
        verify_extents("sizes", sizes, features, 1)
        if len(steps) != len(features) or 0 in steps:
            raise VerifyException(f"steps {list(steps)} of an input with {len(features)} axes")
        for axis, extent in enumerate(features):
            end = starts[axis] + (sizes[axis] - 1) * steps[axis]
            if not (starts[axis] < extent and 0 <= end < extent):
                raise VerifyException(
                    f"elements {starts[axis]} to {end} of axis {axis}, which has {extent}"
                )
        return tuple(sizes)

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        if self.input.type == self.result.type and all(s.step == 1 for s in self.slices):
            return (self.input,)
        array = resolved(self.input)
        return None if array is None else (DataAttr(TensorData(array[self.slices])),)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn_movement

        return (nn_movement.MergeSlices(),)


class PadMode(StrEnum):
    """What `nn.pad` puts around: a number, the outermost element, a mirror image, a repetition."""

    CONSTANT = "constant"
    EDGE = "edge"
    REFLECT = "reflect"
    WRAP = "wrap"


@irdl_attr_definition
class PadModeAttr(EnumAttribute[PadMode], SpacedOpaqueSyntaxAttribute):
    """The mode of an `nn.pad`."""

    name = "nn.pad_mode"


@irdl_op_definition
class PadOp(NnOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    More elements around: `low` before, `high` behind each axis.

    They are `value`, or what `mode` makes of the input: `edge`, `reflect` (without the edge itself)
    or `wrap`.

    ```mlir
    %y = nn.pad %x constant low [0, 1, 1] high [0, 1, 1] : (tensor<8x4x4xf32>) -> tensor<8x6x6xf32>
    ```
    """

    name = "nn.pad"

    input = operand_def(base(TensorType[Attribute]))
    mode = prop_def(PadModeAttr)
    low = prop_def(IntegerArray)
    high = prop_def(IntegerArray)
    value = prop_def(FloatAttr[Float32Type], default_value=FloatAttr(0.0, f32))

    assembly_format = (
        "$input $mode `low` $low `high` $high (`value` $value^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        low: Sequence[int],
        high: Sequence[int],
        *,
        mode: PadMode = PadMode.CONSTANT,
        value: float = 0.0,
    ):
        properties: dict[str, Attribute | None] = {
            "mode": PadModeAttr(mode),
            "low": integers(low),
            "high": integers(high),
            "value": FloatAttr(value, f32),
        }
        super().__init__([input], properties)

    @property
    def widths(self) -> list[tuple[int, int]]:
        """(before, behind) an axis."""
        return list(zip(self.low.get_values(), self.high.get_values(), strict=True))

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        low, high = self.low.get_values(), self.high.get_values()
        verify_extents("low", low, features, 0)
        verify_extents("high", high, features, 0)
        for axis, extent in enumerate(features):
            if self.mode.data is PadMode.REFLECT and max(low[axis], high[axis]) >= extent:
                raise VerifyException(
                    f"axis {axis} of {extent} elements has no reflection of "
                    f"{max(low[axis], high[axis])}"
                )
        return tuple(a + n + b for a, n, b in zip(low, features, high, strict=True))

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        if self.input.type == self.result.type:
            return (self.input,)
        array = resolved(self.input)
        if array is None:
            return None
        if self.mode.data is PadMode.CONSTANT:
            padded = np.pad(array, self.widths, constant_values=self.value.value.data)
        else:
            padded = np.pad(array, self.widths, mode=self.mode.data.value)
        return (DataAttr(TensorData(padded)),)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn_movement

        return (nn_movement.MergePads(),)


@irdl_op_definition
class ConcatOp(NnOperation, HasFolderInterface):
    """
    Tensors one behind the other along `axis`.

    ```mlir
    %y = nn.concat %a, %b axis 0 : (tensor<8x4x4xf32>, tensor<2x4x4xf32>) -> tensor<10x4x4xf32>
    ```
    """

    name = "nn.concat"

    inputs = var_operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])

    assembly_format = "$inputs `axis` $axis attr-dict `:` functional-type(operands, results)"

    def __init__(self, inputs: Sequence[SSAValue], axis: int):
        super().__init__([inputs], {"axis": IntegerAttr(axis, i64)})

    def infer_shape(self) -> Shape:
        shapes = [shape_of(value) for value in self.inputs]
        if not shapes:
            raise VerifyException("it has no operands")
        axis = verify_axis(self.axis.value.data, shapes[0])
        others = {(len(shape), shape[:axis], shape[axis + 1 :]) for shape in shapes}
        if len(others) != 1:
            texts = ", ".join(str(list(shape)) for shape in shapes)
            raise VerifyException(f"{texts} differ along other axes than {axis}")
        return (
            *shapes[0][:axis],
            sum(shape[axis] for shape in shapes),
            *shapes[0][axis + 1 :],
        )

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        if len(self.inputs) == 1:
            return (self.inputs[0],)
        arrays = [array for value in self.inputs if (array := resolved(value)) is not None]
        if len(arrays) != len(self.inputs):
            return None
        return (DataAttr(TensorData(np.concatenate(arrays, self.axis.value.data))),)


@irdl_op_definition
class TileOp(NnOperation, HasFolderInterface):
    """
    The tensor `repeats` times along each axis.

    ```mlir
    %y = nn.tile %x [1, 4, 4] : (tensor<8x1x1xf32>) -> tensor<8x4x4xf32>
    ```
    """

    name = "nn.tile"

    input = operand_def(base(TensorType[Attribute]))
    repeats = prop_def(IntegerArray)

    assembly_format = "$input $repeats attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, repeats: Sequence[int]):
        super().__init__([input], {"repeats": integers(repeats)})

    def infer_shape(self) -> Shape:
        features, repeats = shape_of(self.input), self.repeats.get_values()
        verify_extents("repeats", repeats, features, 1)
        return tuple(extent * count for extent, count in zip(features, repeats, strict=True))

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        if self.input.type == self.result.type:
            return (self.input,)
        array = resolved(self.input)
        if array is None:
            return None
        return (DataAttr(TensorData(np.tile(array, self.repeats.get_values()))),)


@irdl_op_definition
class GatherOp(NnOperation, HasFolderInterface):
    """
    Chosen slices along `axis`, in the order of `indices`.

    ```mlir
    %y = nn.gather %x axis 0 [3, 0, 0] : (tensor<8x4xf32>) -> tensor<3x4xf32>
    ```
    """

    name = "nn.gather"

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])
    indices = prop_def(IntegerArray)

    assembly_format = (
        "$input `axis` $axis $indices attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, axis: int, indices: Sequence[int]):
        super().__init__([input], {"axis": IntegerAttr(axis, i64), "indices": integers(indices)})

    def infer_shape(self) -> Shape:
        features, indices = shape_of(self.input), self.indices.get_values()
        axis = verify_axis(self.axis.value.data, features)
        if not indices:
            raise VerifyException("it has no indices")
        if outside := [i for i in indices if not 0 <= i < features[axis]]:
            raise VerifyException(f"index {outside[0]} of axis {axis}, which has {features[axis]}")
        return (*features[:axis], len(indices), *features[axis + 1 :])

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        if self.indices.get_values() == tuple(range(shape_of(self.input)[self.axis.value.data])):
            return (self.input,)
        array = resolved(self.input)
        if array is None:
            return None
        taken = np.take(array, self.indices.get_values(), self.axis.value.data)
        return (DataAttr(TensorData(taken)),)
