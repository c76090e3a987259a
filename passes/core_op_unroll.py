"""The pass `core-op-unroll`: a core for every few positions, where the chip cannot share one."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, trained
from ..dialects.nn import shape_of
from ..dialects.support.errors import OperationError
from ..dialects.support.provenance import golden_name
from ..dialects.support.target import Target
from .core_rooms import rooms_of
from .layer_modes import target_of_product
from .pass_base import CorelowerPass, lowered_functions, remark, run_patterns
from .product_parts import products_of
from .product_rewriting import replace_product
from .unrolled_cores import Core, least_cores, plan_cores
from .unrolled_limits import UnrolledCount, plural
from .unrolled_padding import Padded, read_or_fold_padding
from .weight_units import ROW_UNITS
from .weight_values import value_classes
from .wiring import AUXILIARY, FIXED, PARTIAL, constant, reshape
from .wiring_indices import Integers, WiringIndices, is_computed

Array = npt.NDArray[np.number]

MARKS = (AUXILIARY, PARTIAL, FIXED)
"""Attributes of a product that hold for its cores."""


@dataclass(frozen=True)
class CoreOpUnroll(CorelowerPass):
    """
    Gives every few positions of a product a core of their own, as few cores as can be found; exact.

    Needs integer weights and one unit a value: run it behind tuning and `core-op-split-units`. For
    a target whose positions do not share cores; with others it changes nothing. Each product then
    has one position, and its groups are cores. A core computes a region of neighbouring positions,
    of some outputs and of one or several groups, and reads what these read once, through a gather.
    """

    name = "core-op-unroll"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        if target.shares_positions:
            return
        for function in lowered_functions(op):
            products = [op for op in function.walk() if isinstance(op, core_op.VmmOp)]
            count = UnrolledCount(target, products)
            run_patterns(function, [UnrollPositions(ctx, target, count)], ctx)
            count.tell(ctx, function)


class UnrollPositions(RewritePattern):
    """A product at many positions becomes one of cores, each with what it computes of it."""

    def __init__(self, ctx: Context, target: Target, count: UnrolledCount):
        self.ctx = ctx
        self.target = target
        self.count = count

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        if not self.count.is_waiting(op):
            return
        parameters, target = _Parameters.of(op), target_of_product(op, self.target)
        wiring = WiringIndices(_is_source)
        reads = wiring.of(op.input).reshape(-1, op.groups, op.fan_in)
        padded = read_or_fold_padding(op, reads, wiring.size, target)
        parameters.bias = padded.bias
        options = products_of(
            shape_of(op.input)[:-2],
            parameters.weight,
            padded.reads,
            parameters.kinds(target),
        )
        rooms = rooms_of(target, op.fan_in, padded.bias)
        cores = plan_cores(options, rooms)
        if cores is None:
            raise OperationError(
                op,
                f"fan-in {op.fan_in} exceeds the core's {rooms[0].inputs if rooms else 0} inputs "
                "beside its bias; run core-op-expand before",
            )
        if op.positions == 1 and len(cores) >= op.groups:
            self.count.add(op, op.groups, op.fan_in, op.outputs)
            return
        # A matrix of zeros over the border reads nothing; it keeps a row.
        rows = max(1, *(len(core.reads) for core in cores))
        widest = _Widest(rows, max(core.columns for core in cores))
        self.count.add(op, len(cores), widest.rows, widest.columns)
        self._say(op, len(cores), least_cores(options[0], rooms[0]))
        product = _unrolled(op, cores, widest, parameters, padded, wiring, rewriter)
        self.count.done.add(product)
        for mark in MARKS:
            if mark in op.attributes:
                product.attributes[mark] = op.attributes[mark]
        places = _places_of_outputs(op, cores, widest)
        value = reshape(rewriter, product.result, (len(cores) * widest.columns,))
        value = rewriter.insert(core_op.GatherOp(value, 0, places.tolist())).result
        replace_product(op, value, rewriter)

    def _say(self, op: core_op.VmmOp, cores: int, least: int) -> None:
        there = plural(cores, "core")
        text = f"{op.positions} positions of {op.groups} x {op.outputs} outputs in {there}"
        if op.positions == 1:
            text = f"{op.groups} groups in {there}"
        remark(self.ctx, op, f"{text}; its inputs and outputs alone fill {least}")


@dataclass(frozen=True)
class _Widest:
    """The rows and the columns of a layer's cores: those of the widest."""

    rows: int
    columns: int


