"""What `nn-run` can run: IR of any level, and chip images."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import get_args

from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.dialects.func import FuncOp

from ..dialects.nn import Shape, shape_of
from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.functions import find_function
from ..dialects.support.location import parse_module
from ..dialects.support.samples import Samples, fit_samples
from ..dialects.support.tensor_data import Array
from ..targets.measures import Comparison, ComparisonRecord, ValuePlace
from ..targets.prime.image import is_image, read_image
from ..targets.prime.programmed_mats import Mode
from ..targets.prime.simulator import Simulator
from ..targets.tianji import image as tianji_image
from .chips import ChipSimulator
from .diagnostics import verify
from .ir_files import decode, read_module
from .progress import Progress

IMAGE_BATCH = 256
"""Samples that an image runs between two looks at the progress."""


CHIP_MODES = get_args(Mode)
"""See the simulator."""


@dataclass(frozen=True)
class ChipOptions:
    """How a chip image is simulated, see `Simulator`; exactly, where nothing is said."""

    mode: str | None = None
    variation: float = 0.0
    stuck: float = 0.0
    seed: int = 0

    def load(self, path: str) -> Simulator:
        """The chip with the image in a file; raises `CorelowerError`."""
        modes: dict[str | None, Mode] = {None: "exact", **{mode: mode for mode in CHIP_MODES}}
        if self.mode not in modes:
            known = ", ".join(CHIP_MODES)
            raise CorelowerError(f"no mode '{self.mode}' of the simulator; it has {known}")
        return Simulator(
            read_image(path),
            modes[self.mode],
            variation=self.variation,
            stuck=self.stuck,
            seed=self.seed,
        )


EXACT = ChipOptions()


class Model(ABC):
    """A network that runs on samples."""

    name: str
    """As a user knows it."""

    @property
    @abstractmethod
    def input_shapes(self) -> list[Shape]:
        """Of one sample of each input."""

    @abstractmethod
    def batches(
        self, inputs: Sequence[Samples], batch_size: int | None = None
    ) -> Iterator[tuple[int, tuple[Array, ...]]]:
        """The samples in each batch, and the results; `batch_size` where the default may not do."""

    def fit(self, samples: Sequence[Samples]) -> list[Samples]:
        """The samples of each input in the shape that it has; raises `CorelowerError`."""
        shapes = self.input_shapes
        if len(shapes) != len(samples):
            raise CorelowerError(
                f"{self.name} takes {len(shapes)} inputs, --data is given {len(samples)} times"
            )
        return [fit_samples(one, shape) for one, shape in zip(samples, shapes, strict=True)]


class FunctionModel(Model):
    """A function of the IR. JAX comes in when it runs, not before."""

    def __init__(self, module: ModuleOp, function: FuncOp):
        self.module = module
        self.function = function
        self.name = f"@{function.sym_name.data}"

    @property
    def input_shapes(self) -> list[Shape]:
        shapes: list[Shape] = []
        for argument in self.function.body.block.args:
            if not isinstance(argument.type, TensorType):
                raise OperationError(self.function, f"an input is {argument.type}, not a tensor")
            shapes.append(shape_of(argument))
        return shapes

    def batches(
        self, inputs: Sequence[Samples], batch_size: int | None = None
    ) -> Iterator[tuple[int, tuple[Array, ...]]]:
        from ..targets.jax.evaluator import Evaluator

        evaluator = Evaluator(self.function, batch_size)
        return evaluator.batches(evaluator.returned, *inputs)


class ImageModel(Model):
    """A chip image in its simulator, which needs nothing but the image."""

    def __init__(self, path: str, simulator: ChipSimulator, input_shapes: list[Shape]):
        self.name = Path(path).name
        self.simulator = simulator
        self._input_shapes = input_shapes

    @property
    def input_shapes(self) -> list[Shape]:
        return self._input_shapes

    def batches(
        self, inputs: Sequence[Samples], batch_size: int | None = None
    ) -> Iterator[tuple[int, tuple[Array, ...]]]:
        step = batch_size or IMAGE_BATCH
        for start in range(0, len(inputs[0]), step):
            batch = [samples[start : start + step] for samples in inputs]
            yield len(batch[0]), self.simulator.run(*batch)


def load_model(
    path: str,
    function: str | None,
    ctx: CorelowerContext,
    chip: ChipOptions = EXACT,
) -> Model:
    """
    The model in a file: a chip image, known by its first bytes, or a function of IR in text form.

    `path` may be `-`, standard input; `function` is `main` where none is named.
    """
    if path != "-" and (is_prime := is_image(path)) | tianji_image.is_image(path):
        if function is not None:
            raise CorelowerError(f"a chip image has no functions; leave out '{function}'", path)
        return _prime_model(path, chip) if is_prime else _tianji_model(path, chip)
    if chip != EXACT:
        raise CorelowerError("how a chip computes is for chip images; IR is run as it is", path)
    module = load_module(ctx, path)
    return FunctionModel(module, find_function(module, function or "main"))


def _prime_model(path: str, chip: ChipOptions) -> ImageModel:
    simulator = chip.load(path)
    image = simulator.image
    return ImageModel(path, simulator, [image.values[port.value].shape for port in image.inputs])


def _tianji_model(path: str, chip: ChipOptions) -> ImageModel:
    if chip != EXACT:
        raise CorelowerError("TianJi is digital: its images are simulated exactly", path)
    from ..targets.tianji.simulator import Simulator as TianjiSimulator

    image = tianji_image.read_image(path)
    shapes = [image.values[port.value].shape for port in image.inputs]
    return ImageModel(path, TianjiSimulator(image), shapes)


def load_module(ctx: CorelowerContext, path: str) -> ModuleOp:
    """The verified module in a text file, or on standard input where `path` is `-`."""
    if path == "-":
        module = parse_module(ctx, decode(sys.stdin.buffer.read(), "<stdin>"), "<stdin>")
    else:
        module = read_module(ctx, path)
    verify(module)
    return module


def golden_of(model: Model) -> FunctionModel:
    """The golden function beside a function; raises `CorelowerError` where there is none."""
    from ..dialects.support.functions import golden_function

    if not isinstance(model, FunctionModel):
        raise CorelowerError(f"{model.name} holds no golden function: name IR with --compare OTHER")
    return FunctionModel(model.module, golden_function(model.module, model.function))


def compare_models(
    model: Model, golden: Model, samples: Sequence[Samples], progress: Progress
) -> Comparison:
    """Two functions value by value; where one of them is an image, their results only."""
    if isinstance(model, FunctionModel) and isinstance(golden, FunctionModel):
        from ..targets.jax.compare import compare_functions

        inputs = model.fit(samples)
        return compare_functions(model.function, golden.function, *inputs, progress=progress)
    record: ComparisonRecord | None = None
    shapes: list[Shape] = []
    for (_, actual), (_, wanted) in zip(
        model.batches(model.fit(samples), IMAGE_BATCH),
        golden.batches(golden.fit(samples), IMAGE_BATCH),
        strict=True,
    ):
        if record is None:
            shapes = _result_shapes(model, actual, golden, wanted)
            record = ComparisonRecord(len(shapes), len(shapes))
        record.add(actual, wanted)
        progress(record.samples, len(samples[0]))
    if record is None:
        raise CorelowerError("the data has no samples")
    places = [ValuePlace(f"result {i}", None, shape) for i, shape in enumerate(shapes)]
    return record.comparison(places, {})


def _result_shapes(
    model: Model, actual: Sequence[Array], golden: Model, wanted: Sequence[Array]
) -> list[Shape]:
    shapes, others = ([array.shape[1:] for array in arrays] for arrays in (actual, wanted))
    if list(map(prod, shapes)) != list(map(prod, others)):
        raise CorelowerError(
            f"the results differ: {model.name} returns {_shapes_text(shapes)}, "
            f"{golden.name} {_shapes_text(others)}"
        )
    return shapes


def _shapes_text(shapes: Sequence[Shape]) -> str:
    return ", ".join(str(list(shape)) for shape in shapes) or "nothing"
