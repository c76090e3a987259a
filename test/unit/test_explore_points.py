"""The points of a study: the product of its axes, each once, and all that is wrong with an axis."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from corelower.dialects.support.errors import CorelowerError
from corelower.tools.explore_points import grid, listed, read_points, split_values
from corelower.tools.explore_report import compile_options
from corelower.tools.explore_settings import Settings, choices, varying

Axes = Mapping[str, Sequence[object]]


def texts(points: Sequence[Settings], *axes: str) -> list[tuple[str, ...]]:
    """What the points have on some axes."""
    return [tuple(choices(point)[axis].text for axis in axes) for point in points]


def test_without_axes_there_is_the_targets_own_point():
    (point,) = grid("prime", {})
    assert point == Settings(point.target)
    assert point.overrides == {}
    assert texts([point], "signal_bits", "weight_bits", "crossbar") == [("6", "8", "256x256")]


def test_a_grid_is_the_product_of_its_axes():
    points = grid("prime", {"seed": [0, 1], "weight_bits": [8, 4], "signal_bits": ["8", "6"]})
    expected = [(s, w, k) for s in ("8", "6") for w in ("8", "4") for k in ("0", "1")]
    assert texts(points, "signal_bits", "weight_bits", "seed") == expected
    assert varying(points) == ["signal_bits", "weight_bits", "seed"]


def test_every_axis_changes_what_it_names():
    axes: Axes = {
        "signal_bits": [4],
        "weight-bits": [4],
        "crossbar": ["128x64"],
        "units": ["auto"],
        "coding": ["trained"],
        "samples": [20],
        "tune": ["on"],
        "seed": [3],
        "cores": [500],
        "shares-positions": [False],
    }
    (point,) = grid("prime", axes)
    assert point.overrides == {
        "signal_bits": 4,
        "weights": (-7, 7),
        "fan_in": 128,
        "fan_out": 64,
        "cores": 500,
        "shares_positions": False,
    }
    assert (point.units, point.coding) == ("auto", "trained")
    assert (point.samples, point.tune, point.seed) == (20, True, 3)


def test_a_point_says_how_it_is_compiled_alone():
    axes: Axes = {"units": ["auto"], "coding": ["trained"], "signal_bits": [2], "samples": [64]}
    (point,) = grid("prime", axes)
    assert compile_options(point) == (
        "--target prime --override signal_bits=2 --units auto --coding trained --samples 64 "
        "--seed 0"
    )


@pytest.mark.parametrize(
    ("axes", "count"),
    [
        ({"signal_bits": [6, 6, "6"]}, 1),
        ({"crossbar": [128, (128, 128), "128x128", "128"]}, 1),
        ({"weights": ["-7:7", (-7, 7)]}, 1),
        # The order of samples is that of tuning.
        ({"tune": [True, False], "seed": [0, 1, 2]}, 4),
        ({"tune": ["on", "off"], "seed": [1, 2]}, 3),
        ({"units": ["1", 1, "01"]}, 1),
        # One unit shares out nothing, and units that are asked for are equal ones.
        ({"coding": ["auto", "trained", "coarse-fine"]}, 1),
        ({"units": [1, 2], "coding": ["auto", "thermometer", "trained"]}, 3),
        ({"units": ["auto"], "coding": ["auto", "thermometer", "trained"]}, 3),
    ],
)
def test_equal_points_are_one(axes: Axes, count: int):
    assert len(grid("prime", axes)) == count


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ({"signal_bits": []}, "axis signal_bits has no values"),
        ({"signal_bits": ["six"]}, "signal_bits is a whole number, not 'six'"),
        ({"signal_bits": [17]}, "target 'prime': signal_bits = 17 is out of range"),
        ({"weight_bits": [1]}, "weight_bits is a whole number of at least 2, not '1'"),
        ({"crossbar": [0]}, "crossbar is a whole number of at least 1, not '0'"),
        ({"crossbar": ["128x"]}, "crossbar is a whole number"),
        ({"crossbar": ["x128"]}, "crossbar is a whole number"),
        ({"units": [0]}, "units is auto or 1 or more, not '0'"),
        ({"units": ["many"]}, "units is auto or 1 or more, not 'many'"),
        ({"coding": ["fine"]}, "coding is auto, thermometer, coarse-fine, trained, not 'fine'"),
        ({"samples": [1]}, "samples is a whole number of at least 2, not '1'"),
        ({"tune": ["maybe"]}, "tune is on or off, not 'maybe'"),
        ({"seed": [-1]}, "seed is a whole number of at least 0, not '-1'"),
        ({"cores": ["4,fan_in=3"]}, "cores: '4,fan_in=3' is not one value"),
        ({"bits": [4]}, "no field 'bits' of a target; there are fan_in"),
        ({"weight_bits": [4], "weights": ["-7:7"]}, "weights is given twice: by weight_bits and"),
        ({"crossbar": [64], "fan_in": [32]}, "fan_in is given twice: by crossbar and by fan_in"),
        ({"fan_in": [64], "fan-in": [32]}, "axis fan_in is given twice"),
        ({"seed": range(200), "samples": range(2, 100)}, "a grid of 19,600 points; 10,000 are"),
    ],
)
def test_what_is_wrong_with_an_axis(axes: Axes, expected: str):
    with pytest.raises(CorelowerError) as caught:
        grid("prime", axes)
    assert str(caught.value).startswith(expected)


def test_points_can_be_listed():
    points = [{"signal_bits": 4, "tune": False}, {"weights": [-1, 1]}, {}, {"signal-bits": 6}]
    found = listed("prime", points)
    assert texts(found, "signal_bits", "weight_bits", "tune") == [
        ("4", "8", "off"), ("6", "2", "on"), ("6", "8", "on"),
    ]  # fmt: skip
    with pytest.raises(CorelowerError, match=r"^point 2: no field 'bits' of a target"):
        listed("prime", [{}, {"bits": 4}])
    with pytest.raises(CorelowerError, match=r"^no points are listed"):
        listed("prime", [])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "not JSON: "),
        ('{"signal_bits": 6}', "not a list of points"),
        ("[1]", "not every point in it is an object"),
        (None, "cannot read: No such file"),
        ("[" * 100_000, "not JSON: "),
        (b"\xff", "not a text in UTF-8 (byte 0)"),
    ],
)
def test_a_file_that_is_no_list_of_points(
    tmp_path: Path, content: str | bytes | None, expected: str
):
    path = tmp_path / "points.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.write_text(content)
    with pytest.raises(CorelowerError) as caught:
        read_points(path)
    assert str(caught.value).startswith(f"{path}: {expected}")


def test_a_file_with_points(tmp_path: Path):
    points = [{"signal_bits": 6}, {"tune": False}]
    (tmp_path / "points.json").write_text(json.dumps(points))
    assert read_points(tmp_path / "points.json") == points


def test_values_stand_between_commas():
    assert split_values("tune", " on, off") == ["on", "off"]
    for text in ("", "6,,4", "6,"):
        with pytest.raises(CorelowerError, match="has an empty value"):
            split_values("signal-bits", text)


def test_weights_that_are_not_the_usual_ones_are_told_apart():
    points = grid("prime", {"weights": ["-7:7", "-8:7", "-127:127", "-100:100"]})
    assert texts(points, "weight_bits") == [("4",), ("-8:7",), ("8",), ("-100:100",)]
