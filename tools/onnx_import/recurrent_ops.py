"""Recurrent layers: each direction is one operation over the steps of a sample."""

from collections.abc import Mapping, Sequence

import numpy as np
from xdsl.ir import SSAValue

from ...dialects import nn
from ...dialects.nn import Cell, GateFunction
from .conversion import Conversion
from .node_scope import Float32Array, NodeScope
from .problems import NodeError
from .values import Features, Unknown, Value

_DIRECTIONS: Mapping[str, tuple[bool, ...]] = {
    "forward": (False,),
    "reverse": (True,),
    "bidirectional": (False, True),
}
"""Whether each direction goes from the last step to the first."""

_ACTIVATIONS: Mapping[str, GateFunction] = {
    "sigmoid": GateFunction.SIGMOID,
    "tanh": GateFunction.TANH,
    "relu": GateFunction.RELU,
    "hardsigmoid": GateFunction.HARD_SIGMOID,
    "softsign": GateFunction.SOFTSIGN,
    "softplus": GateFunction.SOFTPLUS,
}

_SEQUENCE_LENGTHS, _INITIAL, _INITIAL_CELL, _PEEPHOLE = 4, 5, 6, 7
"""Indices of the optional inputs."""


def convert_rnn(scope: NodeScope) -> list[Value]:
    """A layer whose state is an activation of a dot product."""
    return _convert(scope, Cell.RNN)


def convert_gru(scope: NodeScope) -> list[Value]:
    """A gated recurrent unit."""
    return _convert(scope, Cell.GRU)


def convert_lstm(scope: NodeScope) -> list[Value]:
    """A long short-term memory."""
    return _convert(scope, Cell.LSTM)


def _convert(scope: NodeScope, cell: Cell) -> list[Value]:
    node = scope.node
    directions = _DIRECTIONS.get(node.text("direction", "forward"))
    if directions is None:
        raise NodeError(f"direction '{node.text('direction', '')}' is not one of ONNX's")
    batch_first = bool(node.integer("layout", 0))
    features = _steps(scope, batch_first)
    _check_lengths(scope, features)
    hidden = [
        _direction(scope, cell, features, index, reverse, cell_state=False)
        for index, reverse in enumerate(directions)
    ]
    results: list[Value] = [Unknown(), Unknown()]
    if scope.wants(0):
        results[0] = _all_steps(scope, features, hidden, batch_first)
    if scope.wants(1):
        results[1] = _last_step(scope, features, hidden, directions, batch_first)
    if cell is Cell.LSTM:
        results.append(Unknown())
    if cell is Cell.LSTM and scope.wants(2):
        cells = [
            _direction(scope, cell, features, index, reverse, cell_state=True)
            for index, reverse in enumerate(directions)
        ]
        results[2] = _last_step(scope, features, cells, directions, batch_first)
    return results[: len(node.outputs)]


def _steps(scope: NodeScope, batch_first: bool) -> Features:
    """The input with the steps first: one sequence, or several beside each other."""
    features = scope.features(0, batch_anywhere=True)
    if features.rank != 3:
        raise NodeError(f"its input has {features.rank} axes; it needs 3")
    if features.batched:
        if features.batch_axis != (0 if batch_first else 1):
            raise NodeError(
                f"its input has the batch at axis {features.batch_axis}, where it has the "
                f"{'features' if features.batch_axis == 2 else 'steps'}"
            )
        return features
    if batch_first:
        turned = scope.emit(nn.TransposeOp(features.value, [1, 0, 2]))
        return features.with_value(turned.result)
    return features


def _check_lengths(scope: NodeScope, features: Features) -> None:
    if not scope.has(_SEQUENCE_LENGTHS):
        return
    lengths = scope.integers(_SEQUENCE_LENGTHS, "sequence_lens")
    if any(length != features.shape[0] for length in lengths):
        steps = features.shape[0]
        raise NodeError(f"sequence_lens {list(lengths)}: all must be {steps}, the steps")


