"""The meaning of `nn`'s functions of one element, or of the elements of two tensors."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from ...dialects import nn
from ...dialects.nn import BinaryFunction, Rounding, UnaryFunction
from .typed import float32

Unary = Callable[..., jax.Array]
"""The elements, then the parameters."""


@register_impls
class NnElementwiseFunctions(InterpreterFunctions):
    """One sample's values; map over a batch with `jax.vmap`."""

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

    @impl(nn.UnaryOp)
    def unary(
        self, interpreter: Interpreter, op: nn.UnaryOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (UNARY[op.function.data](args[0], *op.numbers),)

    @impl(nn.BinaryOp)
    def binary(
        self, interpreter: Interpreter, op: nn.BinaryOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (BINARY[op.function.data](args[0], args[1]),)

    @impl(nn.ToRealOp)
    def to_real(
        self, interpreter: Interpreter, op: nn.ToRealOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (float32(args[0]),)

    @impl(nn.QuantizeOp)
    def quantize(
        self, interpreter: Interpreter, op: nn.QuantizeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        x, scale, zero = args
        least, greatest = op.code_range
        code = jnp.clip(ROUNDING[op.rounding.data](x / scale) + zero, least, greatest)
        return (scale * (code - zero),)


def _reciprocal(x: jax.Array) -> jax.Array:
    return 1 / x


def _mish(x: jax.Array) -> jax.Array:
    return x * jnp.tanh(jax.nn.softplus(x))


def _gelu(x: jax.Array) -> jax.Array:
    return jax.nn.gelu(x, approximate=False)


def _gelu_tanh(x: jax.Array) -> jax.Array:
    return jax.nn.gelu(x, approximate=True)


def _hard_sigmoid(x: jax.Array, alpha: float, beta: float) -> jax.Array:
    return jnp.clip(alpha * x + beta, 0, 1)


def _clip(x: jax.Array, least: float, greatest: float) -> jax.Array:
    # The lower bound first: where the bounds cross, the upper one holds.
    return jnp.minimum(jnp.maximum(x, least), greatest)


def _leaky_relu(x: jax.Array, alpha: float) -> jax.Array:
    return jnp.where(x >= 0, x, alpha * x)


def _selu(x: jax.Array, alpha: float, gamma: float) -> jax.Array:
    return gamma * jnp.where(x > 0, x, alpha * jnp.expm1(jnp.minimum(x, 0)))


def _elu(x: jax.Array, alpha: float) -> jax.Array:
    return _selu(x, alpha, 1.0)


def _celu(x: jax.Array, alpha: float) -> jax.Array:
    return jax.nn.celu(x, alpha)


def _prelu(x: jax.Array, slope: jax.Array) -> jax.Array:
    return jnp.where(x >= 0, x, slope * x)


UNARY: Mapping[UnaryFunction, Unary] = {
    UnaryFunction.ABS: jnp.abs,
    UnaryFunction.NEG: jnp.negative,
    UnaryFunction.SIGN: jnp.sign,
    UnaryFunction.FLOOR: jnp.floor,
    UnaryFunction.CEIL: jnp.ceil,
    UnaryFunction.ROUND: jnp.round,
    UnaryFunction.EXP: jnp.exp,
    UnaryFunction.LOG: jnp.log,
    UnaryFunction.SQRT: jnp.sqrt,
    UnaryFunction.RECIPROCAL: _reciprocal,
    UnaryFunction.ERF: jax.lax.erf,
    UnaryFunction.SIGMOID: jax.nn.sigmoid,
    UnaryFunction.HARD_SIGMOID: _hard_sigmoid,
    UnaryFunction.TANH: jnp.tanh,
    UnaryFunction.SOFTPLUS: jax.nn.softplus,
    UnaryFunction.SOFTSIGN: jax.nn.soft_sign,
    UnaryFunction.CLIP: _clip,
    UnaryFunction.LEAKY_RELU: _leaky_relu,
    UnaryFunction.ELU: _elu,
    UnaryFunction.CELU: _celu,
    UnaryFunction.SELU: _selu,
    UnaryFunction.GELU: _gelu,
    UnaryFunction.GELU_TANH: _gelu_tanh,
    UnaryFunction.MISH: _mish,
    UnaryFunction.HARD_SWISH: jax.nn.hard_swish,
}

BINARY: Mapping[BinaryFunction, Callable[[jax.Array, jax.Array], jax.Array]] = {
    BinaryFunction.SUB: jnp.subtract,
    BinaryFunction.MUL: jnp.multiply,
    BinaryFunction.DIV: jnp.divide,
    BinaryFunction.MIN: jnp.minimum,
    BinaryFunction.MAX: jnp.maximum,
    BinaryFunction.POW: jnp.power,
    BinaryFunction.PRELU: _prelu,
}

ROUNDING: Mapping[Rounding, Callable[[jax.Array], jax.Array]] = {
    Rounding.NEAREST_EVEN: jnp.round,
    Rounding.TOWARD_ZERO: jnp.trunc,
    Rounding.UP: jnp.ceil,
    Rounding.DOWN: jnp.floor,
}
