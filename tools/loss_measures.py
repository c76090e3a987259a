"""What a compilation measures beside accuracies: errors of layers, and where they come from."""

from collections.abc import Callable
from math import isfinite

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp

from ..dialects import core_op
from ..dialects.support.functions import find_function, golden_function
from ..dialects.support.samples import Samples
from ..passes.real_parameters import drop_real_parameters
from ..targets.attribution import Attribution
from .compile_report import LayerError

ATTRIBUTION_PRODUCTS = 4e11
"""Multiplications that may be spent on where the accuracy went; of large networks fewer samples."""


def layer_errors(module: ModuleOp, samples: Samples) -> tuple[LayerError, ...]:
    """How far every value that has a golden name is from the golden one."""
    from ..targets.jax.compare import compare_functions

    main = find_function(module)
    found = compare_functions(main, golden_function(module, main), samples)
    return tuple(
        LayerError(
            value.name,
            value.where,
            value.sqnr if isfinite(value.sqnr) else None,
            value.maximum,
            value.relative,
        )
        for value in found.values
    )


def loss_attribution(
    module: ModuleOp, samples: Samples, *, decisions: bool, progress: Callable[[int, int], None]
) -> Attribution:
    """Where a coded network's accuracy went, with bounded work."""
    from ..passes.loss_attribution import attribute_loss

    main = find_function(module)
    return attribute_loss(
        main,
        golden_function(module, main),
        samples,
        decisions=decisions,
        most_products=ATTRIBUTION_PRODUCTS,
        progress=progress,
    )


def has_codes(function: FuncOp) -> bool:
    """Whether the function is on the level of codes, before a chip's own."""
    return any(
        isinstance(op, core_op.VmmOp) and core_op.code_of(op.result) is not None
        for op in function.body.block.ops
    )


def forget_real_weights(module: ModuleOp) -> None:
    """Drop the weights before rounding: what follows does not need them, and they are large."""
    for op in module.walk():
        if isinstance(op, core_op.VmmOp):
            drop_real_parameters(op)