@dataclass
class _Parameters:
    """What a product's neurons and cores have; every array is constant."""

    weight: Array
    bias: Integers | None
    """Positions x G x N."""
    gain: npt.NDArray[np.float32]
    """G, or G x N."""
    potential: Array | None
    """G x N: what neurons that spike start a window with."""

    @classmethod
    def of(cls, op: core_op.VmmOp) -> "_Parameters":
        if not op.is_quantized:
            raise OperationError(op, "its weights are real; run core-op-quantize-weights before")
        if ROW_UNITS in op.attributes:
            raise OperationError(op, "its weights need rows; run core-op-split-weights before")
        if max(core_op.units_of(op.input), core_op.units_of(op.result)) > 1:
            raise OperationError(op, "numbers of several units; run core-op-split-units before")
        gain = parameter(op, op.gain).astype(np.float32)
        potential = None if op.potential is None else parameter(op, op.potential)
        return cls(parameter(op, op.weight), None, gain, potential)

    def kinds(self, target: Target) -> tuple[Hashable, ...]:
        """Of each group what another one must have too to share its core."""
        kinds: list[tuple[Hashable, ...]] = []
        shares_gain = self.gain.ndim == 1 and target.gain == "core"
        # With one bias row a core has one constant for all biases: only equal ones are sure to fit.
        shares_bias = self.bias is not None and not target.bias_bits and target.bias_rows == 1
        tables = value_classes(self.weight, target.weight_values)
        for group in range(len(self.weight)):
            gain = float(self.gain[group]) if shares_gain else None
            bias = self.bias[0, group].tobytes() if shares_bias and self.bias is not None else None
            kinds.append((gain, bias, tables[group]))
        return tuple(kinds)


def parameter(op: core_op.VmmOp, value: SSAValue | None) -> Array:
    """The numbers of a parameter; raises `OperationError` where they are computed."""
    data = trained.constant_of(value) if value is not None else None
    if data is None:
        raise OperationError(op, "its parameters are computed; a core's are constants")
    return cast(Array, np.asarray(data.array))


def _is_source(value: SSAValue) -> bool:
    """Where looking back ends: also at what stands for a golden value, which so stays in use."""
    return is_computed(value) or golden_name(cast(core_op.CoreOperation, value.owner)) is not None


def _unrolled(
    op: core_op.VmmOp,
    cores: Sequence[Core],
    widest: _Widest,
    parameters: _Parameters,
    padded: Padded,
    wiring: WiringIndices,
    rewriter: PatternRewriter,
) -> core_op.VmmOp:
    """The product whose groups are the cores: cores x rows times cores x rows x columns."""
    # A row that is not used reads what wiring adds; any other value would do, its weights are zero.
    indices = np.full((len(cores), widest.rows), wiring.size, np.int64)
    for place, core in enumerate(cores):
        indices[place, : len(core.reads)] = core.reads % padded.stride
    gain = parameters.gain
    if gain.ndim == 1:
        by_core = [{float(gain[piece.part.group]) for piece in core.pieces} for core in cores]
        if all(len(gains) == 1 for gains in by_core):
            gain = np.array([gains.pop() for gains in by_core], np.float32)
        else:
            gain = np.repeat(gain[:, None], op.outputs, axis=1)
    neurons = _NeuronLayout(op, cores, widest)
    bias, potential = parameters.bias, parameters.potential
    start = None if potential is None else neurons.spread(potential[None], 0)
    product = core_op.VmmOp(
        op.activation.data,
        _gathered(wiring, indices, rewriter),
        constant(rewriter, _weights(cores, widest, parameters.weight)),
        constant(rewriter, neurons.spread(bias, 0).astype(np.int32)) if bias is not None else None,
        constant(rewriter, gain if gain.ndim == 1 else neurons.spread(gain[None], 1)),
        potential=None if start is None else constant(rewriter, start),
        element=core_op.element_of(op.result),
        same_code=op.same_code is not None,
    )
    return rewriter.insert(product)


