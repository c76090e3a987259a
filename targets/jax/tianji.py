"""The meaning of the `tianji` dialect, exact: the arithmetic that coded `core_op` has as well."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from ...dialects import tianji
from . import arithmetic
from .typed import float32

_GAINS = np.ldexp(np.float32(1), -np.arange(tianji.LARGEST_CUT + 1)).astype(np.float32)
"""By the cut: what drops so many bits."""


@register_impls
class TianjiFunctions(InterpreterFunctions):
    """One sample's values; map over a batch with `jax.vmap`."""

    @impl(tianji.CoresOp)
    def cores(
        self, interpreter: Interpreter, op: tianji.CoresOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        count = len(op.sources)
        named = iter(args[count:])
        axons, synapses = next(named), next(named).astype(jnp.float32)
        bias = next(named).astype(jnp.float32) if op.bias is not None else None
        # An axon that listens to nothing adds nothing: its code is 0, whatever stands for zero.
        x = _listen(args[:count], axons, silence=0)
        sums = arithmetic.product(x, synapses)
        if bias is not None:
            sums = sums + bias
        # A table, since a compiled exponential need not be exact.
        gain = jnp.take(_GAINS, next(named), mode="clip")[:, None]
        return (arithmetic.requantize(sums, gain, op.code.largest, "floor"),)

    @impl(tianji.ReadOp)
    def read(
        self, interpreter: Interpreter, op: tianji.ReadOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        *sources, index = args
        return (_listen(sources, index, silence=op.source_code.zero.data),)


def _listen(sources: Any, index: jax.Array, silence: int) -> jax.Array:
    """The signals at `index`, in its shape; `silence` where it is -1."""
    flat = [source.reshape(-1) for source in sources]
    signals = jnp.concatenate([*flat, float32(np.array([silence]))])
    return jnp.take(signals, jnp.where(index < 0, signals.size - 1, index), mode="clip")
