"""The meaning of the `prime` dialect, exact: the arithmetic that coded `core_op` has as well."""

from typing import Any

import jax
import jax.numpy as jnp
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from ...dialects import core_op, prime
from . import arithmetic


@register_impls
class PrimeFunctions(InterpreterFunctions):
    """One sample's values; map over a batch with `jax.vmap`."""

    @impl(prime.MvmOp)
    def mvm(
        self, interpreter: Interpreter, op: prime.MvmOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        x, positive, negative, *drive, gain = args
        weight = positive.astype(jnp.float32) - negative.astype(jnp.float32)
        fan_in = op.rows - op.bias_rows
        sums = arithmetic.product(x, weight[:, :fan_in])
        for constants in drive:
            rows = constants.astype(jnp.float32)[:, :, None] * weight[:, fan_in:]
            sums = sums + rows.sum(axis=1)
        code, target = core_op.code_of(op.result), core_op.target_of(op)
        assert code is not None
        rounding = target.rounding if target is not None else "nearest"
        gain = gain if gain.ndim == 2 else gain[:, None]
        return (arithmetic.requantize(sums, gain, code.largest, rounding),)

    @impl(prime.MaxOp)
    def max(
        self, interpreter: Interpreter, op: prime.MaxOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.max(args[0], axis=-1),)
