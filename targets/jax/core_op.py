"""The meaning of the `core_op` dialect. A coded value is an array of codes, held as float32."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls
from xdsl.ir import SSAValue

from ...dialects import core_op
from ...dialects.nn import shape_of
from . import arithmetic
from .typed import pad
from .windows import JoinedInput, LazyInput, RepeatedInput, product_of, windowed

Values = jax.Array | LazyInput


@register_impls
class CoreOpFunctions(InterpreterFunctions):
    """One sample's values; map over a batch with `jax.vmap`."""

    @impl(core_op.EncodeOp)
    def encode(
        self, interpreter: Interpreter, op: core_op.EncodeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        units = op.unit_count
        numbers = self.to_code(op, args[0], number_of(required_code(op.result), units))
        return (numbers if units == 1 else self.to_units(op, numbers, units),)

    @impl(core_op.DecodeOp)
    def decode(
        self, interpreter: Interpreter, op: core_op.DecodeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        units, code = op.unit_count, required_code(op.input)
        numbers = args[0] if units == 1 else args[0].sum(axis=-1)
        return (arithmetic.decode(numbers, number_of(code, units)),)

    @impl(core_op.VmmOp)
    def vmm(
        self, interpreter: Interpreter, op: core_op.VmmOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        x, weight, *rest = args
        bias = rest.pop(0) if op.bias is not None else None
        potential = rest.pop(0) if op.potential is not None else None
        if not op.is_quantized:
            sums = product_of(_to_real(x, op.input), weight)
            real = sums if bias is None else sums + bias
            if op.activation.data is core_op.Activation.RELU:
                real = jax.nn.relu(real)
            code = core_op.code_of(op.result)
            return (real if code is None else self.to_code(op, real, code),)
        gain = rest[0] if rest[0].ndim == 2 else rest[0][:, None]
        weight = weight.astype(jnp.float32)
        bias = _in_a_window(op, bias, potential)
        weight, bias = self.parameters(op, weight, bias, gain)
        sums = _several_times(product_of(x, weight), op.times_taken)
        if bias is not None:
            sums = sums + bias
        return (self.requantize(op, sums, gain),)

    def to_code(
        self, op: core_op.EncodeOp | core_op.VmmOp, real: jax.Array, code: core_op.CodeType
    ) -> jax.Array:
        """Real results as numbers of a code: that of all units together, where there are some."""
        return arithmetic.encode(real, code)

    def to_units(self, op: core_op.EncodeOp, numbers: jax.Array, units: int) -> jax.Array:
        """Numbers as the units that carry them, on a trailing axis."""
        return arithmetic.deal(numbers, units)

    def parameters(
        self, op: core_op.VmmOp, weight: jax.Array, bias: jax.Array | None, gain: jax.Array
    ) -> tuple[jax.Array, jax.Array | None]:
        """The weights and the bias with which a quantised product computes; `gain` is G x (1|N)."""
        return weight, bias

    def requantize(self, op: core_op.VmmOp, sums: jax.Array, gain: jax.Array) -> jax.Array:
        """The codes of a quantised product's sums; of neurons that spike, over a window."""
        code = required_code(op.result)
        units, largest = code.units.data, code.unit_largest
        if code.spikes:
            return arithmetic.count(sums, gain, largest, units)
        return arithmetic.requantize(sums, gain, largest, rounding_of(op), units)

    @impl(core_op.MaxOp)
    def max(
        self, interpreter: Interpreter, op: core_op.MaxOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.max(args[0], axis=-1),)

    @impl(core_op.WindowOp)
    def window(
        self, interpreter: Interpreter, op: core_op.WindowOp, args: tuple[Any, ...]
    ) -> tuple[Values]:
        windows = windowed(args[0], op.window, _zero_of(op.input))
        return (windows if _is_multiplied(op.result) else windows.materialize(),)

    @impl(core_op.PadOp)
    def pad(
        self, interpreter: Interpreter, op: core_op.PadOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        widths = list(zip(op.low.get_values(), op.high.get_values(), strict=True))
        return (pad(args[0], widths, _zero_of(op.input)),)

    @impl(core_op.SliceOp)
    def slice(
        self, interpreter: Interpreter, op: core_op.SliceOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        parts = zip(op.offsets.get_values(), op.sizes.get_values(), strict=True)
        return (args[0][tuple(slice(start, start + size) for start, size in parts)],)

    @impl(core_op.ConcatOp)
    def concat(
        self, interpreter: Interpreter, op: core_op.ConcatOp, args: tuple[Any, ...]
    ) -> tuple[Values]:
        if any(isinstance(value, LazyInput) for value in args):
            return (JoinedInput(args, tuple(shape_of(value)[-1] for value in op.inputs)),)
        return (jnp.concatenate(args, axis=op.axis.value.data),)

    @impl(core_op.PermuteOp)
    def permute(
        self, interpreter: Interpreter, op: core_op.PermuteOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.transpose(args[0], op.permutation.get_values()),)

    @impl(core_op.ReshapeOp)
    def reshape(
        self, interpreter: Interpreter, op: core_op.ReshapeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (args[0].reshape(shape_of(op.result)),)

    @impl(core_op.RepeatOp)
    def repeat(
        self, interpreter: Interpreter, op: core_op.RepeatOp, args: tuple[Any, ...]
    ) -> tuple[Values]:
        times, axis = op.times.value.data, op.axis.value.data
        if axis == args[0].ndim - 2 and _repeats_groups(op):
            return (RepeatedInput(args[0], times),)
        return (jnp.repeat(args[0], times, axis=axis),)

    @impl(core_op.GatherOp)
    def gather(
        self, interpreter: Interpreter, op: core_op.GatherOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.take(args[0], np.array(op.indices.get_values(), np.int32), op.axis.value.data),)


def required_code(value: SSAValue) -> core_op.CodeType:
    """The code of a value that is known to have one."""
    code = core_op.code_of(value)
    assert code is not None
    return code


def number_of(code: core_op.CodeType, units: int) -> core_op.CodeType:
    """The code of the number whose units on an axis have `code`; `code` where there are none."""
    if units == 1:
        return code
    zero = code.zero.data * units
    return core_op.CodeType(code.bits.data, code.scale.data, zero, units, code.ticks.data)


def rounding_of(op: core_op.VmmOp) -> str:
    """How the target of `op` rounds sums: `nearest` or `floor`."""
    target = core_op.target_of(op)
    return target.rounding if target is not None else "nearest"


def _in_a_window(
    op: core_op.VmmOp, bias: jax.Array | None, potential: jax.Array | None
) -> jax.Array | None:
    """What is added to a product's sums: of a neuron that spikes, in all ticks of a window."""
    if bias is not None:
        bias = bias.astype(jnp.float32) * np.float32(core_op.ticks_of(op.result))
    if potential is None:
        return bias
    start = potential.astype(jnp.float32)
    return start if bias is None else bias + start


def _several_times(sums: jax.Array, times: int) -> jax.Array:
    """What neurons get in a window that take each number so many times."""
    return sums if times == 1 else sums * np.float32(times)


def _zero_of(value: SSAValue) -> int:
    code = core_op.code_of(value)
    return code.zero.data if code is not None else 0


def _to_real(x: Values, value: SSAValue) -> Values:
    code = core_op.code_of(value)
    if code is None:
        return x
    if isinstance(x, LazyInput):
        return x.map(lambda codes: arithmetic.decode(codes, code), fill=0.0)
    return arithmetic.decode(x, code)


def _is_multiplied(value: SSAValue) -> bool:
    """Whether a dot product alone reads the value, or what it is put beside, along its inputs."""
    user = value.get_user_of_unique_use()
    if isinstance(user, core_op.ConcatOp) and user.axis.value.data == len(shape_of(value)) - 1:
        user = user.result.get_user_of_unique_use()
    return isinstance(user, core_op.VmmOp)


def _repeats_groups(op: core_op.RepeatOp) -> bool:
    """Whether dot products alone read what is repeated, maybe through windows."""
    user = op.result.get_user_of_unique_use()
    return _is_multiplied(user.result if isinstance(user, core_op.WindowOp) else op.result)
