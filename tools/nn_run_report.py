"""What `nn-run` found, as text or as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, prod
from typing import TYPE_CHECKING

from ..dialects.support.errors import CorelowerError
from ..dialects.support.tensor_data import Array
from ..targets.measures import Classes, Comparison, ValueDifference, fraction

if TYPE_CHECKING:
    from rich.table import Table


SHOWN_NUMBERS = 10
"""How many numbers of one output are shown."""

PIPED_WIDTH = 160
"""Columns, where the output is no terminal."""


@dataclass
class Report:
    """The model that was run, and what was found; accuracies are fractions."""

    model: str
    samples: int
    first_outputs: Sequence[Array] = field(default_factory=list[Array])
    classes: Classes | None = None
    accuracy: float | None = None
    golden_accuracy: float | None = None
    comparison: Comparison | None = None

    def set_classes(self, classes: Classes | None, labels: Classes | None) -> None:
        """Keep the classes, and their accuracy; raises `CorelowerError` where there are none."""
        self.classes = classes
        if labels is not None:
            self.accuracy = _accuracy(classes, labels)

    def set_golden_classes(self, classes: Classes | None, labels: Classes | None) -> None:
        """The same of the golden network."""
        if labels is not None:
            self.golden_accuracy = _accuracy(classes, labels)


def print_report(report: Report) -> None:
    """Print a report for a reader, as wide as the terminal."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPED_WIDTH)
    if report.comparison is not None:
        console.print(_comparison_table(report.comparison))
        for name, reason in report.comparison.skipped.items():
            console.print(f"not compared: {name}: {reason}", markup=False)
    elif report.accuracy is None:
        console.print(_outputs_table(report))
        if (rest := report.samples - len(report.first_outputs[0])) > 0:
            console.print(f"and {rest} more; --output FILE writes them all")
    if report.accuracy is not None:
        console.print(f"accuracy {report.accuracy:.2%} of {report.samples} samples")
    if report.golden_accuracy is not None:
        console.print(f"golden accuracy {report.golden_accuracy:.2%}")
    if report.comparison is not None and report.comparison.disagreement is not None:
        disagreement = report.comparison.disagreement
        console.print(f"disagreement {disagreement:.2%} of {report.samples} samples")


def print_json(report: Report) -> None:
    """
    Print a report as JSON.

    Keys: `model`, `samples`; `outputs` (of each result `shape`, and `first`, the numbers of the
    first samples), `classes` of these samples; with labels `accuracy`; with a comparison
    `golden_accuracy`, `disagreement`, `values`, `results` (of each `name`, `where`, `shape`,
    `sqnr_db`, `maximum`, `relative`, `equal`) and `skipped`. What is not finite is `null`.
    """
    content: dict[str, object] = {"model": report.model, "samples": report.samples}
    if report.first_outputs:
        content["outputs"] = [
            {"shape": list(output.shape[1:]), "first": _finite_list(output)}
            for output in report.first_outputs
        ]
        if report.classes is not None:
            content["classes"] = report.classes[: len(report.first_outputs[0])].tolist()
    if report.accuracy is not None:
        content["accuracy"] = report.accuracy
    if report.golden_accuracy is not None:
        content["golden_accuracy"] = report.golden_accuracy
    if report.comparison is not None:
        content["disagreement"] = report.comparison.disagreement
        content["values"] = [_difference_entry(row) for row in report.comparison.values]
        content["results"] = [_difference_entry(row) for row in report.comparison.outputs]
        content["skipped"] = report.comparison.skipped
    print(json.dumps(content, indent=2, allow_nan=False))


def _comparison_table(comparison: Comparison) -> "Table":
    table = _table("value", "shape", ("SQNR dB", "right"), ("max error", "right"), "relative")
    for row in (*comparison.values, *comparison.outputs):
        shape = "x".join(map(str, row.shape)) or "scalar"
        sqnr = "exact" if row.sqnr == float("inf") else f"{row.sqnr:.1f}"
        table.add_row(row.name, shape, sqnr, f"{row.maximum:.3g}", f"{row.relative:.2g}")
    return table


def _outputs_table(report: Report) -> "Table":
    with_class = report.classes is not None and report.first_outputs[0].dtype.kind == "f"
    columns = ["class"] if with_class else []
    results = [f"result {index}" for index in range(len(report.first_outputs))]
    table = _table(("sample", "right"), *columns, *(results if len(results) > 1 else ["output"]))
    for sample in range(len(report.first_outputs[0])):
        row = [str(sample)]
        if with_class and report.classes is not None:
            row.append(str(report.classes[sample]))
        row += [_numbers_text(output[sample]) for output in report.first_outputs]
        table.add_row(*row)
    return table


def _table(*columns: str | tuple[str, str]) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, safe_box=True)
    for column in columns:
        name, justify = (column, "left") if isinstance(column, str) else column
        table.add_column(name, justify="right" if justify == "right" else "left")
    return table


def _numbers_text(output: Array) -> str:
    numbers = output.reshape(-1)
    shown = " ".join(f"{number:.4g}" for number in numbers[:SHOWN_NUMBERS].tolist())
    return f"{shown} ... ({prod(output.shape)})" if len(numbers) > SHOWN_NUMBERS else shown


def _difference_entry(row: ValueDifference) -> dict[str, object]:
    return {
        "name": row.name,
        "where": row.where,
        "shape": list(row.shape),
        "sqnr_db": _finite(row.sqnr),
        "maximum": _finite(row.maximum),
        "relative": _finite(row.relative),
        "equal": row.maximum == 0,
    }


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def _finite_list(output: Array) -> list[list[float | None]]:
    rows = output.reshape(len(output), -1)
    return [[_finite(number) for number in row.tolist()] for row in rows]


def _accuracy(classes: Classes | None, labels: Classes) -> float:
    if classes is None:
        raise CorelowerError("no accuracy: the outputs name no class")
    return fraction(classes == labels)
