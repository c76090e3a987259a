"""Options that several commands of `corelower` share."""

from enum import StrEnum
from typing import Annotated

import typer

from ..dialects.support.errors import CorelowerError
from ..dialects.support.target import FieldValue


class Layout(StrEnum):
    """The order of an image's axes in the data."""

    nchw = "nchw"
    nhwc = "nhwc"


class MaxPool(StrEnum):
    """How a maximum is computed."""

    auto = "auto"
    relu = "relu"
    native = "native"


class Coding(StrEnum):
    """How units share out a number, see `core-op-choose-codings`."""

    auto = "auto"
    thermometer = "thermometer"
    coarse_fine = "coarse-fine"
    trained = "trained"


class Output(StrEnum):
    """What counts of the network's outputs."""

    decisions = "decisions"
    values = "values"


class Mode(StrEnum):
    """In which of its modes a chip computes."""

    ann = "ann"
    snn = "snn"


class Firing(StrEnum):
    """When a neuron that has reached its threshold spikes."""

    window = "window"
    tick = "tick"


class Reset(StrEnum):
    """What is left of a potential when its neuron spikes."""

    zero = "zero"
    subtract = "subtract"


Calibration = Annotated[
    str, typer.Option(help="inputs without labels: FILE or FILE:array (.npy, .npz, IDX, .gz)")
]
Test = Annotated[str | None, typer.Option(help="inputs to measure on: FILE[:array]")]
Labels = Annotated[str | None, typer.Option(help="their classes: FILE[:array]")]
Scale = Annotated[float, typer.Option(help="the data is divided by this")]
Mean = Annotated[str, typer.Option(help="then subtracted; one number, or one a channel")]
Std = Annotated[str, typer.Option(help="then divided by; one number, or one a channel")]
AxesOrder = Annotated[Layout, typer.Option(help="axes of the data's images")]
Chip = Annotated[str, typer.Option(help="the chip")]
ChipMode = Annotated[
    Mode | None, typer.Option(help="of a chip that computes on codes (ann) or in spikes (snn)")
]
Window = Annotated[
    int | None, typer.Option(help="ticks in which spikes are counted, in mode snn", min=2)
]
ResetTo = Annotated[
    Reset | None, typer.Option(help="a neuron that spikes goes back to zero, or by its threshold")
]
FiresAt = Annotated[
    Firing | None,
    typer.Option(help="a neuron spikes in the window behind its input, exactly; or at any tick"),
]
GradedLayers = Annotated[
    str, typer.Option(help="in mode snn, layers and inputs with codes: names or numbers, a,b,0,-1")
]
SpikingLayers = Annotated[
    str, typer.Option(help="in mode ann, layers and inputs in spikes: names or numbers")
]
Override = Annotated[str, typer.Option(help="other constraints: signal_bits=4,weight_bits=4,...")]
Maximum = Annotated[MaxPool, typer.Option(help="a maximum from ReLU, or by the chip's own unit")]
OutputMeaning = Annotated[
    Output, typer.Option(help="only which output is the largest counts, or all of them")
]
FunctionError = Annotated[
    float, typer.Option(help="of an approximated function, at most, as a part of its span")
]


def constraints(
    override: str,
    mode: Mode | None,
    window: int | None,
    reset: Reset | None,
    firing: Firing | None = None,
    *,
    has_spikes: bool = False,
) -> dict[str, FieldValue]:
    """
    The fields of the target that are given, by `--override` or an option of their own.

    Those of spikes may be where the mode has them, or the network is mixed and `has_spikes`.
    """
    from .target_overrides import parse_overrides

    given: dict[str, FieldValue | None] = {
        "window": window,
        "reset": reset and reset.value,
        "firing": firing and firing.value,
    }
    has_spikes |= mode == Mode.snn
    if not has_spikes and any(value is not None for value in given.values()):
        raise CorelowerError("--window, --reset and --firing are of spikes; they need --mode snn")
    overrides = parse_overrides(override)
    for name, value in given.items():
        if value is None:
            continue
        if name in overrides:
            raise CorelowerError(f"{name} is given twice, by --{name} and by --override")
        overrides[name] = value
    return overrides


def layers(text: str) -> tuple[str, ...]:
    """The names of layers with commas between them."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas between them. Raises `CorelowerError`."""
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise CorelowerError(f"'{text}' is not a list of numbers, as 0.5 or 0.4,0.5,0.6") from None
