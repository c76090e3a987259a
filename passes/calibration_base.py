"""What the passes that look at data share: where the data comes from."""

from dataclasses import dataclass, field
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.func import FuncOp

from ..dialects.nn import shape_of
from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import CorelowerError
from ..dialects.support.samples import Preprocessing, Samples, fit_samples, load_samples
from .pass_base import CorelowerPass

OutputMeaning = Literal["decisions", "values"]

OUTPUT_HELP = (
    "whether the largest output counts, so that all far from a decision may saturate, or all"
)


@dataclass(frozen=True)
class CalibrationPass(CorelowerPass):
    """A pass that runs a function on samples, without labels."""

    data: str = field(
        default="", metadata={"help": "samples: FILE or FILE:array (.npy, .npz, IDX, .gz)"}
    )
    scale: float = field(default=1.0, metadata={"help": "number that the data is divided by"})
    mean: tuple[float, ...] = field(
        default=(), metadata={"help": "subtracted then; one number, or one a channel"}
    )
    std: tuple[float, ...] = field(
        default=(), metadata={"help": "divided by then; one number, or one a channel"}
    )
    layout: Literal["nchw", "nhwc"] = field(
        default="nchw", metadata={"help": "the layout of the data"}
    )
    samples: int = field(default=1024, metadata={"help": "samples used, from the first on"})

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ValueError(f"samples must be 1 or more, not {self.samples}")

    def load(self, ctx: Context, function: FuncOp) -> Samples:
        """The samples for `function`: from the option `data`, or those that the context carries."""
        arguments = function.body.block.args
        if len(arguments) != 1:
            raise CorelowerError(
                f"{self.name}: @{function.sym_name.data} takes {len(arguments)} inputs; "
                "calibration data holds one"
            )
        if self.data:
            preprocessing = Preprocessing(self.scale, self.mean, self.std, self.layout)
            samples = load_samples(self.data, preprocessing)
        elif isinstance(ctx, CorelowerContext) and ctx.calibration is not None:
            samples = ctx.calibration
        else:
            raise CorelowerError(f"{self.name}: no data; give the option data=FILE[:array]")
        return fit_samples(samples, shape_of(arguments[0])).first(self.samples)
