"""Quantizers of `nn` as codes of `core_op`: what was trained with few bits keeps its codes."""

from dataclasses import dataclass

import numpy as np
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import TensorType, f32
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ..dialects import core_op, nn, trained
from ..dialects.core_op import Activation, CodeType
from ..dialects.nn import shape_of
from ..dialects.nn_base import resolved
from ..dialects.support.location import fused_location
from ..dialects.support.provenance import golden_name, golden_order, set_golden
from .remarks import remark
from .signal_ranges import set_limits
from .wiring import constant, decode_for_host, fixed_product, is_nonnegative, reshape

LARGEST_BITS = 16
"""Of a code, where no target says less."""


def convert_quantizers(ctx: Context, function: FuncOp) -> None:
    """
    Turn every `nn.quantize` of a function whose other operations are converted into codes.

    What computes its input gets a coded result; the network's input is encoded by the host. A
    quantizer that is finer than the target's signals, or has a scale a channel, leaves its range
    behind, within which the chip's own code will lie, and its rectifier.
    """
    target = core_op.target_of(function)
    bits = LARGEST_BITS if target is None else target.signal_bits
    for op in list(function.body.block.ops):
        if isinstance(op, nn.QuantizeOp):
            _convert(ctx, op, bits)
        elif isinstance(op, core_op.CoreOperation):
            _follow_codes(op)
    decode_for_host(function)


@dataclass(frozen=True)
class _Grid:
    """The numbers of a quantizer: `scale * (q - zero)` for `q` in `least .. greatest`."""

    scale: float
    zero: int
    least: int
    greatest: int

    @property
    def levels(self) -> int:
        return self.greatest - self.least + 1

    @property
    def bits(self) -> int:
        return (self.levels - 1).bit_length()

    @property
    def is_full(self) -> bool:
        """Whether all codes of so many bits are used."""
        return self.levels == 1 << self.bits

    @property
    def code(self) -> CodeType | None:
        """The code whose numbers these are; `None` where zero is not among them."""
        zero = self.zero - self.least
        return CodeType(self.bits, self.scale, zero) if 0 <= zero < self.levels else None

    def above_zero(self) -> "_Grid":
        """The numbers that are not negative."""
        return _Grid(self.scale, self.zero, max(self.least, self.zero), self.greatest)


def _convert(ctx: Context, op: nn.QuantizeOp, bits: int) -> None:
    grid = _grid_of(op)
    nonnegative = is_nonnegative(op.input)
    if grid is not None and nonnegative:
        grid = grid.above_zero()
    code = grid.code if grid is not None and 1 <= grid.bits <= bits else None
    source = _source_of(op.input)
    if grid is None or code is None or grid.levels < 2:
        _drop(ctx, op, source, grid, bits)
    elif isinstance(source, BlockArgument):
        if not grid.is_full:
            text = f"codes above {grid.levels - 1}, of inputs out of range, are not cut off"
            remark(ctx, op, f"{grid.levels} levels on {code.bits.data} bits: {text}")
        _encode_input(op, source, code)
    else:
        _encode_result(op, source, grid, code)


def _grid_of(op: nn.QuantizeOp) -> _Grid | None:
    scale, zero = resolved(op.scale), resolved(op.zero)
    if scale is None or zero is None or scale.size == 0 or zero.size == 0:
        return None
    one_scale, one_zero = float(scale.reshape(-1)[0]), float(zero.reshape(-1)[0])
    is_one = bool((scale == one_scale).all()) and bool((zero == one_zero).all())
    if not is_one or one_scale <= 0 or one_zero != round(one_zero):
        return None
    return _Grid(one_scale, round(one_zero), *op.code_range)


def _source_of(value: SSAValue) -> SSAValue:
    """What computes a value that only wiring of one input moves on, for it alone."""
    while isinstance(op := value.owner, core_op.WiringOperation) and len(op.operands) == 1:
        source = op.operands[0]
        if not source.has_one_use():
            return value
        value = source
    return value


def _drop(ctx: Context, op: nn.QuantizeOp, source: SSAValue, grid: _Grid | None, bits: int) -> None:
    """Leave the quantizer's rectifier and range, which a code of the chip's will lie within."""
    value = op.input
    if grid is None:
        remark(ctx, op, "its scale is not one number; the chip's own codes take its place")
    else:
        low = grid.scale * (grid.least - grid.zero)
        high = grid.scale * (grid.greatest - grid.zero)
        remark(
            ctx,
            op,
            f"{grid.levels} levels need {grid.bits} bits, the target's signals have {bits}; its "
            f"range {low:g} to {high:g} is kept for the chip's own code",
        )
        if isinstance(source.owner, core_op.VmmOp) and source.has_one_use():
            if low >= 0 and source.owner.activation.data is Activation.LINEAR:
                source.owner.properties["activation"] = core_op.ActivationAttr(Activation.RELU)
            set_limits(source.owner, low, high)
            _stand_for(source.owner, op)
        elif low >= 0 and not is_nonnegative(value):
            product = _identity(Builder(InsertPoint.before(op)), value, f32, Activation.RELU)
            value = reshape(Builder(InsertPoint.before(op)), product.result, shape_of(value))
    _replace(op, value)


def _encode_input(op: nn.QuantizeOp, source: SSAValue, code: CodeType) -> None:
    """The host's encoding is the quantizer."""
    user = op if op.input is source else source.get_user_of_unique_use()
    assert isinstance(user, Operation)
    encode = Builder(InsertPoint.before(user)).insert(core_op.EncodeOp(source, code))
    encode.location = op.location
    user.operands[[*user.operands].index(source)] = encode.result
    set_golden(encode, golden_name(op))
    _replace(op, _moved(op, encode.result))


