"""The meaning of the `nn` dialect."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from ...dialects import nn
from ...dialects.support.window import Window
from .nn_elementwise import NnElementwiseFunctions
from .nn_movement import NnMovementFunctions
from .nn_recurrent import NnRecurrentFunctions
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

    @impl(nn.ConvTransposeOp)
    def conv_transpose(
        self, interpreter: Interpreter, op: nn.ConvTransposeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        x, weight, *bias = args
        window, groups = op.window, op.groups.value.data
        channels, outputs = weight.shape[:2]
        # The convolution of the spread input with the mirrored kernel, input and output swapped.
        grouped = weight.reshape(groups, channels // groups, outputs, *window.kernel)
        swapped = jnp.swapaxes(grouped, 1, 2).reshape(-1, channels // groups, *window.kernel)
        y = jax.lax.conv_general_dilated(
            x[None],
            jnp.flip(swapped, range(2, swapped.ndim)),
            (1,) * window.rank,
            op.full_pads(),
            lhs_dilation=window.strides,
            rhs_dilation=window.dilations,
            feature_group_count=groups,
            precision=HIGHEST,
        )[0]
        return (y + bias[0].reshape(-1, *[1] * window.rank) if bias else y,)

    @impl(nn.MatMulOp)
    def matmul(
        self, interpreter: Interpreter, op: nn.MatMulOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jnp.matmul(args[0], args[1], precision=HIGHEST),)

    @impl(nn.BatchNormOp)
    def batch_norm(
        self, interpreter: Interpreter, op: nn.BatchNormOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        x, *parameters = args
        channels = (-1, *[1] * (x.ndim - 1))
        scale, bias, mean, variance = (value.reshape(channels) for value in parameters)
        return ((x - mean) / jnp.sqrt(variance + op.epsilon.value.data) * scale + bias,)

    @impl(nn.NormalizeOp)
    def normalize(
        self, interpreter: Interpreter, op: nn.NormalizeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        (x,) = args
        axes = op.axes.get_values()
        centred = x - jnp.mean(x, axes, keepdims=True)
        variance = jnp.mean(centred * centred, axes, keepdims=True)
        return (centred / jnp.sqrt(variance + op.epsilon.value.data),)

    @impl(nn.LrnOp)
    def lrn(
        self, interpreter: Interpreter, op: nn.LrnOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        (x,) = args
        size = op.size.value.data
        before = (size - 1) // 2
        ones = (1,) * (x.ndim - 1)
        total = reduce_window(
            x * x,
            0.0,
            jax.lax.add,
            (size, *ones),
            (1, *ones),
            [(before, size - 1 - before), *[(0, 0)] * (x.ndim - 1)],
            (1, *ones),
        )
        base = op.bias.value.data + op.alpha.value.data / size * total
        return (x / base**op.beta.value.data,)

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

    @impl(nn.LpPoolOp)
    def lp_pool(
        self, interpreter: Interpreter, op: nn.LpPoolOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        p = op.p.value.data
        total = _reduce_window(jnp.abs(args[0]) ** p, op.window, 0.0, jax.lax.add)
        return (total ** (1 / p),)

    @impl(nn.SoftmaxOp)
    def softmax(
        self, interpreter: Interpreter, op: nn.SoftmaxOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jax.nn.softmax(args[0], axis=op.axis.value.data),)

    @impl(nn.LogSoftmaxOp)
    def log_softmax(
        self, interpreter: Interpreter, op: nn.LogSoftmaxOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (jax.nn.log_softmax(args[0], axis=op.axis.value.data),)

    @impl(nn.ArgMaxOp)
    def argmax(
        self, interpreter: Interpreter, op: nn.ArgMaxOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        (x,) = args
        axis = op.axis.value.data
        if op.last.value.data:
            found = x.shape[axis] - 1 - jnp.argmax(jnp.flip(x, axis), axis=axis)
        else:
            found = jnp.argmax(x, axis=axis)
        return (jnp.expand_dims(found, axis) if op.keep.value.data else found,)

    @impl(nn.ReduceOp)
    def reduce(
        self, interpreter: Interpreter, op: nn.ReduceOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        (x,) = args
        axes = op.axes.get_values()
        match op.function.data:
            case nn.Reduction.SUM:
                return (jnp.sum(x, axes),)
            case nn.Reduction.MEAN:
                return (jnp.mean(x, axes),)
            case nn.Reduction.MAX:
                return (jnp.max(x, axes),)
            case nn.Reduction.MIN:
                return (jnp.min(x, axes),)
            case nn.Reduction.L2:
                return (jnp.sqrt(jnp.sum(x * x, axes)),)


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


NN_FUNCTIONS: tuple[type[InterpreterFunctions], ...] = (
    NnFunctions,
    NnElementwiseFunctions,
    NnMovementFunctions,
    NnRecurrentFunctions,
)
"""The meaning of every operation of the dialect."""
