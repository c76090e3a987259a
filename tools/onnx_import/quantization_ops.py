"""Quantized models, read as the real numbers that they stand for."""

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto, helper
from xdsl.ir import SSAValue

from ...dialects import nn
from ...dialects.nn import Rounding
from .arithmetic_ops import add_constant, scale
from .conversion import Conversion
from .node_scope import Float32Array, FunctionBuilder, NodeScope, name_location
from .problems import NodeError, UnknownShapeError
from .values import Codes, Constant, Features, Value

_INTEGERS: Mapping[int, tuple[int, bool]] = {
    TensorProto.INT16: (16, True),
    TensorProto.INT2: (2, True),
    TensorProto.INT4: (4, True),
    TensorProto.INT8: (8, True),
    TensorProto.UINT16: (16, False),
    TensorProto.UINT2: (2, False),
    TensorProto.UINT4: (4, False),
    TensorProto.UINT8: (8, False),
}
"""Bits and sign of the types that codes may have."""

_ROUNDINGS: Mapping[str, Rounding] = {
    "ROUND": Rounding.NEAREST_EVEN,
    "HALF_EVEN": Rounding.NEAREST_EVEN,
    "ROUND_TO_ZERO": Rounding.TOWARD_ZERO,
    "DOWN": Rounding.TOWARD_ZERO,
    "CEIL": Rounding.UP,
    "FLOOR": Rounding.DOWN,
}
"""QONNX's names; its DOWN goes towards zero."""


def convert_quantize_linear(scope: NodeScope) -> Value:
    """Codes, which wait for a DequantizeLinear; of a constant they are computed at once."""
    if scope.is_constant(0):
        return _constant_codes(scope)
    features = scope.features(0, batch_anywhere=True)
    bits, signed = _INTEGERS.get(_code_type(scope), (0, False))
    if not bits:
        raise NodeError("codes that are not integers of 2 to 16 bits are not supported")
    factor, zero = _grid(scope, features)
    return Codes(features, factor, zero, bits, signed)


def convert_dequantize_linear(scope: NodeScope) -> Value:
    """
    What codes stand for.

    Behind a QuantizeLinear with the same grid this is one quantization of the real values.
    """
    match scope.inputs[0]:
        case Constant(array=array):
            factor, zero = _constant_grid(scope, array.shape)
            real = (array.astype(np.float32) - zero) * factor
            return Constant(real.astype(np.float32), scope.node.outputs[0])
        case Codes() as codes:
            factor, zero = _grid(scope, codes.source)
            if not (np.array_equal(factor, codes.scale) and np.array_equal(zero, codes.zero)):
                raise NodeError("its scale or zero point is not that of its QuantizeLinear")
            value = _quantize(scope, codes.source, codes)
            return codes.source.with_value(value)
        case Features() as features:
            factor, zero = _grid(scope, features)
            if zero.any():
                features = add_constant(scope, features, -zero, 2)
            return scale(scope, features, factor, 1)
        case _:
            raise UnknownShapeError


def _constant_codes(scope: NodeScope) -> Constant:
    bits, signed = _INTEGERS.get(_code_type(scope), (0, False))
    if not bits:
        raise NodeError("codes that are not integers of 2 to 16 bits are not supported")
    array = scope.weights(0, "input")
    factor, zero = _constant_grid(scope, array.shape)
    codes = np.clip(np.round(array / factor) + zero, *nn.code_range(bits, signed, False))
    dtype = helper.tensor_dtype_to_np_dtype(_code_type(scope))
    return Constant(codes.astype(dtype), scope.node.outputs[0])


def _constant_grid(scope: NodeScope, shape: nn.Shape) -> tuple[Float32Array, Float32Array]:
    """Scale and zero point as they broadcast to a constant; a block's are repeated."""
    return (
        _constant_part(scope, scope.weights(1, "scale"), shape),
        _constant_part(scope, _zero(scope), shape),
    )


def _constant_part(scope: NodeScope, array: Float32Array, shape: nn.Shape) -> Float32Array:
    axis = scope.node.integer("axis", 1)
    if array.size > 1 and not -len(shape) <= axis < len(shape):
        raise NodeError(f"axis {axis} of a constant with {len(shape)} axes")
    return _spread(scope, array, axis % max(len(shape), 1), shape)


def _spread(scope: NodeScope, array: Float32Array, axis: int, shape: nn.Shape) -> Float32Array:
    """One number, one a slice of an axis, or one a block of such slices, as it broadcasts."""
    if array.size == 1:
        return array.reshape(())
    if block := scope.node.integer("block_size", 0):
        blocks = np.arange(shape[axis]) // max(block, 1)
        if array.ndim != len(shape) or blocks[-1] >= array.shape[axis]:
            raise NodeError(f"blocks of {block} with a scale of shape {list(array.shape)}")
        array = np.take(array, blocks, axis)
        if array.shape != shape:
            raise NodeError(f"blocks of {block} do not fit shape {list(shape)}")
        return array
    if array.shape != (shape[axis],):
        raise NodeError(f"a scale of shape {list(array.shape)} for {shape[axis]} slices")
    return array.reshape(-1, *[1] * (len(shape) - axis - 1))


