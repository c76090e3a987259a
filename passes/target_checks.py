"""Every constraint of a target on the operations of a function. No chip is known here by name."""

from collections.abc import Callable, Iterator
from math import prod

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from ..dialects import core_op, nn
from ..dialects.nn import shape_of
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.cores import cores_of, rows_needed, tiles_of
from ..dialects.support.errors import OperationError
from ..dialects.support.neurons import is_reciprocal, thresholds_of
from ..dialects.support.target import EXACT_BITS, Target
from ..dialects.support.weight_values import too_many_values
from ..dialects.trained import constant_of
from .fan_out import FanOut, exceeded_fan_out
from .layer_modes import target_of_product
from .reform_limits import HOST_OPERATIONS
from .unrolled_counts import unrolled_cores
from .weight_units import ROW_UNITS

REQUANTIZE = "re-run core-op-quantize-weights"

Violations = Iterator[str]
Array = npt.NDArray[np.generic]


def violations_of(function: FuncOp, target: Target) -> list[OperationError]:
    """Every violation of the target in a function, in the order of its operations."""
    found = [
        OperationError(function, f"argument %{value.name_hint or value.index}: {message}")
        for value in function.body.block.args
        for message in _check_signal(value, target)
    ]
    found += [
        OperationError(op, message)
        for op in function.body.walk()
        for message in _check_operation(op, target)
    ]
    found += _check_fan_out(function, target)
    found += [OperationError(function, message) for message in _check_cores(function, target)]
    return found


def cores_needed(function: FuncOp, target: Target) -> int:
    """The cores that hold a function's weights, see `cores_of_product`."""
    return sum(
        cores_of_product(op, target) for op in function.body.walk() if isinstance(op, core_op.VmmOp)
    )


def cores_of_product(op: core_op.VmmOp, target: Target) -> int:
    """
    The cores of a product; a matrix that is too large counts as its tiles.

    Where positions do not share cores, many positions count as `core-op-unroll` deals them out.
    """
    if not target.shares_positions and op.positions > 1:
        return unrolled_cores(op, target)
    return cores_of(op.groups, shape_of(op.input)[:-2], target) * _tiles(op, target)


def _tiles(op: core_op.VmmOp, target: Target) -> int:
    if _rows_of(op, target) <= target.fan_in and op.unit_columns <= target.fan_out:
        return 1
    units = core_op.units_of(op.input), core_op.units_of(op.result)
    return prod(tiles_of(op.fan_in, op.outputs, target, units))


def _check_operation(op: Operation, target: Target) -> Violations:
    if isinstance(op, core_op.VmmOp):
        for check in _VMM_CHECKS:
            yield from check(op, target_of_product(op, target))
    if isinstance(op, core_op.MaxOp):
        yield from _check_max(op, target)
    if isinstance(op, nn.NnOperation) and not isinstance(op, HOST_OPERATIONS):
        function = op.name.removeprefix("nn.")
        yield f"{function} is not a function of this core; run convert-nn-to-core-op"
    if isinstance(op, core_op.VmmOp | core_op.EncodeOp):
        yield from _check_signal(op.results[0], target)


def _check_signal(value: SSAValue, target: Target) -> Violations:
    code = core_op.code_of(value) if isinstance(value.type, TensorType) else None
    if code is not None:
        target = _target_of_code(value, code, target)
    if code is not None and code.units.data > 1:
        yield f"a value is carried by {code.units.data} units; run core-op-split-units"
    if code is not None and code.ticks.data != target.window:
        yield (
            f"signal is counted in {code.ticks.data} ticks, the target's window has "
            f"{target.window}; run core-op-reencode"
        )
    if code is not None and code.bits.data > target.signal_bits:
        yield (
            f"signal carries {code.bits.data} bits, the target's {target.signal_bits}; "
            "run core-op-reencode"
        )


def _target_of_code(value: SSAValue, code: core_op.CodeType, target: Target) -> Target:
    """In a mixed network, the target of the cores whose signals are as this one."""
    op = value.owner if isinstance(value.owner, Operation) else value.owner.parent_op()
    if op is None or len(core_op.targets_of(op)) < 2:
        return target
    return core_op.target_for(op, code) or target


def _check_matrix(op: core_op.VmmOp, target: Target) -> Violations:
    rows = _rows_of(op, target)
    if rows > target.fan_in:
        bias_rows = rows - op.unit_rows
        plural = "row" if bias_rows == 1 else "rows"
        included = f" ({bias_rows} bias {plural} included)" if bias_rows else ""
        yield (
            f"fan-in {rows}{included} exceeds the core's {target.fan_in} inputs; run core-op-expand"
        )
    if op.unit_columns > target.fan_out:
        yield f"{op.unit_columns} outputs exceed the core's {target.fan_out}; run core-op-expand"
    synapse_bits = rows * op.unit_columns * synapse_width(target)
    if target.synapse_bits and synapse_bits > target.synapse_bits:
        yield (
            f"{synapse_bits} synapse bits exceed the core's {target.synapse_bits}; "
            "run core-op-expand"
        )


