"""The meaning of recurrent layers."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from ...dialects import nn
from ...dialects.nn import Cell, GateFunction
from .typed import HIGHEST, scan, zeros

Gate = Callable[[jax.Array], jax.Array]

GATES: Mapping[GateFunction, Gate] = {
    GateFunction.SIGMOID: jax.nn.sigmoid,
    GateFunction.TANH: jnp.tanh,
    GateFunction.RELU: jax.nn.relu,
    GateFunction.HARD_SIGMOID: lambda x: jnp.clip(0.2 * x + 0.5, 0, 1),
    GateFunction.SOFTSIGN: jax.nn.soft_sign,
    GateFunction.SOFTPLUS: jax.nn.softplus,
}
"""`hard_sigmoid` has ONNX's default parameters."""

State = tuple[jax.Array, jax.Array]
"""The hidden state, and an LSTM's cell."""


@register_impls
class NnRecurrentFunctions(InterpreterFunctions):
    """One sample's values; map over a batch with `jax.vmap`."""

    @impl(nn.RecurrentOp)
    def recurrent(
        self, interpreter: Interpreter, op: nn.RecurrentOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        values = dict(zip(op.operands, args, strict=True))
        x, weight, recurrence = args[:3]
        layer = _Layer(op, recurrence)
        if op.recurrent_bias is not None:
            layer.bias = values[op.recurrent_bias]
        if op.peephole is not None:
            layer.peephole = values[op.peephole]
        inputs = jnp.matmul(x, weight.T, precision=HIGHEST)
        if op.bias is not None:
            inputs = inputs + values[op.bias]
        rest = zeros((*x.shape[1:-1], op.hidden))
        start = (
            rest if op.initial is None else values[op.initial],
            rest if op.initial_cell is None else values[op.initial_cell],
        )
        hidden, cell = scan(layer.step, start, inputs, op.reverse is not None)
        return (cell if op.cell_state is not None else hidden,)


class _Layer:
    """One layer's parameters, and its step, as in ONNX's operator documentation."""

    def __init__(self, op: nn.RecurrentOp, recurrence: jax.Array):
        self.kind = op.cell.data
        self.units = op.hidden
        self.recurrence = recurrence
        self.bias = zeros((self.kind.gates * self.units,))
        self.peephole = zeros((3 * self.units,))
        self.functions = [GATES[function] for function in op.functions]
        self.bound = None if op.clip is None else op.clip.value.data
        self.reset_after = op.reset_after is not None
        self.coupled = op.coupled is not None

    def step(self, state: State, x: jax.Array) -> State:
        """The next state; `x` are the products with this step's input."""
        match self.kind:
            case Cell.RNN:
                return self.rnn(state, x)
            case Cell.GRU:
                return self.gru(state, x)
            case Cell.LSTM:
                return self.lstm(state, x)

    def rnn(self, state: State, x: jax.Array) -> State:
        hidden, cell = state
        return self.apply(0, x + self.product(hidden, 0, 1)), cell

    def gru(self, state: State, x: jax.Array) -> State:
        hidden, cell = state
        gates = self.part(x, 0, 2) + self.product(hidden, 0, 2)
        update, reset = (self.apply(0, self.part(gates, i, i + 1)) for i in range(2))
        if self.reset_after:
            kept = reset * self.product(hidden, 2, 3)
        else:
            kept = self.product(reset * hidden, 2, 3)
        candidate = self.apply(1, self.part(x, 2, 3) + kept)
        return (1 - update) * candidate + update * hidden, cell

    def lstm(self, state: State, x: jax.Array) -> State:
        hidden, cell = state
        gates = x + self.product(hidden, 0, 4)
        peep_in, peep_out, peep_forget = (self.part(self.peephole, i, i + 1) for i in range(3))
        let_in = self.apply(0, self.part(gates, 0, 1) + peep_in * cell)
        if self.coupled:
            forget = 1 - let_in
        else:
            forget = self.apply(0, self.part(gates, 2, 3) + peep_forget * cell)
        cell = forget * cell + let_in * self.apply(1, self.part(gates, 3, 4))
        let_out = self.apply(0, self.part(gates, 1, 2) + peep_out * cell)
        return let_out * self.functions[2](cell), cell

    def product(self, hidden: jax.Array, first: int, end: int) -> jax.Array:
        """The products of a state with some gates' weights, and their biases."""
        rows = slice(first * self.units, end * self.units)
        product = jnp.matmul(hidden, self.recurrence[rows].T, precision=HIGHEST)
        return product + self.bias[rows]

    def part(self, values: jax.Array, first: int, end: int) -> jax.Array:
        """Some gates of all."""
        return values[..., first * self.units : end * self.units]

    def apply(self, index: int, x: jax.Array) -> jax.Array:
        """An activation of what is bounded first."""
        bounded = x if self.bound is None else jnp.clip(x, -self.bound, self.bound)
        return self.functions[index](bounded)