def _zero(scope: NodeScope) -> Float32Array:
    if not scope.has(2):
        return np.zeros((), np.float32)
    return scope.constant(2, "zero point").array.astype(np.float32)


def _quantize(scope: NodeScope, source: Features, codes: Codes) -> SSAValue:
    factor = scope.trained_from(codes.scale, scope.node.inputs[1])
    zero = scope.trained_from(codes.zero, f"zero point of {scope.node.name}")
    op = nn.QuantizeOp(source.value, factor, zero, codes.bits, signed=codes.signed)
    return scope.emit(op).result


def integer_codes(builder: FunctionBuilder, name: str, codes: Codes) -> SSAValue:
    """The codes themselves, as numbers, where the model gives them out."""
    one = np.ones((), np.float32)
    parts = [builder.constant(array, name) for array in (codes.scale, one, codes.zero)]
    ratio = nn.BinaryOp(nn.BinaryFunction.DIV, codes.source.value, parts[0])
    steps = nn.QuantizeOp(ratio.result, parts[1], parts[2], codes.bits, signed=codes.signed)
    shifted = nn.AddOp(steps.result, parts[2])
    for op in (ratio, steps, shifted):
        op.location = name_location(name)
        builder.block.add_op(op)
    return shifted.result


def convert_quant(scope: NodeScope) -> Value:
    """
    QONNX's `Quant`: the nearest number that has a code.

    Of a constant it is computed at once.
    """
    node = scope.node
    bits = scope.number(3, "bit width")
    if bits != int(bits):
        raise NodeError(f"a bit width of {bits} is not an integer")
    signed, narrow = (bool(node.integer(name, default)) for name, default in _FLAGS)
    mode = node.text("rounding_mode", "ROUND").upper()
    rounding = _ROUNDINGS.get(mode)
    if rounding is None:
        raise NodeError(f"rounding_mode '{mode}' is not supported")
    factor, zero = scope.numbers(1, "scale"), scope.numbers(2, "zero point")
    if (zero != np.round(zero)).any():
        raise NodeError("its zero point is not an integer")
    if (zero % 2).any() and rounding is Rounding.NEAREST_EVEN:
        scope.remark("its zero point is odd: what lies halfway goes to the other neighbour")
    if not (factor > 0).all():
        raise NodeError("its scale has a number that is not above 0")
    if scope.is_constant(0):
        array = scope.weights(0, "input")
        least, greatest = nn.code_range(int(bits), signed, narrow)
        code = _ROUND[rounding](array / factor) + zero
        real = factor * (np.clip(code, least, greatest) - zero)
        return Constant(real.astype(np.float32), node.outputs[0])
    features = scope.features(0, batch_anywhere=True)
    op = nn.QuantizeOp(
        features.value,
        scope.trained(scope.for_each_sample(factor, features), 1),
        scope.trained(scope.for_each_sample(zero, features), 2),
        int(bits),
        signed=signed,
        narrow=narrow,
        rounding=rounding,
    )
    return features.with_value(scope.emit(op).result)


_FLAGS = (("signed", 1), ("narrow", 0))

_ROUND = {
    Rounding.NEAREST_EVEN: np.round,
    Rounding.TOWARD_ZERO: np.trunc,
    Rounding.UP: np.ceil,
    Rounding.DOWN: np.floor,
}


def _code_type(scope: NodeScope) -> int:
    if scope.has(2):
        return helper.np_dtype_to_tensor_dtype(scope.constant(2, "zero point").array.dtype)
    return scope.node.integer("output_dtype", 0) or TensorProto.UINT8


def _grid(scope: NodeScope, features: Features) -> tuple[Float32Array, Float32Array]:
    """Scale and zero point as they broadcast to a sample: one number, or one a slice of an axis."""
    factor = scope.weights(1, "scale")
    zero = _zero(scope)
    if not (factor > 0).all():
        raise NodeError("its scale has a number that is not above 0")
    return _along_axis(scope, factor, features), _along_axis(scope, zero, features)


def _along_axis(scope: NodeScope, array: Float32Array, features: Features) -> Float32Array:
    if array.size == 1:
        return array.reshape(())
    axis = scope.sample_axis(scope.node.integer("axis", 1), features)
    return _spread(scope, scope.for_each_sample(array, features), axis, features.shape)


QUANTIZATION_OPS: Mapping[str, Conversion] = {
    "DequantizeLinear": convert_dequantize_linear,
    "QuantizeLinear": convert_quantize_linear,
    "onnx.brevitas.Quant": convert_quant,
    "qonnx.custom_op.general.Quant": convert_quant,
}
"""`Quant` has a domain of its exporter and one of its specification."""