def _check_function(op: core_op.VmmOp, target: Target) -> Violations:
    function = op.activation.data.value
    if function not in target.functions:
        known = " and ".join(target.functions) or "none"
        yield f"{function} is not a function of this core, which has {known}; run nn-approximate"


def _check_weight(op: core_op.VmmOp, target: Target) -> Violations:
    weight = _known(op.weight)
    if not op.is_quantized or weight is None or not weight.size:
        return
    least, largest = target.weights
    is_spread = ROW_UNITS in op.attributes
    remedy = "run core-op-split-weights" if is_spread else REQUANTIZE
    for value in (int(weight.min()), int(weight.max())):
        if not least <= value <= largest:
            yield f"weight {value} is not representable in [{least}, {largest}]; {remedy}"


def _check_values(op: core_op.VmmOp, target: Target) -> Violations:
    weight = _known(op.weight)
    if not op.is_quantized or weight is None:
        return
    if (wrong := too_many_values(weight, target.weight_values)) is not None:
        yield f"{wrong}; {REQUANTIZE}"


def _check_bias(op: core_op.VmmOp, target: Target) -> Violations:
    bias = _known(op.bias)
    if not op.is_quantized or bias is None:
        return
    if target.spikes:
        limit = target.largest_leak
        leak = int(bias.astype(np.int64).flat[np.abs(bias.astype(np.int64)).argmax()])
        if not -limit - 1 <= leak <= limit:
            yield (f"leak {leak} is outside [{-limit - 1}, {limit}]; {REQUANTIZE}")
        return
    target = target.for_inputs(op.unit_rows)
    integers = bias.astype(np.int64)
    wrong = integers[integers != representable_bias(integers, target)]
    if not wrong.size:
        return
    value = int(wrong[np.abs(wrong).argmax()])
    limit = target.largest_bias
    if target.bias_bits:
        yield f"bias {value} is outside [{-limit - 1}, {limit}]; re-run core-op-quantize-weights"
    elif not limit:
        yield f"bias {value}, but the target's cores have no bias; give it bias rows"
    elif abs(value) > limit:
        yield (
            f"bias {value} is outside [{-limit}, {limit}], what {target.bias_rows} bias row(s) "
            "of the core hold; re-run core-op-quantize-weights"
        )
    else:
        yield (
            f"bias {value} is not a multiple of what drives the core's bias row; "
            "re-run core-op-quantize-weights"
        )


def _check_gain(op: core_op.VmmOp, target: Target) -> Violations:
    if op.gain is None:
        return
    if target.gain == "core" and len(shape_of(op.gain)) == 2:
        yield (
            "a gain for each neuron, the target has one for each core; "
            "re-run core-op-quantize-weights"
        )
    gain = _known(op.gain)
    if gain is None:
        return
    if target.gain_values == "reciprocal":
        yield from _check_threshold(gain, target)
        return
    real = gain.astype(np.float64)
    bad = real[~(np.isfinite(real) & (real > 0))]
    if bad.size:
        yield f"gain {bad.flat[0]:g} is not a positive number"
        return
    if target.gain_values == "power_of_two":
        odd = real[np.frexp(real)[0] != 0.5]
        if odd.size:
            yield f"gain {odd.flat[0]:g} is not a power of two; re-run core-op-quantize-weights"


def _check_threshold(gain: Array, target: Target) -> Violations:
    real = gain.astype(np.float32)
    bad = real[~(np.isfinite(real) & (real > 0))]
    if bad.size:
        yield f"gain {bad.flat[0]:g} is not a positive number"
        return
    odd = real[~is_reciprocal(real)]
    if odd.size:
        yield f"gain {odd.flat[0]:g} is not one over a threshold, an integer; {REQUANTIZE}"
        return
    largest = int(thresholds_of(real).max(initial=0))
    if largest > target.largest_threshold:
        yield f"threshold {largest} is outside [1, {target.largest_threshold}]; {REQUANTIZE}"


def _check_potential(op: core_op.VmmOp, target: Target) -> Violations:
    potential = _known(op.potential)
    if potential is None:
        return
    if not target.spikes:
        yield f"a potential at the start, but the target's neurons do not spike; {REQUANTIZE}"
        return
    limit = target.largest_sum
    worst = int(np.abs(potential.astype(np.int64)).max(initial=0))
    if worst > limit:
        yield f"potential {worst} is outside [{-limit - 1}, {limit}]; {REQUANTIZE}"


