"""Lowers coded `core_op` to PRIME: weights become levels of cells, biases become rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, prime, trained
from ..dialects.support.bias_rows import split_bias
from ..dialects.support.errors import CorelowerError
from ..dialects.support.target import Target
from ..dialects.support.tensor_data import Array
from .chip_conversion import require_finished
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .real_parameters import drop_real_parameters
from .reform_limits import HOST_OPERATIONS
from .verify_target import verify_target

LARGEST_SIGNAL_BITS = 8
"""What the constants on bias rows are held in; PRIME's own signals have 6."""


@dataclass(frozen=True)
class ConvertCoreOpToPrimePass(CorelowerPass):
    """
    Requires coded `core_op` within the target's constraints; ensures mats in its place, exactly.

    Weights become pairs of cells in a positive and a negative array, biases weights on rows with
    constant inputs. Wiring stays: it moves codes between buffers.
    """

    name = "convert-core-op-to-prime"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        _require_cells(target)
        functions = list(lowered_functions(op))
        require_finished(functions, _what_is_missing)
        verify_target(op)
        for function in functions:
            run_patterns(function, [ProgramMats(target), UseMaxUnit()], ctx)


@dataclass
class ProgramMats(RewritePattern):
    """A dot product becomes mats: its weights and its bias as levels of cells."""

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        weight, bias = _array(op.weight), _array(op.bias)
        gain, code = op.gain, core_op.code_of(op.result)
        assert weight is not None and gain is not None and code is not None
        new: list[trained.TensorOp] = []
        drive = bias_weight = None
        # A layer whose biases are all zero spends no rows on them.
        if bias is not None and bias.any():
            bias_weight, constants = split_bias(
                bias.astype(np.int64), self.target.for_inputs(op.fan_in)
            )
            new.append(_tensor(constants.astype(np.uint8), "drive"))
            drive = new[0].result
        positive = _tensor(_levels(weight, bias_weight, 1), "positive")
        negative = _tensor(_levels(weight, bias_weight, -1), "negative")
        drop_real_parameters(op)
        mats = prime.MvmOp(op.input, positive.result, negative.result, drive, gain, code)
        mats.attributes.update(op.attributes)
        rewriter.replace(op, [*new, positive, negative, mats])


class UseMaxUnit(RewritePattern):
    """A maximum of codes is taken by the max-pooling unit."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.MaxOp, rewriter: PatternRewriter) -> None:
        unit = prime.MaxOp(op.input)
        unit.attributes.update(op.attributes)
        rewriter.replace(op, unit)


def _tensor(array: Array, name: str) -> trained.TensorOp:
    tensor = trained.TensorOp(array)
    tensor.result.name_hint = name
    return tensor


def _levels(weight: Array, bias: Array | None, sign: int) -> npt.NDArray[np.uint8]:
    """Magnitudes of the weights of one sign: each is a byte, so a pair of 4-bit cells."""
    groups, fan_in, outputs = weight.shape
    rows = fan_in + (0 if bias is None else bias.shape[1])
    levels = np.empty((groups, rows, outputs), np.uint8)
    for part, where in ((weight, levels[:, :fan_in]), (bias, levels[:, fan_in:])):
        if part is None:
            continue
        if sign > 0:
            np.maximum(part, 0, out=where, casting="unsafe")
        else:
            # Negative numbers wrap when they become bytes, and wrap back when these are negated.
            np.minimum(part, 0, out=where, casting="unsafe")
            np.negative(where, out=where)
    return levels


def _what_is_missing(op: Operation) -> str | None:
    """Why an operation of a lowered function cannot be lowered yet; `None` where it can."""
    if isinstance(op, core_op.VmmOp):
        if not op.is_quantized:
            return "its weights are real numbers; run core-op-quantize-weights first"
        if trained.constant_of(op.weight) is None or op.gain is None:
            return "its weights are not a trained.tensor; mats are programmed once"
        if op.bias is not None and trained.constant_of(op.bias) is None:
            return "its bias is not a trained.tensor; mats are programmed once"
    if isinstance(op, core_op.MaxOp) and core_op.code_of(op.input) is None:
        return "its values are real numbers; run core-op-reencode first"
    if op.name.startswith("nn.") and not isinstance(op, HOST_OPERATIONS):
        return "it is not an operation of a core; run convert-nn-to-core-op first"
    return None


def _array(value: SSAValue | None) -> Array | None:
    data = trained.constant_of(value) if value is not None else None
    return data.array if data is not None else None


def _require_cells(target: Target) -> None:
    if max(map(abs, target.weights)) > prime.LARGEST_MAGNITUDE:
        raise CorelowerError(
            f"target '{target.name}': weights {list(target.weights)} exceed what a pair of "
            f"{prime.CELL_BITS}-bit cells holds, +-{prime.LARGEST_MAGNITUDE}"
        )
    if target.signal_bits > LARGEST_SIGNAL_BITS:
        raise CorelowerError(
            f"target '{target.name}': signals of {target.signal_bits} bits; "
            f"PRIME's mats take at most {LARGEST_SIGNAL_BITS}"
        )
    if target.bias_bits:
        raise CorelowerError(f"target '{target.name}': PRIME has no bias registers; use bias_rows")
