"""The pass `nn-approximate`: functions of one variable as small ReLU networks."""

from dataclasses import dataclass, field

from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.rewriter import InsertPoint, Rewriter

from ..dialects import nn
from ..dialects.core_op import target_of
from ..dialects.support.errors import CombinedError, OperationError
from ..dialects.support.location import fused_location
from ..dialects.support.provenance import provenance_of
from ..dialects.support.target import Target
from .approximated_functions import FUNCTION, FUNCTION_PART
from .calibration_base import CalibrationPass
from .core_counts import counting_target
from .function_approximation import Approximation, describe_interval, plan_approximations
from .function_clusters import find_clusters, function_name, jumps_in
from .pass_base import lowered_functions, remark
from .relu_networks import network_operations
from .wiring import AUXILIARY


@dataclass(frozen=True)
class NnApproximate(CalibrationPass):
    """
    Requires data, and ensures that every curved function of one variable is a small ReLU network.

    Neighbouring element-wise operations that depend on one value are one function, a product such
    as `x * sigmoid(x)` too. The range is what occurs on the data; `error` bounds the largest error
    there, which a remark gives beside the hinges and cores that it takes. Fails where the bound
    cannot be met. What jumps (sign, rounding) is left as it is.
    """

    name = "nn-approximate"

    error: float = field(
        default=0.001,
        metadata={"help": "the largest error, as a part of the function's span over the range"},
    )
    max_hinges: int | None = field(
        default=None, metadata={"help": "hinges a function; by default what one core adds up"}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.error < 1:
            raise ValueError(f"error must lie between 0 and 1, not {self.error:g}")
        if self.max_hinges is not None and self.max_hinges < 1:
            raise ValueError(f"max-hinges must be 1 or more, not {self.max_hinges}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in lowered_functions(op):
            for jump in jumps_in(function):
                text = f"{function_name(jump)} jumps, so nothing continuous is near; left as it is"
                remark(ctx, jump, text)
            if not find_clusters(function):
                continue
            samples = self.load(ctx, function)
            plans = plan_approximations(
                function, samples, target_of(op), self.error, self.max_hinges
            )
            refused = [OperationError(p.op, p.refusal) for p in plans if p.refusal is not None]
            if refused:
                raise refused[0] if len(refused) == 1 else CombinedError(refused)
            # From the last on: one function's result may be the input of another.
            results = [replace_function(plan) for plan in reversed(plans)]
            for plan, result in zip(plans, reversed(results), strict=True):
                remark(ctx, result, describe_approximation(plan, counting_target(result)))


def describe_approximation(plan: Approximation, target: Target) -> str:
    """What was approximated, how nearly, and what it takes."""
    one = " as one function" if len(plan.cluster.operations) > 1 else ""
    cores = f"{plan.cores} core{'' if plan.cores == 1 else 's'}"
    return (
        f"{plan.name}{one} {describe_interval(plan.interval)}: {plan.hinges} hinges, error "
        f"{plan.error:.3g}, {plan.fraction:.3g} of its span; {cores} of {target.inputs} inputs and "
        f"{target.fan_out} outputs"
    )


def replace_function(plan: Approximation) -> nn.DenseOp:
    """Put the network in place of the function's operations; its layer that gives the result."""
    assert plan.network is not None and plan.table is not None
    cluster = plan.cluster
    shape = nn.shape_of(plan.op.result)
    created = network_operations(plan.network, cluster.input, shape)
    layers = [op for op in created if isinstance(op, nn.DenseOp)]
    for layer in layers:
        layer.attributes[AUXILIARY] = UnitAttr()
        layer.attributes[FUNCTION_PART] = UnitAttr()
    layers[-1].attributes[FUNCTION] = plan.table.attribute()
    layers[-1].attributes.update(provenance_of(plan.op))
    for op in created:
        op.location = fused_location(*cluster.operations)
    Builder(InsertPoint.before(plan.op)).insert(created)
    plan.op.result.replace_all_uses_with(created[-1].results[0])
    for op in reversed(cluster.operations):
        Rewriter.erase_op(op)
    for constant in cluster.constants:
        if not constant.result.uses.get_length():
            Rewriter.erase_op(constant)
    return layers[-1]
