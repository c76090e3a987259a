"""docs/report.md names every key of `report.json`, and no other."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from corelower.passes.prime_map import MappingSummary
from corelower.targets.attribution import (
    CAUSES,
    Attribution,
    BitGain,
    CauseLoss,
    CauseTotal,
    LayerLoss,
)
from corelower.tools.compile_report import LayerError, Report
from corelower.tools.output_folder import FILES_KEY
from corelower.tools.stage_folder import StageResult

PAGE = Path(__file__).resolve().parents[2] / "docs" / "report.md"


def section(title: str) -> str:
    """The text under a heading, up to the next one."""
    parts = re.split(r"^#+ (.*)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


def keys_of_table(title: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", section(title), re.MULTILINE))


@pytest.mark.parametrize(
    ("title", "kind", "more"),
    [
        ("The report", Report, {FILES_KEY}),
        ("`stages`", StageResult, set[str]()),
        ("`layers`", LayerError, set[str]()),
        ("`attribution`", Attribution, set[str]()),
        ("Its `causes`", CauseTotal, set[str]()),
        ("Its `layers`", LayerLoss, set[str]()),
        ("The `causes` of a layer", CauseLoss, set[str]()),
        ("Its `bits`", BitGain, set[str]()),
    ],
)
def test_every_key_is_documented(title: str, kind: type, more: set[str]) -> None:
    assert keys_of_table(title) == {field.name for field in fields(kind)} | more


def test_every_figure_of_the_mapping_is_documented() -> None:
    named = set(re.findall(r"`(\w+)`", section("`mapping`"))) - {"model"}
    assert named == {field.name for field in fields(MappingSummary)}


def test_every_cause_is_explained() -> None:
    assert keys_of_table("Causes") == set(CAUSES)
