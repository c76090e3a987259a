"""Positions are dealt out to cores in regions: all of them, each in its room, as few as can be."""

from functools import cache
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corelower.dialects.support.target import Target
from corelower.dialects.support.window import Window
from corelower.passes.core_regions import (
    Rectangle,
    Regions,
    Room,
    best_regions,
    cores_of_rectangle,
    window_cores,
)
from corelower.passes.footprints import (
    Footprint,
    Integers,
    index_footprint,
    window_footprint,
)
from corelower.passes.unrolled_counts import Layer, Tiling, best_tiling

CORE = Room(256, 256)
CHIP = Target(
    "chip", fan_in=256, fan_out=256, signal_bits=8, weights=(-128, 127), bias_bits=16,
    gain_values="power_of_two", shares_positions=False,
)  # fmt: skip


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, tuple[int, int]]:
    spatial = draw(st.integers(3, 7)), draw(st.integers(3, 7))
    kernel = [draw(st.integers(1, 3)) for _ in spatial]
    pads = [draw(st.integers(0, size - 1)) for size in (*kernel, *kernel)]
    strides = [draw(st.integers(1, 2)) for _ in spatial]
    return Window.of(kernel, strides, pads), spatial


def reads_of(window: Window, spatial: tuple[int, int], channels: int) -> Integers:
    """What each position reads, -1 beyond the border: rows x columns x inputs."""
    (top, bottom), (left, right) = window.pad_pairs()
    image = np.arange(prod(spatial) * channels).reshape(*spatial, channels)
    image = np.pad(image, [(top, bottom), (left, right), (0, 0)], constant_values=-1)
    rows, columns = window.output(spatial)
    found = np.empty((rows, columns, window.size * channels), np.int64)
    for row, column in np.ndindex(rows, columns):
        at = row * window.strides[0], column * window.strides[1]
        seen = image[at[0] : at[0] + window.kernel[0], at[1] : at[1] + window.kernel[1]]
        found[row, column] = seen.reshape(-1)
    return found


def inputs_of(reads: Integers, part: Rectangle) -> int:
    """The distinct numbers that a rectangle reads."""
    inside = reads[part.top : part.bottom, part.left : part.right]
    return len(np.unique(inside[inside >= 0]))