def _check_sums(op: core_op.VmmOp, target: Target) -> Violations:
    code, weight = core_op.code_of(op.input), _known(op.weight)
    if not op.is_quantized or code is None or weight is None or not weight.size:
        return
    bias = _known(op.bias)
    largest_taken = code.largest * op.times_taken
    offset = np.int64(0) if bias is None else bias.astype(np.int64) * core_op.ticks_of(op.result)
    if (potential := _known(op.potential)) is not None:
        offset = offset + potential.astype(np.int64)
    # A bound that costs one look at each weight settles nearly every layer.
    reach = max(-int(weight.min()), int(weight.max())) * op.fan_in * largest_taken
    ramp = _ramp(op, target)
    if reach + int(np.abs(offset).max()) + ramp <= target.largest_sum:
        return
    positive = np.maximum(weight, 0).sum(axis=1, dtype=np.int64) * largest_taken
    negative = np.minimum(weight, 0).sum(axis=1, dtype=np.int64) * largest_taken
    worst = int(np.maximum(positive + offset, ramp - (negative + offset)).max())
    bits = worst.bit_length() + 1
    if target.accumulator_bits and bits > target.accumulator_bits:
        yield (
            f"worst-case sum needs {bits} bits, the accumulator has {target.accumulator_bits}; "
            "run core-op-expand for a smaller fan-in"
        )
    largest = int((positive - negative + np.abs(offset)).max())
    if largest >= 1 << EXACT_BITS:
        yield (
            f"worst-case sum {largest} is not below 2^{EXACT_BITS}, up to where codes are exact; "
            "run core-op-expand for a smaller fan-in"
        )


def _ramp(op: core_op.VmmOp, target: Target) -> int:
    """How far below its sum the potential of a neuron of `op` may start, see `Target.ramps`."""
    gain = _known(op.gain)
    if not target.ramps or core_op.ticks_of(op.result) == 1 or gain is None:
        return 0
    return 2 * target.window * int(thresholds_of(gain.astype(np.float64)).max(initial=0))


def _check_max(op: core_op.MaxOp, target: Target) -> Violations:
    if not target.max_inputs:
        yield "maximum is not a function of this core; run nn-decompose-pooling"
    elif op.inputs > target.max_inputs:
        yield (
            f"a maximum of {op.inputs} values, the core's takes {target.max_inputs}; "
            "run nn-decompose-pooling"
        )


def _check_fan_out(function: FuncOp, target: Target) -> list[OperationError]:
    """Neurons that feed too many cores, as soon as products are cores: have one position each."""
    if not target.neuron_fan_out:
        return []
    products = [op for op in function.walk() if isinstance(op, core_op.VmmOp)]
    if not target.shares_positions and any(op.positions > 1 for op in products):
        return []
    fan_out = FanOut(function)
    found = [
        (op, exceeded_fan_out(fan_out.counts(op), target.neuron_fan_out)) for op in fan_out.products
    ]
    return [
        OperationError(op, f"{wrong}; run core-op-insert-copies")
        for op, wrong in found
        if wrong is not None
    ]


def _check_cores(function: FuncOp, target: Target) -> Violations:
    needed = cores_needed(function, target)
    if target.cores and needed > target.cores:
        yield (
            f"the network needs {needed} cores, the target has {target.cores}; "
            "use set-target{cores=...} for more of them, or split the network"
        )


_VMM_CHECKS: tuple[Callable[[core_op.VmmOp, Target], Violations], ...] = (
    _check_matrix,
    _check_function,
    _check_weight,
    _check_values,
    _check_bias,
    _check_gain,
    _check_potential,
    _check_sums,
)


def weight_bits(target: Target) -> int:
    """The bits that hold one weight of the target, its sign included."""
    least, largest = target.weights
    return max((-least - 1).bit_length() if least < 0 else 0, largest.bit_length()) + (least < 0)


def synapse_width(target: Target) -> int:
    """The bits of one synapse: a weight's, or those of an index into the core's table."""
    return min(target.index_bits or weight_bits(target), weight_bits(target))


def _rows_of(op: core_op.VmmOp, target: Target) -> int:
    # A real layer gets a bias when its input's zero point is folded into it.
    code = core_op.code_of(op.input)
    folds = not op.is_quantized and code is not None and code.zero.data != 0
    return rows_needed(op.unit_rows, op.bias is not None or folds, target)


def _known(value: SSAValue | None) -> Array | None:
    """A constant's numbers; `None` where there is no constant, or its weights file is not given."""
    data = constant_of(value) if value is not None else None
    return data.array if data is not None and data.is_resolved else None