def _direction(
    scope: NodeScope,
    cell: Cell,
    features: Features,
    index: int,
    reverse: bool,
    cell_state: bool,
) -> SSAValue:
    node = scope.node
    weight = _of_direction(scope, 1, "weight", index)
    recurrence = _of_direction(scope, 2, "recurrence", index)
    bias = recurrent_bias = peephole = None
    if scope.has(3):
        halves = np.split(_of_direction(scope, 3, "bias", index), 2)
        bias, recurrent_bias = (scope.trained(half, 3) if half.any() else None for half in halves)
    if cell is Cell.LSTM and scope.has(_PEEPHOLE):
        peephole = scope.trained(_of_direction(scope, _PEEPHOLE, "peephole", index), _PEEPHOLE)
    op = nn.RecurrentOp(
        cell,
        features.value,
        scope.trained(weight, 1),
        scope.trained(recurrence, 2),
        bias=bias,
        recurrent_bias=recurrent_bias,
        initial=_state(scope, features, _INITIAL, index),
        initial_cell=_state(scope, features, _INITIAL_CELL, index) if cell is Cell.LSTM else None,
        peephole=peephole,
        activations=_activations(scope, cell, index),
        clip=node.real("clip", 0.0) if "clip" in node.attributes else None,
        reverse=reverse,
        cell_state=cell_state,
        reset_after=cell is Cell.GRU and bool(node.integer("linear_before_reset", 0)),
        coupled=cell is Cell.LSTM and bool(node.integer("input_forget", 0)),
    )
    return scope.emit(op).result


def _of_direction(scope: NodeScope, operand: int, role: str, index: int) -> Float32Array:
    array = scope.weights(operand, role)
    if array.ndim < 2 or index >= array.shape[0]:
        raise NodeError(f"its {role} of shape {list(array.shape)} has not all directions")
    return np.ascontiguousarray(array[index])


def _state(scope: NodeScope, features: Features, operand: int, index: int) -> SSAValue | None:
    """The state before the first step, the same for every sample."""
    if not scope.has(operand):
        return None
    array = scope.weights(operand, "initial state")
    if array.ndim != 3:
        raise NodeError(f"its initial state of shape {list(array.shape)} has not 3 axes")
    if scope.node.integer("layout", 0):
        array = array.swapaxes(0, 1)
    state = array[index]
    if features.batched:
        if not (state == state[:1]).all():
            raise NodeError("its initial state differs from sample to sample")
        state = state[0]
    return scope.trained(np.ascontiguousarray(state), operand) if state.any() else None


def _activations(scope: NodeScope, cell: Cell, index: int) -> Sequence[GateFunction] | None:
    attribute = scope.node.attributes.get("activations")
    if attribute is None:
        return None
    for name in ("activation_alpha", "activation_beta"):
        if scope.node.reals(name):
            raise NodeError(f"{name} is not supported")
    names = [text.decode(errors="replace") for text in attribute.strings]
    chosen = names[index * cell.functions : (index + 1) * cell.functions]
    unknown = [name for name in chosen if name.lower() not in _ACTIVATIONS]
    if unknown:
        raise NodeError(f"activation '{unknown[0]}' is not supported")
    return [_ACTIVATIONS[name.lower()] for name in chosen]


def _all_steps(
    scope: NodeScope, features: Features, values: Sequence[SSAValue], batch_first: bool
) -> Features:
    """Steps x directions x batch x units, or batch x steps x directions x units."""
    steps, *beside, units = nn.shape_of(values[0])
    side = [scope.emit(nn.ReshapeOp(v, (steps, 1, *beside, units))).result for v in values]
    value = side[0] if len(side) == 1 else scope.emit(nn.ConcatOp(side, 1)).result
    if batch_first and beside:
        value = scope.emit(nn.TransposeOp(value, [2, 0, 1, 3])).result
    return Features(value, features.batched, 0 if batch_first or not features.batched else 2)


def _last_step(
    scope: NodeScope,
    features: Features,
    values: Sequence[SSAValue],
    directions: Sequence[bool],
    batch_first: bool,
) -> Features:
    """Directions x batch x units, or batch x directions x units."""
    steps, *rest = nn.shape_of(values[0])
    ends: list[SSAValue] = []
    for value, reverse in zip(values, directions, strict=True):
        start = 0 if reverse else steps - 1
        op = nn.SliceOp(value, [start, *[0] * len(rest)], [1, *rest])
        ends.append(scope.emit(op).result)
    value = ends[0] if len(ends) == 1 else scope.emit(nn.ConcatOp(ends, 0)).result
    if batch_first and not features.batched:
        value = scope.emit(nn.TransposeOp(value, [1, 0, 2])).result
    return Features(value, features.batched, 0 if batch_first or not features.batched else 1)


RECURRENT_OPS: Mapping[str, Conversion] = {
    "GRU": convert_gru,
    "LSTM": convert_lstm,
    "RNN": convert_rnn,
}
