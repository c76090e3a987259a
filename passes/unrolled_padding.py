"""What the products of unrolled cores read beyond the border, and numbers that they read twice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..dialects import core_op, trained
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.target import Target
from .wiring_indices import Integers


@dataclass(frozen=True)
class Padded:
    """
    What each input of a product reads, positions x G x M, and the biases that go with it.

    Equal numbers modulo `stride` are the same value: what a product reads twice has two numbers,
    so that each has a row. A negative number is nothing: its input is zero, or is in the `bias`,
    1 or positions x G x N.
    """

    reads: Integers
    stride: int
    bias: Integers | None


def read_or_fold_padding(op: core_op.VmmOp, reads: Integers, size: int, target: Target) -> Padded:
    """
    Let the zero point that `op` reads beyond the border be a part of its biases, where these fit.

    Otherwise the cores read it, as number `size` behind the `size` numbers of the sources. `reads`
    has negative numbers for it.
    """
    code = core_op.code_of(op.input)
    assert code is not None
    data = trained.constant_of(op.bias) if op.bias is not None else None
    bias = np.asarray(data.array, np.int64)[None] if data is not None else None
    stride = size + 1
    is_added = reads < 0
    if not code.zero.data or not is_added.any():
        return Padded(_numbered_apart(reads, stride), stride, bias)
    folded = _folded(op, is_added, code, bias, target)
    if folded is not None:
        return Padded(_numbered_apart(reads, stride), stride, folded)
    return Padded(_numbered_apart(np.where(is_added, size, reads), stride), stride, bias)


def _folded(
    op: core_op.VmmOp,
    is_added: npt.NDArray[np.bool_],
    code: core_op.CodeType,
    bias: Integers | None,
    target: Target,
) -> Integers | None:
    """The biases with the zero point's products; `None` where that is not exact."""
    # A number that is spread over time is no constant at any one of its times.
    at_once = code.largest == code.units.data * ((1 << code.bits.data) - 1)
    # A single bias row has one constant for all biases of a core, which are to be all different.
    in_one_row = not target.bias_bits and target.bias_rows == 1
    data = trained.constant_of(op.weight)
    # What a neuron that spikes adds in a window is a leak at every tick, each time it takes a code.
    spikes = core_op.ticks_of(op.result) > 1
    is_leak = op.times_taken == core_op.ticks_of(op.result)
    if not at_once or in_one_row or data is None or (spikes and not is_leak):
        return None
    weight = np.asarray(data.array, np.int64)
    added = np.einsum("pgm,gmn->pgn", is_added.astype(np.int64), weight) * code.zero.data
    folded = added if bias is None else added + bias
    if spikes:
        return folded if np.abs(folded).max(initial=0) <= target.largest_leak else None
    chip = target.for_inputs(op.fan_in)
    held = representable_bias(folded.reshape(-1, op.outputs), chip)
    return folded if np.array_equal(held, folded.reshape(-1, op.outputs)) else None


def _numbered_apart(reads: Integers, stride: int) -> Integers:
    """
    The same numbers where none is twice in a product; others are one `stride` higher each time.

    Not one row with the sum of both weights: that may exceed a weight's range.
    """
    if not reads.size:
        return reads
    order = np.argsort(reads, axis=-1, kind="stable")
    ordered = np.take_along_axis(reads, order, axis=-1)
    is_again = np.zeros(reads.shape, np.bool_)
    is_again[..., 1:] = (ordered[..., 1:] == ordered[..., :-1]) & (ordered[..., 1:] >= 0)
    if not is_again.any():
        return reads
    # How often each was there before: the distance to where its run begins.
    places: Integers = np.zeros(reads.shape, np.int64)
    places[...] = np.arange(reads.shape[-1])
    begins = places.copy()
    begins[is_again] = 0
    np.maximum.accumulate(begins, axis=-1, out=begins)
    times = np.zeros(reads.shape, np.int64)
    np.put_along_axis(times, order, places - begins, axis=-1)
    return np.where(reads >= 0, reads + times * stride, reads)