def _gathered(wiring: WiringIndices, indices: Integers, rewriter: PatternRewriter) -> SSAValue:
    """What the cores read, cores x rows, out of all sources one behind the other."""
    flat = [
        reshape(rewriter, source, (int(np.prod(shape_of(source), dtype=np.int64)),))
        for source in wiring.sources
    ]
    value = flat[0] if len(flat) == 1 else rewriter.insert(core_op.ConcatOp(flat, 0)).result
    if int(indices.max()) >= wiring.size:
        value = rewriter.insert(core_op.PadOp(value, [0], [1])).result
    value = rewriter.insert(core_op.GatherOp(value, 0, indices.reshape(-1).tolist())).result
    return reshape(rewriter, value, indices.shape)


def _weights(cores: Sequence[Core], widest: _Widest, weight: Array) -> Array:
    """Cores x rows x columns: every piece's weights where its inputs and outputs are."""
    wide = np.zeros((len(cores), widest.rows, widest.columns), weight.dtype)
    for place, core in enumerate(cores):
        left = 0
        for piece in core.pieces:
            reads = piece.reads
            at, taps = np.nonzero(reads >= 0)
            rows = np.searchsorted(core.reads, reads[at, taps])
            width = piece.last - piece.first
            columns = left + at[:, None] * width + np.arange(width)
            inputs = piece.part.inputs[taps]
            wide[place, rows[:, None], columns] = weight[
                piece.part.group, inputs[:, None], piece.outputs
            ]
            left += piece.columns
    return wide


class _NeuronLayout:
    """Which output, of positions x G x N, each neuron of the cores computes."""

    def __init__(self, op: core_op.VmmOp, cores: Sequence[Core], widest: _Widest):
        self.shape = len(cores), widest.columns
        self.outputs = _outputs_of_columns(op, cores, widest)
        self.columns = op.groups * op.outputs

    def spread(self, values: Array, fill: int) -> Array:
        """
        An operand of the neurons, positions x G x N, as cores x columns; `fill` for unused ones.

        Where the first axis is 1 it is the same at all positions.
        """
        places = self.outputs if len(values) > 1 else self.outputs % self.columns
        chosen = values.reshape(-1)[places]
        return np.where(self.outputs >= 0, chosen, values.dtype.type(fill)).reshape(self.shape)


def _outputs_of_columns(op: core_op.VmmOp, cores: Sequence[Core], widest: _Widest) -> Integers:
    """The output that each column of the cores computes, -1 where none: (cores * columns)."""
    found = np.full((len(cores), widest.columns), -1, np.int64)
    for place, core in enumerate(cores):
        left = 0
        for piece in core.pieces:
            first = (piece.positions * op.groups + piece.part.group) * op.outputs
            outputs = first[:, None] + piece.outputs
            found[place, left : left + piece.columns] = outputs.reshape(-1)
            left += piece.columns
    return found.reshape(-1)


def _places_of_outputs(op: core_op.VmmOp, cores: Sequence[Core], widest: _Widest) -> Integers:
    """The column, among those of all cores, that computes each output."""
    outputs = _outputs_of_columns(op, cores, widest)
    columns = np.flatnonzero(outputs >= 0)
    places = np.empty(op.positions * op.groups * op.outputs, np.int64)
    places[outputs[columns]] = columns
    return places