def _encode_result(op: nn.QuantizeOp, source: SSAValue, grid: _Grid, code: CodeType) -> None:
    """The dot product that computes the input gives codes; an identity does where none can."""
    owner = source.owner
    builder = Builder(InsertPoint.before(op))
    if not _can_be_coded(source):
        activation = Activation.RELU if code.zero.data == 0 else Activation.LINEAR
        product = _identity(builder, op.input, f32, activation)
        shaped = reshape(builder, product.result, shape_of(op.input))
        op.operands[0] = shaped
        owner, source = product, product.result
    assert isinstance(owner, core_op.VmmOp)
    if not grid.is_full:
        _encode_in_halves(op, owner, source, grid, code)
        return
    if owner.activation.data is Activation.LINEAR and code.zero.data == 0:
        owner.properties["activation"] = core_op.ActivationAttr(Activation.RELU)
    owner.location = fused_location(owner, op)
    coded = Rewriter.replace_value_with_new_type(source, TensorType(code, shape_of(source)))
    _stand_for(owner, op)
    _replace(op, _moved(op, coded))


def _can_be_coded(source: SSAValue) -> bool:
    """Whether a dot product computes a value, for one user and in no code of another value."""
    op = source.owner
    if not isinstance(op, core_op.VmmOp) or core_op.code_of(source) is not None:
        return False
    return op.same_code is None and source.has_one_use()


def _encode_in_halves(
    op: nn.QuantizeOp, owner: core_op.VmmOp, source: SSAValue, grid: _Grid, code: CodeType
) -> None:
    """
    Codes that leave out one number are the sum of two codes of one bit less.

    `clamp(r, 0, 2 h) = clamp(r, 0, h) + clamp(r - h, 0, h)` with `h = 2^(bits - 1) - 1`.
    """
    half = (grid.levels - 1) // 2
    assert grid.levels == 2 * half + 1
    part = CodeType(half.bit_length(), grid.scale, 0)
    lowest = grid.scale * (grid.least - grid.zero)
    weight = _array(owner.weight)
    groups, _, outputs = weight.shape
    bias = _array(owner.bias) if owner.bias is not None else np.zeros((groups, outputs), np.float32)
    builder = Builder(InsertPoint.before(owner))
    product = core_op.VmmOp(
        Activation.RELU,
        owner.input,
        constant(builder, np.concatenate([weight, weight], axis=2)),
        constant(builder, np.concatenate([bias - lowest, bias - lowest - grid.scale * half], 1)),
        element=part,
    )
    builder.insert(product)
    shape = shape_of(source)
    value = reshape(builder, product.result, (*shape[:-1], 2, outputs))
    rank = len(shape)
    order = [*range(rank - 1), rank, rank - 1]
    value = builder.insert(core_op.PermuteOp(value, order)).result
    value = reshape(builder, value, (*shape, 1, 2))
    total = fixed_product(
        builder, value, np.ones((2, 1)), Activation.LINEAR, element=code, bias=np.array([lowest])
    )
    _stand_for(total, op, golden_order(owner))
    for made in (product, total):
        made.location = fused_location(owner, op)
    source.replace_all_uses_with(reshape(builder, total.result, shape))
    owner.detach()
    owner.erase()
    _replace(op, _moved(op, total.result))


def _moved(op: nn.QuantizeOp, value: SSAValue) -> SSAValue:
    """`value` where it reaches the quantizer, after the wiring between takes its element."""
    element = core_op.element_of(value)
    while op.input is not value:
        user = value.get_user_of_unique_use()
        assert isinstance(user, core_op.WiringOperation)
        typed = TensorType(element, shape_of(user.result))
        value = Rewriter.replace_value_with_new_type(user.result, typed)
    return value


def _follow_codes(op: core_op.CoreOperation) -> None:
    """Let wiring, maxima and maxima from rectifiers have the element of what they move."""
    if isinstance(op, core_op.VmmOp):
        moved = [op.input] if op.same_code is not None else []
    elif isinstance(op, core_op.WiringOperation | core_op.MaxOp):
        moved = [operand for operand in op.operands if not trained.constant_of(operand)]
    else:
        moved = []
    if not moved:
        return
    elements = {core_op.element_of(operand) for operand in moved}
    if len(elements) > 1:
        _make_real(op)
        elements = {f32}
    element: Attribute = elements.pop()
    if core_op.element_of(op.result) != element:
        typed = TensorType(element, shape_of(op.result))
        Rewriter.replace_value_with_new_type(op.result, typed)


def _make_real(op: core_op.CoreOperation) -> None:
    """Values of several codes come together: identities make them real, for a common code."""
    builder = Builder(InsertPoint.before(op))
    for index, operand in enumerate(op.operands):
        code = core_op.code_of(operand)
        if code is None:
            continue
        activation = Activation.RELU if code.zero.data == 0 else Activation.LINEAR
        product = _identity(builder, operand, f32, activation)
        product.location = op.location
        op.operands[index] = reshape(builder, product.result, shape_of(operand))


def _identity(
    builder: Builder, value: SSAValue, element: Attribute, activation: Activation
) -> core_op.VmmOp:
    rows = reshape(builder, value, (*shape_of(value), 1, 1))
    return fixed_product(builder, rows, np.ones((1, 1)), activation, element=element)


def _stand_for(
    product: core_op.VmmOp, op: nn.QuantizeOp, order: tuple[int, ...] | None = None
) -> None:
    set_golden(product, golden_name(op), order)


def _replace(op: nn.QuantizeOp, value: SSAValue) -> None:
    op.result.replace_all_uses_with(value)
    op.detach()
    op.erase()


def _array(value: SSAValue) -> np.typing.NDArray[np.float32]:
    data = trained.constant_of(value)
    assert data is not None
    return np.asarray(data.array, np.float32)
