"""The meaning of the `nn` dialect."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from ...dialects import nn
from ...dialects.support.window import Window
from .typed import HIGHEST, full_like, reduce_window

Combine = Callable[[jax.Array, jax.Array], jax.Array]


@register_impls
class NnFunctions(InterpreterFunctions):
    """One sample's values; map over a batch with `jax.vmap`."""

    @impl(nn.ConvOp)
    def conv(
        self, interpreter: Interpreter, op: nn.ConvOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        x, weight, *bias = args
        window = op.window
        y = jax.lax.conv_general_dilated(
            x[None],
            weight,
            window.strides,
            window.pad_pairs(),
            rhs_dilation=window.dilations,
            feature_group_count=op.groups.value.data,
            precision=HIGHEST,
        )[0]
        return (y + bias[0].reshape(-1, *[1] * window.rank) if bias else y,)

    @impl(nn.DenseOp)
    def dense(
        self, interpreter: Interpreter, op: nn.DenseOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        x, weight, *bias = args
        y = jnp.matmul(x, weight, precision=HIGHEST)
        return (y + bias[0] if bias else y,)

    @impl(nn.BatchNormOp)
    def batch_norm(
        self, interpreter: Interpreter, op: nn.BatchNormOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        x, *parameters = args
        channels = (-1, *[1] * (x.ndim - 1))
        scale, bias, mean, variance = (value.reshape(channels) for value in parameters)
        return ((x - mean) / jnp.sqrt(variance + op.epsilon.value.data) * scale + bias,)

    @impl(nn.ReluOp)
    def relu(
        self, interpreter: Interpreter, op: nn.ReluOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jax.nn.relu(args[0]),)

    @impl(nn.AddOp)
    def add(
        self, interpreter: Interpreter, op: nn.AddOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (args[0] + args[1],)

    @impl(nn.MaxPoolOp)
    def max_pool(
        self, interpreter: Interpreter, op: nn.MaxPoolOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (_reduce_window(args[0], op.window, -np.inf, jax.lax.max),)

    @impl(nn.AveragePoolOp)
    def average_pool(
        self, interpreter: Interpreter, op: nn.AveragePoolOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        (x,) = args
        window = op.window
        total = _reduce_window(x, window, 0.0, jax.lax.add)
        if op.count_pad.value.data or not window.has_padding:
            return (total / window.size,)
        return (total / _reduce_window(full_like(x, 1), window, 0.0, jax.lax.add),)

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

    @impl(nn.SoftmaxOp)
    def softmax(
        self, interpreter: Interpreter, op: nn.SoftmaxOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jax.nn.softmax(args[0], axis=op.axis.value.data),)

    @impl(nn.ArgMaxOp)
    def argmax(
        self, interpreter: Interpreter, op: nn.ArgMaxOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.argmax(args[0], axis=op.axis.value.data),)


def _reduce_window(x: jax.Array, window: Window, initial: float, combine: Combine) -> jax.Array:
    return reduce_window(
        x,
        initial,
        combine,
        (1, *window.kernel),
        (1, *window.strides),
        [(0, 0), *window.pad_pairs()],
        (1, *window.dilations),
    )
