"""The pass `core-op-split-units`: numbers that several neurons carry become values of their own."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ..dialects import core_op, trained
from ..dialects.nn import shape_of
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.errors import OperationError
from ..dialects.support.provenance import golden_name, units_attributes
from ..dialects.support.target import Target
from ..targets.unit_offsets import unit_offsets
from .layer_modes import target_of_product
from .pass_base import CorelowerPass, lowered_functions
from .real_parameters import drop_real_parameters
from .unit_axes import move_units
from .weight_units import ROW_UNITS
from .wiring import constant, reshape

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class CoreOpSplitUnits(CorelowerPass):
    """
    Requires integer weights; ensures that every value is one code, exactly: a number of `k` units
    becomes `k` codes on an axis of their own.

    A dot product gets each of its columns once for every unit, with biases that set the units
    apart, and each row once for every unit of its input. The border to the host adds units and
    deals them out. Run it behind tuning, which has a number for one value.
    """

    name = "core-op-split-units"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        for function in lowered_functions(op):
            _Splitting(function, target).run()


class _Splitting:
    """One function's values of several units, each beside what takes its place."""

    def __init__(self, function: FuncOp, target: Target):
        self.function = function
        self.target = target
        self.units: dict[SSAValue, SSAValue] = {}
        """Numbers, and their units on a trailing axis."""

    def run(self) -> None:
        """Replace every operation that computes, moves or reads numbers of several units."""
        replaced: list[Operation] = []
        for op in list(self.function.body.block.ops):
            operands = [value for value in op.operands if core_op.units_of(value) > 1]
            results = [value for value in op.results if core_op.units_of(value) > 1]
            if not operands and not results:
                continue
            for value in operands:
                if value not in self.units:
                    raise OperationError(
                        op, "it takes numbers of several units; core_op.encode must make them"
                    )
            self._replace(op, Builder(InsertPoint.before(op)))
            replaced.append(op)
        for op in reversed(replaced):
            Rewriter.erase_op(op)

    def _replace(self, op: Operation, builder: Builder) -> None:
        before = op.prev_op
        match op:
            case core_op.EncodeOp():
                code = core_op.code_of(op.result)
                assert code is not None
                split = builder.insert(core_op.EncodeOp(op.input, code.unit, code.units.data))
                self._keep(op, split, split.result)
            case core_op.DecodeOp():
                units = core_op.units_of(op.input)
                split = builder.insert(core_op.DecodeOp(self.units[op.input], units))
                split.attributes.update(op.attributes)
                op.result.replace_all_uses_with(split.result)
            case core_op.VmmOp():
                self._replace_product(op, builder)
            case core_op.MaxOp() | core_op.WiringOperation():
                moved, units = move_units(op, [self.units[v] for v in op.operands], builder)
                self._keep(op, moved, units)
            case _:
                raise OperationError(
                    op, "it takes numbers of several units; core_op.decode must read them"
                )
        # What was put in its place has its location.
        made = op.prev_op
        while made is not None and made is not before:
            made.location = op.location
            made = made.prev_op

    def _replace_product(self, op: core_op.VmmOp, builder: Builder) -> None:
        if not op.is_quantized:
            raise OperationError(op, "its weights are real; run core-op-quantize-weights before")
        if ROW_UNITS in op.attributes:
            raise OperationError(op, "its weights need rows; run core-op-split-weights before")
        weight, gain = _parameter(op, op.weight), _parameter(op, op.gain).astype(np.float32)
        rows, columns = core_op.units_of(op.input), core_op.units_of(op.result)
        value = op.input
        if rows > 1:
            shape = shape_of(op.input)
            value = reshape(builder, self.units[value], (*shape[:-1], shape[-1] * rows))
        bias = _parameter(op, op.bias) if op.bias is not None else None
        potential = _parameter(op, op.potential) if op.potential is not None else None
        if columns > 1 and core_op.ticks_of(op.result) > 1:
            # What sets neurons apart that spike is what they start with.
            potential = self._staggered(op, potential, gain, columns)
            bias = bias.repeat(columns, axis=1) if bias is not None else None
            gain = gain.repeat(columns, axis=1) if gain.ndim == 2 else gain
        elif columns > 1:
            bias = self._staggered(op, bias, gain, columns)
            gain = gain.repeat(columns, axis=1) if gain.ndim == 2 else gain
        weight = weight.repeat(rows, axis=1).repeat(columns, axis=2)
        code = core_op.code_of(op.result)
        assert code is not None
        # Where neurons spike, a leak of zero is one that tuning may still change.
        timed = core_op.ticks_of(op.result) > 1
        drop_real_parameters(op)
        split = core_op.VmmOp(
            op.activation.data,
            value,
            constant(builder, weight),
            constant(builder, bias) if bias is not None and (timed or bias.any()) else None,
            constant(builder, gain),
            potential=constant(builder, potential) if potential is not None else None,
            element=code.unit,
            same_code=op.same_code is not None,
        )
        builder.insert(split)
        if columns == 1:
            split.attributes.update(op.attributes)
            op.result.replace_all_uses_with(split.result)
            return
        units = reshape(builder, split.result, (*shape_of(op.result), columns))
        self._keep(op, split, units)

    def _staggered(
        self, op: core_op.VmmOp, bias: Array | None, gain: npt.NDArray[np.float32], units: int
    ) -> npt.NDArray[np.int32]:
        """The biases of the units, groups x (outputs * units); exactly representable ones."""
        by_neuron = gain if gain.ndim == 2 else gain[:, None]
        target = target_of_product(op, self.target)
        offsets = unit_offsets(by_neuron, units, target.rounding).astype(np.int64)
        shared = np.zeros((op.groups, op.outputs), np.int64) if bias is None else bias
        wanted = (shared.astype(np.int64)[..., None] + offsets).reshape(op.groups, -1)
        chip = target.for_inputs(op.unit_rows)
        held = representable_bias(wanted, chip)
        if not np.array_equal(held, wanted):
            worst = np.abs(held - wanted).argmax()
            raise OperationError(
                op,
                f"a unit needs the bias {wanted.flat[worst]}, the nearest that the core holds is "
                f"{held.flat[worst]} (its limit is {chip.largest_bias}); give the target more bias "
                "rows, or use core-op-calibrate with fewer units",
            )
        return held

    def _keep(self, op: Operation, split: Operation, units: SSAValue) -> None:
        """Let `units` stand for the number that `op` computes, with its attributes on `split`."""
        split.attributes.update(op.attributes)
        if golden_name(op) is not None:
            split.attributes.update(units_attributes(core_op.units_of(op.results[0])))
        self.units[op.results[0]] = units


def _parameter(op: core_op.VmmOp, value: SSAValue | None) -> Array:
    data = trained.constant_of(value) if value is not None else None
    if data is None:
        raise OperationError(op, "its parameters are computed; a core's are constants")
    return np.asarray(data.array)
