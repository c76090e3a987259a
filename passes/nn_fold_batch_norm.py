"""The pass `nn-fold-batch-norm`: rules in `rules/nn_fold_batch_norm.mlir`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from ..dialects.nn import BatchNormOp
from ..dialects.support.errors import OperationError
from ..dialects.trained import constant_of
from .nn_natives import NN_NATIVES
from .pass_base import CorelowerPass, lowered_functions
from .rules import apply_rules
from .rules_loader import load_project_rules


@dataclass(frozen=True)
class NnFoldBatchNormPass(CorelowerPass):
    """
    Requires batch norms with constant parameters, and leaves none: each is folded into a neighbour.

    A batch norm goes into the convolution or dense layer before it, else into the one after it
    where that is exact (no padding, no other users), else it becomes a convolution of each channel
    by itself. Weights are computed in float64 and rounded to float32 once.
    """

    name = "nn-fold-batch-norm"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        # Constants that are added become biases, so that a batch norm behind them has a layer.
        fold = [
            *load_project_rules(ctx, "nn_fold_batch_norm", NN_NATIVES),
            *load_project_rules(ctx, "nn_fuse_linear", NN_NATIVES),
        ]
        convert = load_project_rules(ctx, "nn_batch_norm_to_conv", NN_NATIVES)
        for function in lowered_functions(op):
            apply_rules(ctx, function, fold)
            # What becomes a convolution here takes in a batch norm that comes after it.
            apply_rules(ctx, function, [*fold, *convert])
            _refuse_computed_parameters(function)


def _refuse_computed_parameters(scope: Operation) -> None:
    for op in scope.walk():
        if not isinstance(op, BatchNormOp):
            continue
        computed = [
            name
            for name in ("scale", "bias", "mean", "variance")
            if constant_of(getattr(op, name)) is None
        ]
        raise OperationError(
            op,
            f"{' and '.join(computed)} must be constant to fold the batch norm; "
            "export the model for inference, not for training",
        )
