"""What a compilation reached: the keys of `report.json`, and the files that show it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..dialects.support.files import write_text
from ..targets.attribution import Attribution
from .output_folder import FILES_KEY, REPORT, files_of
from .stage_folder import StageResult


@dataclass(frozen=True)
class LayerError:
    """How far one value of the coded network is from the golden one of its name."""

    name: str
    """The golden value's name, as the model has it."""
    where: str | None
    sqnr_db: float | None
    """Signal over error power; `None` where there is no error."""
    maximum: float
    """The largest absolute error."""
    relative: float
    """The largest absolute error over the largest golden magnitude."""

    @property
    def node(self) -> str:
        """The model's node that computes it, by the name that its author gave it."""
        return node_of(self.name, self.where)


@dataclass(frozen=True)
class Report:
    """
    What a compilation reached; the fields are the keys of `report.json`, see docs/report.md.

    Accuracies, disagreements and utilisation are fractions, times are seconds, memory is bytes.
    Accuracy is `None` where no labels were given, disagreement where the network decides nothing.
    """

    model: str
    target: str
    version: str
    calibration: str | None
    """Where the calibration data came from; `None` for data that was in memory."""
    calibration_samples: int
    measured_on: str
    """`test`, or `calibration` where there are no test samples."""
    golden_accuracy: float | None
    accuracy: float | None
    disagreement: float | None
    bit_exact: bool
    """Whether coded `core_op`, the chip's level and the image agree bit for bit."""
    verified_samples: int
    test_samples: int
    """Samples that accuracy and disagreement were measured on."""
    simulated_samples: int
    """The first of these, which the simulator ran; the IR computed the others."""
    cores: int
    weight_cores: int
    utilisation: float
    tune_seconds: float
    seconds: float
    peak_bytes: int
    image: str
    """The chip image's file."""
    stages: tuple[StageResult, ...]
    layers: tuple[LayerError, ...]
    mapping: dict[str, float | int | str]
    attribution: Attribution | None = None
    """Where the accuracy went; `None` where that was not asked for."""
    mode: str | None = None
    """The chip's mode, of one that has several."""
    graded_layers: tuple[str, ...] = ()
    """Of a mixed network: the layers and inputs that were to be graded, as they were named."""
    spiking_layers: tuple[str, ...] = ()
    """The same of those that were to spike."""

    @property
    def chip(self) -> str:
        """The chip and its mode, for a reader."""
        chip = self.target if self.mode is None else f"{self.target} {self.mode}"
        for kind, names in (("graded", self.graded_layers), ("spiking", self.spiking_layers)):
            chip += f", {kind}: {' '.join(names)}" if names else ""
        return chip


def node_of(name: str, where: str | None) -> str:
    """The model's node, or nodes, that compute a golden value, by their author's names."""
    if where is None or not (where.startswith("node '") and where.endswith("'")):
        return where or name
    return where[len("node '") : -1].replace("', node '", ", ")


def write_report(report: Report, folder: Path) -> None:
    """Write `report.html` and, last of all, `report.json`."""
    from .html_report import render_report

    write_text(folder / "report.html", render_report(report))
    entry = asdict(report)
    entry[FILES_KEY] = sorted([*files_of(folder), REPORT])
    write_text(folder / REPORT, json.dumps(entry, indent=1, allow_nan=False) + "\n")
