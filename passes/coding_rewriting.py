"""Puts the units of a coding in the place of the numbers of a signal: as ordinary dot products."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from xdsl.builder import Builder
from xdsl.dialects.builtin import DenseArrayBase, i32
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ..dialects import core_op, trained
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.provenance import decoder_attributes, golden_name, provenance_of
from .codings import Chip, Coding, Digits, FloatArray, ParallelUnits
from .product_rewriting import copy_auxiliary, real_parameters
from .signal_classes import SignalClass
from .unit_axes import move_units
from .wiring import constant, reshape

WeightArray = npt.NDArray[np.float32]


class CodingRewriter:
    """
    Carries the numbers of one signal by the units of a coding.

    What computes them computes units, wiring moves these as neighbours on the last axis, and what
    reads them has the decoder in its weights. Each unit has `code`, whose zero point is 0: for
    digits that of what computes them, since the fine stage reads both.
    """

    def __init__(
        self,
        function: FuncOp,
        signal: SignalClass,
        coding: Coding,
        chip: Chip,
        code: core_op.CodeType,
    ):
        self.function = function
        self.roots = set(signal.roots)
        self.coding = coding
        self.chip = chip
        self.code = code
        self.unit = code.scale.data
        decoder = coding.decoder(chip) if isinstance(coding, Digits) else coding.decoder
        self.decoder = np.array(decoder) / self.unit
        self.units: dict[SSAValue, SSAValue] = {}
        """Numbers, and their units on a trailing axis."""

    def run(self) -> None:
        """Rewrite the function."""
        replaced: list[Operation] = []
        for op in list(self.function.body.block.ops):
            reads = [value for value in op.operands if value in self.units]
            is_root = isinstance(op, core_op.VmmOp) and op.result in self.roots
            is_border = isinstance(op, core_op.EncodeOp)
            if is_border or not (reads or is_root):
                continue
            before, builder = op.prev_op, Builder(InsertPoint.before(op))
            if isinstance(op, core_op.VmmOp):
                if reads:
                    self._fold_decoder(op, builder)
                if is_root:
                    self._encode(op, builder)
                    replaced.append(op)
            else:
                assert isinstance(op, core_op.WiringOperation | core_op.MaxOp)
                moved, units = move_units(op, [self.units[v] for v in op.operands], builder)
                moved.attributes.update(op.attributes)
                self._keep(op, moved, units)
                replaced.append(op)
            _locate(op, before)
        for op in reversed(replaced):
            Rewriter.erase_op(op)
        for op in list(self.function.body.block.ops):
            if isinstance(op, trained.TensorOp) and not op.result.uses.get_length():
                Rewriter.erase_op(op)

    def _fold_decoder(self, op: core_op.VmmOp, builder: Builder) -> None:
        """Let `op` read units: the decoder goes into its weights, the shift into its bias."""
        weight, bias = real_parameters(op)
        units = len(self.decoder)
        wide = weight[:, :, None, :] * self.decoder[:, None]
        shape = shape_of(op.input)
        value = reshape(builder, self.units[op.input], (*shape[:-1], shape[-1] * units))
        groups, fan_in, outputs = weight.shape
        operands = [value, constant(builder, wide.reshape(groups, fan_in * units, outputs))]
        if self.coding.shift:
            lost = self.coding.shift * weight.sum(axis=1, dtype=np.float64)
            bias = -lost if bias is None else bias - lost
        if bias is not None:
            operands.append(constant(builder, bias))
        op.operands = operands
        segments = [1, 1, int(bias is not None), 0, 0]
        op.properties["operandSegmentSizes"] = DenseArrayBase.from_list(i32, segments)

    def _encode(self, op: core_op.VmmOp, builder: Builder) -> None:
        if isinstance(self.coding, ParallelUnits):
            product = self._product(op, builder, self.coding, op.input)
            self._keep(op, product, self._unit_axis(op, product, builder))
            return
        first, second = self.coding.coarse_units(self.chip), self.coding.fine_units(self.chip)
        coarse = self._product(op, builder, first, op.input)
        joined = core_op.ConcatOp([op.input, coarse.result], len(shape_of(op.input)) - 1)
        value = builder.insert(joined).result
        fine = self._product(op, builder, second, value, self._less_coarse(op.groups, op.outputs))
        digits = [self._unit_axis(op, product, builder) for product in (coarse, fine)]
        both = builder.insert(core_op.ConcatOp(digits, len(shape_of(op.result))))
        self._keep(op, both, both.result)

    def _product(
        self,
        op: core_op.VmmOp,
        builder: Builder,
        units: ParallelUnits,
        value: SSAValue,
        below: FloatArray | None = None,
    ) -> core_op.VmmOp:
        """
        The product that computes some units of the results of `op`: a column for each.

        `below` are further rows of its matrix, for what `value` has beside the inputs of `op`.
        """
        weight, bias = real_parameters(op)
        slopes, offsets = np.array(units.slopes), np.array(units.offsets)
        # What the fine stage is given less than the number has the shift in it.
        start = np.zeros((op.groups, op.outputs)) if bias is None else bias.astype(np.float64)
        added = (start + self.coding.shift)[..., None] * slopes + offsets
        columns = weight.astype(np.float64)[..., None] * slopes
        columns = columns.reshape(*weight.shape[:2], -1) * self.unit
        if below is not None:
            columns = np.concatenate([columns, below], axis=1)
        product = core_op.VmmOp(
            Activation.RELU,
            value,
            constant(builder, columns.astype(np.float32)),
            constant(builder, (added * self.unit).reshape(op.groups, -1)),
            element=self.code,
        )
        copy_auxiliary(op, product)
        return builder.insert(product)

    def _less_coarse(self, groups: int, outputs: int) -> FloatArray:
        """The rows by which the fine units see the number less its own coarse units."""
        assert isinstance(self.coding, Digits)
        coarse, fine = self.coding.coarse_units(self.chip), self.coding.fine_units(self.chip)
        each = -np.outer(coarse.decoder, fine.slopes)
        rows = np.zeros((outputs, len(coarse.decoder), outputs, len(fine.slopes)))
        rows[np.arange(outputs), :, np.arange(outputs), :] = each
        matrix = rows.reshape(outputs * len(coarse.decoder), outputs * len(fine.slopes))
        return np.broadcast_to(matrix, (groups, *matrix.shape))

    def _unit_axis(self, op: core_op.VmmOp, product: core_op.VmmOp, builder: Builder) -> SSAValue:
        units = product.outputs // max(op.outputs, 1)
        return reshape(builder, product.result, (*shape_of(op.result), units))

    def _keep(self, op: Operation, made: core_op.CoreOperation, units: SSAValue) -> None:
        """Let `units` stand for the number that `op` computes, under its golden name."""
        for name in provenance_of(op):
            made.attributes.pop(name, None)
        # With a shift the name would be wrong: what is decoded is the number and the shift.
        if golden_name(op) is not None and not self.coding.shift:
            made.attributes.update(provenance_of(op))
            made.attributes.update(decoder_attributes(self.decoder.tolist()))
        self.units[op.results[0]] = units


class InputSpeller(CodingRewriter):
    """Makes units that the host sends values of their own: a thermometer, dealt out by it."""

    def __init__(self, function: FuncOp, signal: SignalClass, code: core_op.CodeType, chip: Chip):
        units, scale = code.units.data, code.scale.data
        alike = ParallelUnits((1.0,) * units, (0.0,) * units, (scale,) * units)
        super().__init__(function, signal, alike, chip, code.unit)
        self.count = units

    def run(self) -> None:
        for root in self.roots:
            assert isinstance(root, BlockArgument)
            first = self.function.body.block.first_op
            assert first is not None
            encode = core_op.EncodeOp(root, self.code, self.count)
            encode.location = root.location
            self.function.body.block.insert_op_before(encode, first)
            self.units[root] = encode.result
        super().run()


def readers(values: Sequence[SSAValue]) -> list[core_op.VmmOp]:
    """The dot products that read any of the values, each once."""
    users = {use.operation: None for value in values for use in value.uses}
    return [op for op in users if isinstance(op, core_op.VmmOp)]


def _locate(op: Operation, before: Operation | None) -> None:
    """Give the location of `op` to what was put before it."""
    made = op.prev_op
    while made is not None and made is not before:
        made.location = op.location
        made = made.prev_op
