"""What becomes of every node of a model on a chip, found without compiling it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from xdsl.dialects.builtin import ModuleOp, UnrealizedConversionCastOp
from xdsl.utils.str_enum import StrEnum

from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.errors import CombinedError, CorelowerError, OperationError
from ..dialects.support.functions import find_function
from ..dialects.support.location import node_names
from ..dialects.support.samples import Samples, fit_samples
from ..dialects.support.target import FieldValue, Target
from ..passes.function_approximation import Approximation, plan_approximations
from ..passes.nn_approximate import replace_function
from ..passes.pipelines import AFTER_APPROXIMATION, BEFORE_APPROXIMATION, PIPELINES
from ..passes.reform_limits import HOST_OPERATIONS, ReformError, stays_on_host
from ..passes.target_checks import cores_of_product
from ..targets.registry import find_target
from .diagnostics import verify
from .ir_files import make_context
from .pipeline_spec import build_passes
from .universe import full_universe

if TYPE_CHECKING:
    import onnx

    from .onnx_import import ExaminedModel

RANDOM_SAMPLES = 64
"""Random inputs from which ranges are guessed where no data is given."""


class Form(StrEnum):
    """What becomes of a node."""

    EXACT = "exact"
    APPROXIMATED = "approximated"
    HOST = "host"
    CONSTANT = "constant"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class NodeForm:
    """
    A node of the model, and what becomes of it.

    `cores` are those that its dot products take, with the constructions behind them; they stand at
    the first node of several that share a dot product. `error` is a part of the function's span.
    """

    node: str
    operator: str
    form: Form
    cores: int | None = None
    error: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class Constraint:
    """A limit of the chip, what the model needs of it, and how that is met; or that it is not."""

    name: str
    needed: str
    limit: str
    answer: str
    is_met: bool = True


@dataclass(frozen=True)
class ModelCheck:
    """The outcome: every node, every constraint, and the choices that were made by counting."""

    model: str
    target: str
    nodes: tuple[NodeForm, ...]
    constraints: tuple[Constraint, ...]
    choices: tuple[str, ...]

    @property
    def can_compile(self) -> bool:
        """Whether nothing is in the way of a compilation."""
        supported = all(entry.form is not Form.UNSUPPORTED for entry in self.nodes)
        return supported and all(constraint.is_met for constraint in self.constraints)

    def to_json(self) -> dict[str, object]:
        """The outcome as JSON has it."""
        fields: dict[str, object] = asdict(self)
        return {**fields, "can_compile": self.can_compile}


def check_model(
    model: "str | Path | bytes | onnx.ModelProto",
    *,
    target: str = "prime",
    calibration: Samples | None = None,
    overrides: Mapping[str, FieldValue] | None = None,
    error: float = 0.001,
    samples: int = 1024,
    mode: str | None = None,
) -> ModelCheck:
    """
    What becomes of each node of `model` on a chip; all problems are found, not only the first.

    The errors of approximated functions are those over the ranges that occur on `calibration`; over
    those of random inputs where it is not given. Raises `CorelowerError` where the file is no
    model, there is no such target, or `error` is no part of a span.
    """
    from .onnx_import import examine_onnx

    if not 0 < error < 1:
        raise CorelowerError(f"the error bound must lie between 0 and 1, not {error:g}")
    ctx = make_context()
    examined = examine_onnx(model, ctx)
    chip = find_target(target, mode).with_fields(dict(overrides or {}))
    core_op.set_target(examined.module, chip)
    check = _Check(examined, chip, error)
    ctx.remarks.clear()
    check.ctx = ctx
    check.run(calibration.first(samples) if calibration is not None else None)
    name = str(model) if isinstance(model, str | Path) else "model in memory"
    return ModelCheck(name, target, check.rows(), tuple(check.constraints), tuple(ctx.remarks))


@dataclass
class _Check:
    """The model on its way to real `core_op`, and what was found on it."""

    examined: "ExaminedModel"
    target: Target
    error: float
    forms: dict[str, NodeForm] = field(default_factory=dict[str, NodeForm])
    constraints: list[Constraint] = field(default_factory=list[Constraint])

    def __post_init__(self) -> None:
        self.ctx = make_context()
        self.module: ModuleOp = self.examined.module
        self.known = {node.name: node.operator for node in self.examined.nodes}

    def run(self, samples: Samples | None) -> None:
        """Find the forms and the constraints."""
        for problem in self.examined.problems:
            self.note((problem.node,), Form.UNSUPPORTED, problem.reason)
        for name in self.examined.skipped:
            self.note((name,), Form.UNKNOWN, "it reads what a node at fault computes")
        present = {name for op in self.module.walk() for name in node_names(op.location)}
        for name in self.known:
            if name not in present:
                self.note((name,), Form.CONSTANT, "computed once, by the compiler")
        for op in self.module.walk():
            if isinstance(op, HOST_OPERATIONS) and stays_on_host(op):
                self.note(node_names(op.location), Form.HOST, "behind the last core")
        if not self.run_passes(BEFORE_APPROXIMATION):
            return
        self.approximate(samples)
        if self.run_passes(AFTER_APPROXIMATION) and not self.examined.problems:
            self.count_cores()

    def run_passes(self, pipeline: str) -> bool:
        """Run passes up to the first that refuses; its reasons become rows."""
        for one in build_passes(pipeline, full_universe().all_passes, PIPELINES):
            try:
                one.apply(self.ctx, self.module)
            except ReformError as failure:
                for obstacle in failure.obstacles:
                    text = "; ".join(filter(None, (obstacle.reason, obstacle.remedy)))
                    self.note(node_names(obstacle.op.location), Form.UNSUPPORTED, text)
                return False
            except CorelowerError as failure:
                self.note_failure(failure)
                return False
            verify(self.module, after=one.name)
        return True

    def note_failure(self, failure: CorelowerError) -> None:
        """The nodes that an error of a pass is about."""
        errors = failure.errors if isinstance(failure, CombinedError) else (failure,)
        for error in errors:
            nodes = node_names(error.location) if isinstance(error, OperationError) else ()
            if not self.note(nodes, Form.UNSUPPORTED, error.message):
                self.constraints.append(Constraint("form", str(error), "-", "not met", False))

    def note(
        self,
        nodes: Iterable[str],
        form: Form,
        detail: str,
        error: float | None = None,
        cores: int | None = None,
    ) -> bool:
        """Give nodes their form; whether one of them is a node of the model."""
        found = False
        for node in nodes:
            if node not in self.known:
                continue
            found = True
            self.forms.setdefault(
                node, NodeForm(node, self.known[node], form, cores, error, detail)
            )
        return found

    def approximate(self, samples: Samples | None) -> None:
        """Plan the functions of one variable, and put those that can be in their place."""
        main = find_function(self.module)
        shapes = [shape_of(argument) for argument in main.body.block.args]
        has_casts = any(isinstance(op, UnrealizedConversionCastOp) for op in main.walk())
        if len(shapes) != 1 or has_casts:
            return
        guess = ""
        if samples is None:
            guess = " of random inputs; --calibration says the real one"
            random = np.random.default_rng(0)
            samples = Samples(random.standard_normal((RANDOM_SAMPLES, *shapes[0]), np.float32))
        plans = plan_approximations(main, fit_samples(samples, shapes[0]), self.target, self.error)
        for plan in plans:
            self.note_plan(plan, guess)
        for plan in reversed(plans):
            if plan.refusal is None:
                replace_function(plan)

    def note_plan(self, plan: Approximation, guess: str) -> None:
        """A function's nodes: how nearly it is computed, and by what."""
        nodes = [name for op in plan.cluster.operations for name in node_names(op.location)]
        if plan.refusal is not None:
            self.note(nodes, Form.UNSUPPORTED, plan.refusal)
            return
        low, high = plan.interval
        detail = f"{plan.name}: {plan.hinges} rectifiers on {low:.4g} to {high:.4g}{guess}"
        self.note(nodes[:1], Form.APPROXIMATED, detail, plan.fraction, plan.cores)
        self.note(nodes[1:], Form.APPROXIMATED, f"one function with '{nodes[0]}'", plan.fraction)

    def count_cores(self) -> None:
        """The cores of every node, and what the chip's limits ask for."""
        products = list(_products(self.module))
        split = {
            "inputs": [op for op in products if op.fan_in > self.target.inputs],
            "outputs": [op for op in products if op.outputs > self.target.fan_out],
        }
        self.constraints += [
            _extent("inputs of a dot product", split["inputs"], products, self.target),
            _extent("outputs of a dot product", split["outputs"], products, self.target),
        ]
        main = find_function(self.module)
        arguments = main.body.block.args
        if not self.run_passes("core-op-expand"):
            return
        cores: dict[str, int] = {}
        total = 0
        for op in _products(self.module):
            count = cores_of_product(op, self.target)
            total += count
            nodes = [name for name in node_names(op.location) if name in self.known]
            if nodes:
                cores[nodes[0]] = cores.get(nodes[0], 0) + count
            self.note(nodes[1:], Form.EXACT, f"in the dot product of '{nodes[0]}'" if nodes else "")
        for node, count in cores.items():
            known = self.forms.get(node)
            if known is None or known.form is Form.EXACT:
                self.forms[node] = NodeForm(node, self.known[node], Form.EXACT, count)
            elif known.form is Form.APPROXIMATED:
                self.forms[node] = replace(known, cores=count)
        enough = not self.target.cores or total <= self.target.cores
        limit = str(self.target.cores) if self.target.cores else "none"
        answer = "fits" if enough else "take a larger chip, or a smaller network"
        bits, weights = self.target.signal_bits, self.target.weights
        self.constraints += [
            Constraint("cores", str(total), limit, answer, enough),
            Constraint("signals", "32 bits", f"{bits} bits", "codes, calibrated on data and tuned"),
            Constraint(
                "weights", "32 bits", f"{weights[0]} to {weights[1]}", "rounded, and tuned on data"
            ),
            Constraint(
                "inputs of the network",
                str(len(arguments)),
                "1",
                "fits" if len(arguments) == 1 else "make the others constants",
                len(arguments) == 1,
            ),
        ]

    def rows(self) -> tuple[NodeForm, ...]:
        """Every node in the order of the model; what nothing was said of is exact."""
        return tuple(
            self.forms.get(name) or NodeForm(name, operator, Form.EXACT)
            for name, operator in self.known.items()
        )


def _products(module: ModuleOp) -> Iterator[core_op.VmmOp]:
    return (op for op in find_function(module).walk() if isinstance(op, core_op.VmmOp))


def _extent(
    name: str, split: Sequence[core_op.VmmOp], products: Sequence[core_op.VmmOp], target: Target
) -> Constraint:
    """The rows or the columns of the largest matrix, and how many are cut to fit."""
    rows = name.startswith("inputs")
    limit = target.inputs if rows else target.fan_out
    most = max((op.fan_in if rows else op.outputs for op in products), default=0)
    count = "1 dot product" if len(split) == 1 else f"{len(split)} dot products"
    how = "into partial sums" if rows else "side by side"
    return Constraint(name, str(most), str(limit), f"{count} cut {how}" if split else "fits")
