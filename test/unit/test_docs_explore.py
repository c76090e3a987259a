"""docs/explore.md names every key of `study.json`, every axis, and no other."""

import json
import re
from pathlib import Path

from corelower.tools.explore_inputs import StudyOptions
from corelower.tools.explore_points import AXES, grid
from corelower.tools.explore_result import Point
from corelower.tools.explore_study import Study

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explore.md"


def keys_of_table(title: str, column: int = 1) -> list[str]:
    """The names in a column of the table under a heading."""
    parts = re.split(r"^#+ (.*)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    section = dict(zip(parts[1::2], parts[2::2], strict=True))[title]
    return re.findall(rf"^(?:\|[^|]*){{{column - 1}}}\| `(\w+)` \|", section, re.MULTILINE)


def test_every_key_is_documented():
    (settings,) = grid("prime", {})
    study = Study("model.onnx", None, StudyOptions(), (Point("name", settings),))
    entry = json.loads(study.text())
    assert sorted(keys_of_table("`study.json`")) == sorted(entry)
    assert sorted(keys_of_table("`points`")) == sorted(entry["points"][0])


def test_every_axis_is_documented():
    assert keys_of_table("Axes", 2) == [*AXES, "FIELD"]
