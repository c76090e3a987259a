"""Lowers coded `core_op` to TianJi: every group to a core, all wiring to what its axons hear."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, tianji, trained
from ..dialects.nn import shape_of
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.neurons import is_reciprocal, thresholds_of
from ..dialects.support.target import Target
from .chip_conversion import require_finished
from .layer_modes import target_of_product
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .real_parameters import drop_real_parameters
from .reform_limits import HOST_OPERATIONS
from .verify_target import verify_target
from .wiring_indices import WiringIndices

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ConvertCoreOpToTianjiPass(CorelowerPass):
    """
    Requires coded `core_op` of one position within the target; ensures cores in its place, exactly.

    Each group is a core. Wiring goes: every axon knows which signal it listens to, and padding is
    an axon that listens to nothing. What the host takes is a `tianji.read`.
    """

    name = "convert-core-op-to-tianji"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        for one in core_op.targets_of(op):
            _require_chip(one)
        functions = list(lowered_functions(op))
        require_finished(functions, _what_is_missing)
        verify_target(op)
        for function in functions:
            run_patterns(function, [LoadCores(target)], ctx)
            _read_by_host(function)
            # What moved codes is dead now, and goes.
            run_patterns(function, [], ctx, fold=True)


@dataclass
class LoadCores(RewritePattern):
    """A dot product becomes cores whose axons listen to what wiring brings to its inputs."""

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        target = target_of_product(op, self.target)
        incoming, code = core_op.code_of(op.input), core_op.code_of(op.result)
        weight, gain = _constant(op.weight), _constant(op.gain)
        assert incoming is not None and code is not None
        wiring = WiringIndices()
        axons = wiring.of(op.input).reshape(op.groups, op.fan_in)
        registers = {"bias": _zeros(op) if op.bias is None else _wide(op.bias)}
        silence = _bias_of_silence(op, axons, weight, incoming.zero.data)
        if code.spikes:
            registers["threshold"] = _threshold(gain)
            registers["initial"] = _zeros(op) if op.potential is None else _wide(op.potential)
            if op.times_taken == code.ticks.data:
                # At every tick, as the number that it is.
                registers["bias"] = registers["bias"] + silence
                limit = target.largest_leak
                _require(registers["bias"], "leak", limit, -limit - 1)
                silence = _zeros(op)
            if silence.any() and target.firing == "tick":
                raise CorelowerError(
                    "padding stands for a zero point, which no axon that hears nothing can spike; "
                    "re-encode its input without a zero point"
                )
            # A whole window's, once: where neurons fire behind it, that is the same.
            registers["initial"] = registers["initial"] + silence
            if target.ramps:
                _add_ramp(registers, target.window)
            largest = target.largest_sum
            _require(registers["initial"], "initial potential", largest, -largest)
        else:
            registers["cut"] = _cut(gain)
            registers["bias"] = registers["bias"] + silence
            limit = target.largest_bias
            _require(registers["bias"], "bias", limit, -limit - 1)
        drop_real_parameters(op)
        tensors = [_tensor(axons, np.int32, "axons"), _tensor(weight, np.int8, "synapses")]
        tensors += [_tensor(array, np.int32, name) for name, array in registers.items()]
        listens, synapses, *rest = (tensor.result for tensor in tensors)
        named = dict(zip(registers, rest, strict=True))
        cores = tianji.CoresOp(
            wiring.sources,
            listens,
            synapses,
            code,
            bias=named["bias"],
            cut=named.get("cut"),
            threshold=named.get("threshold"),
            initial=named.get("initial"),
        )
        cores.attributes.update(op.attributes)
        # The code says it now.
        cores.attributes.pop(core_op.MODE_ATTRIBUTE, None)
        shape = shape_of(op.result)
        new: list[Operation] = [*tensors, cores]
        if shape != shape_of(cores.result):
            new.append(core_op.ReshapeOp(cores.result, shape))
        rewriter.replace(op, new)


def _add_ramp(registers: dict[str, Integers], ticks: int) -> None:
    """Let the leak be the threshold, and start so low that the same adds up; see `Target.ramps`."""
    threshold = registers["threshold"]
    threshold = threshold if threshold.ndim == 2 else threshold[:, None]
    ramp = np.broadcast_to(threshold, registers["bias"].shape)
    registers["initial"] = registers["initial"] + ticks * registers["bias"] - 2 * ticks * ramp
    registers["bias"] = ramp


def _require(numbers: Integers, what: str, largest: int, least: int) -> None:
    """What padding added may not fit any more."""
    wrong = numbers[(numbers > largest) | (numbers < least)]
    if wrong.size:
        value = int(wrong[np.abs(wrong).argmax()])
        raise CorelowerError(
            f"{what} {value}, with its padding's zero points, is outside [{least}, {largest}]; "
            "re-encode its input without a zero point, or without padding"
        )


def _zeros(op: core_op.VmmOp) -> Integers:
    return np.zeros((op.groups, op.outputs), np.int64)


def _wide(value: SSAValue) -> Integers:
    return _constant(value).astype(np.int64)


def _bias_of_silence(
    op: core_op.VmmOp, axons: Integers, weight: npt.NDArray[np.generic], zero: int
) -> Integers:
    """What the axons that listen to nothing would add, were they sent the code of zero; G x N."""
    silent = axons == tianji.NOTHING
    if not zero or not silent.any():
        return _zeros(op)
    return zero * np.einsum("gm,gmn->gn", silent.astype(np.int64), weight.astype(np.int64))


def _cut(gain: npt.NDArray[np.generic]) -> Integers:
    """The cut of every core, from a gain a core or equal ones of its neurons."""
    real = gain.astype(np.float64).reshape(len(gain), -1)
    if not (real == real[:, :1]).all():
        raise CorelowerError("neurons of a core differ in their gain; a core has one cut")
    mantissa, exponent = np.frexp(real[:, 0])
    cut = 1 - exponent.astype(np.int64)
    if not (mantissa == 0.5).all():
        raise CorelowerError(
            f"gain {real[mantissa != 0.5].flat[0]:g} is not a power of two; re-run "
            "core-op-quantize-weights"
        )
    if not ((cut >= 0) & (cut <= tianji.LARGEST_CUT)).all():
        raise CorelowerError(
            f"gain {2.0 ** -float(cut[np.abs(cut).argmax()]):g} is outside "
            f"[2^-{tianji.LARGEST_CUT}, 1], what a cut out of the sum can be; re-run "
            "core-op-quantize-weights"
        )
    return cut


def _threshold(gain: npt.NDArray[np.generic]) -> Integers:
    """The threshold of every core or neuron, whose reciprocal the gain is."""
    real = gain.astype(np.float64)
    if not is_reciprocal(real).all():
        odd = real[~is_reciprocal(real)].flat[0]
        raise CorelowerError(
            f"gain {odd:g} is not one over an integer threshold; re-run core-op-quantize-weights"
        )
    return thresholds_of(real)


def _read_by_host(function: FuncOp) -> None:
    """Whatever takes codes through wiring and is no core reads them from the chip."""
    for op in list(function.body.block.ops):
        if isinstance(op, core_op.WiringOperation | tianji.ListeningOperation):
            continue
        for number, operand in enumerate(op.operands):
            source = operand.owner
            is_wired = isinstance(source, core_op.WiringOperation)
            if not is_wired or core_op.code_of(operand) is None:
                continue
            op.operands[number] = _read(function, operand, op)


def _read(function: FuncOp, value: SSAValue, user: Operation) -> SSAValue:
    wiring = WiringIndices()
    index = _tensor(wiring.of(value), np.int32, "index")
    if not wiring.sources:
        raise OperationError(user, "it takes constants only; no core computes them")
    read = tianji.ReadOp(wiring.sources, index.result)
    read.result.name_hint = value.name_hint
    owner = value.owner
    assert isinstance(owner, Operation)
    read.attributes.update(owner.attributes)
    for new in (index, read):
        new.location = owner.location
        function.body.block.insert_op_before(new, user)
    return read.result


def _tensor(array: npt.NDArray[np.generic], dtype: type[np.generic], name: str) -> trained.TensorOp:
    tensor = trained.TensorOp(array.astype(dtype))
    tensor.result.name_hint = name
    return tensor


def _constant(value: SSAValue | None) -> npt.NDArray[np.generic]:
    data = trained.constant_of(value) if value is not None else None
    assert data is not None
    return data.array


def _what_is_missing(op: Operation) -> str | None:
    """Why an operation of a lowered function cannot be lowered yet; `None` where it can."""
    if isinstance(op, core_op.VmmOp):
        if not op.is_quantized:
            return "its weights are real numbers; run core-op-quantize-weights first"
        if op.positions > 1:
            return (
                f"{op.positions} positions share its weights, each needs synapses of its own; "
                "run core-op-unroll first"
            )
        constants = (op.weight, "weights"), (op.bias, "bias"), (op.gain, "gain")
        for value, what in (*constants, (op.potential, "potential")):
            if value is not None and trained.constant_of(value) is None:
                return f"its {what} is not a trained.tensor; cores are loaded once"
    if isinstance(op, core_op.MaxOp):
        return "a maximum is not a function of this core; run nn-decompose-pooling"
    if isinstance(op, core_op.WiringOperation) and any(
        trained.constant_of(value) is not None for value in op.operands
    ):
        return "a constant tensor is used as a signal; no core computes it"
    if op.name.startswith("nn.") and not isinstance(op, HOST_OPERATIONS):
        return "it is not an operation of a core; run convert-nn-to-core-op first"
    return None


def _require_chip(target: Target) -> None:
    def require(holds: bool, text: str) -> None:
        if not holds:
            raise CorelowerError(f"target '{target.name}': {text}")

    least, largest = target.weights
    require(least >= -128 and largest <= 127, f"weights {[least, largest]} exceed 8 bits")
    require(
        target.weight_values <= 256, f"tables of {target.weight_values} weights; 8 bits tell 256"
    )
    require(target.signal_bits <= 8, f"signals of {target.signal_bits} bits; TianJi has 8")
    require(not target.bias_rows, "TianJi has no bias rows; use bias_bits")
    require(0 < target.accumulator_bits <= 24, "TianJi's sums have at most 24 bits")
    require(target.rounding == "floor", "TianJi drops the bits below a cut; its rounding is floor")
