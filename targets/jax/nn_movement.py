"""The meaning of the operations of `nn` that move elements."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from ...dialects import nn
from ...dialects.nn import PadMode
from .typed import pad, pad_with_mode


@register_impls
class NnMovementFunctions(InterpreterFunctions):
    """One sample's values; map over a batch with `jax.vmap`."""

    @impl(nn.ReshapeOp)
    def reshape(
        self, interpreter: Interpreter, op: nn.ReshapeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (args[0].reshape(op.shape.get_values()),)

    @impl(nn.TransposeOp)
    def transpose(
        self, interpreter: Interpreter, op: nn.TransposeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.transpose(args[0], op.permutation.get_values()),)

    @impl(nn.SliceOp)
    def slice(
        self, interpreter: Interpreter, op: nn.SliceOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (args[0][op.slices],)

    @impl(nn.PadOp)
    def pad(
        self, interpreter: Interpreter, op: nn.PadOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        if op.mode.data is PadMode.CONSTANT:
            return (pad(args[0], op.widths, op.value.value.data),)
        return (pad_with_mode(args[0], op.widths, op.mode.data.value),)

    @impl(nn.ConcatOp)
    def concat(
        self, interpreter: Interpreter, op: nn.ConcatOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.concatenate(args, op.axis.value.data),)

    @impl(nn.TileOp)
    def tile(
        self, interpreter: Interpreter, op: nn.TileOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.tile(args[0], op.repeats.get_values()),)

    @impl(nn.GatherOp)
    def gather(
        self, interpreter: Interpreter, op: nn.GatherOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.take(args[0], np.array(op.indices.get_values()), op.axis.value.data),)