def fewest_by_cuts(reads: Integers, groups: int, outputs: int, room: Room) -> int:
    """The fewest cores over all ways to cut a grid again and again, straight across."""

    @cache
    def fewest(part: Rectangle) -> int:
        together, each = cores_of_rectangle(
            part.positions, inputs_of(reads, part), groups, outputs, room
        )
        best = -(-groups // together) * each if each else 1 << 30
        for row in range(part.top + 1, part.bottom):
            upper = Rectangle(part.top, row, part.left, part.right)
            lower = Rectangle(row, part.bottom, part.left, part.right)
            best = min(best, fewest(upper) + fewest(lower))
        for column in range(part.left + 1, part.right):
            left = Rectangle(part.top, part.bottom, part.left, column)
            right = Rectangle(part.top, part.bottom, column, part.right)
            best = min(best, fewest(left) + fewest(right))
        return best

    return fewest(Rectangle(0, reads.shape[0], 0, reads.shape[1]))


@settings(max_examples=40, deadline=None)
@given(
    windows(),
    st.integers(1, 2),
    st.integers(1, 3),
    st.integers(1, 5),
    st.sampled_from([Room(20, 12), Room(40, 9), Room(64, 64)]),
    st.booleans(),
)
def test_regions_cover_every_position_once_within_their_room(
    drawn: tuple[Window, tuple[int, int]],
    channels: int,
    groups: int,
    outputs: int,
    room: Room,
    is_ragged: bool,
) -> None:
    window, spatial = drawn
    reads = reads_of(window, spatial, channels)
    footprint = window_footprint(window, spatial, channels)
    found = best_regions(footprint, groups, outputs, room, is_ragged=is_ragged)
    assert found is not None
    covered = np.zeros(reads.shape[:2], np.int64)
    cores = inputs = 0
    for part in found.rectangles:
        covered[part.top : part.bottom, part.left : part.right] += 1
        count = inputs_of(reads, part)
        together, each = cores_of_rectangle(part.positions, count, groups, outputs, room)
        assert count * together <= room.inputs and each
        assert part.positions * -(-outputs // each) * together <= room.outputs
        cores += -(-groups // together) * each
        inputs += groups * count * each
    assert (covered == 1).all()
    assert (found.cores, found.inputs) == (cores, inputs)
    # Bands are nearly as good as any straight cuts.
    fewest = fewest_by_cuts(reads, groups, outputs, room)
    assert fewest <= found.cores <= 1.2 * fewest + 1


@settings(max_examples=40, deadline=None)
@given(windows(), st.integers(1, 3))
def test_a_window_and_the_indices_that_it_reads_have_one_footprint(
    drawn: tuple[Window, tuple[int, int]], channels: int
) -> None:
    window, spatial = drawn
    one = window_footprint(window, spatial, channels)
    other = index_footprint(reads_of(window, spatial, channels))

    def reads(footprint: Footprint) -> list[int]:
        rows, columns = (use.astype(np.int64) for use in (footprint.rows, footprint.columns))
        return (rows.T @ footprint.counts @ columns).reshape(-1).tolist()

    assert reads(one) == reads(other)
    for room in (Room(12 * channels, 8), Room(30 * channels, 30)):
        first, second = (best_regions(footprint, 2, 3, room) for footprint in (one, other))
        assert isinstance(first, Regions) and isinstance(second, Regions)
        assert (first.cores, first.inputs) == (second.cores, second.inputs)


def test_indices_of_no_window_count_as_more_than_they_are() -> None:
    # Number 0 is read at two opposite corners: as if in all four.
    reads = np.array([[[0], [1]], [[2], [0]]])
    footprint = index_footprint(reads)
    assert int(footprint.counts.sum()) == 3
    regions = best_regions(footprint, 1, 1, Room(3, 4))
    assert regions is not None and regions.cores == 1


def test_a_window_that_exceeds_a_core_has_no_regions() -> None:
    window = Window.of([3, 3])
    assert best_regions(window_footprint(window, (5, 5), 2), 1, 1, Room(17, 9)) is None
    assert window_cores(window, (5, 5), 2, 1, 1, Room(17, 9)) is None


# Bounds: outputs fill 18.4 cores; no region of LeNet-5's second layer has more than 6 of 100.
@pytest.mark.parametrize(
    ("window", "spatial", "channels", "outputs", "cores"),
    [
        (Window.of([5, 5], pads=[2] * 4), (28, 28), 1, 6, 19),
        (Window.of([5, 5]), (14, 14), 6, 16, 18),
        (Window.of([3, 3], pads=[1] * 4), (224, 224), 3, 64, 12544),
    ],
)
def test_known_layers(
    window: Window, spatial: tuple[int, int], channels: int, outputs: int, cores: int
) -> None:
    assert window_cores(window, spatial, channels, 1, outputs, CORE) == cores


def test_even_regions_where_that_costs_nothing() -> None:
    window = Window.of([1, 1])
    regions = best_regions(window_footprint(window, (1, 10), 1), 1, 1, Room(4, 4))
    assert regions is not None
    assert sorted(part.positions for part in regions.rectangles) == [3, 3, 4]
    ragged = best_regions(window_footprint(window, (1, 10), 1), 1, 1, Room(4, 4), is_ragged=True)
    assert ragged is not None
    assert sorted(part.positions for part in ragged.rectangles) == [2, 4, 4]


def test_a_window_is_cut_by_channels_where_larger_regions_pay_for_the_merges() -> None:
    # 28 channels fit a core at one position only: in two parts, regions of more take fewer.
    window = Window.of([3, 3], pads=[1] * 4)
    layer = Layer(1, 28, 4, 256, window, (16, 16))
    whole = window_cores(window, (16, 16), 28, 1, 4, CORE)
    tiling = best_tiling(layer, CHIP)
    assert whole is not None and tiling.parts > 1 and tiling.cores < whole
    # LeNet-5's second layer is not: 13 cores for its parts, and as many to merge them.
    lenet = Layer(1, 6, 16, 100, Window.of([5, 5]), (14, 14))
    assert best_tiling(lenet, CHIP) == Tiling(1, 1, 18)
