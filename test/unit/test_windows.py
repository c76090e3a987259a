"""Inputs of dot products that are not written out give what written out ones give, bit for bit."""

import numpy as np
import pytest

from corelower.dialects.support.window import Window
from corelower.targets.jax.typed import float32
from corelower.targets.jax.windows import (
    JoinedInput,
    RepeatedInput,
    WindowedInput,
    product_of,
    sliding_windows,
    windowed,
)

WINDOWS = {
    "1d": ((7,), Window.of([3], [2], [1, 1])),
    "2d": ((6, 5), Window.of([3, 2], None, [1, 0, 1, 1])),
    "strides and dilations": ((7, 6), Window.of([2, 2], [2, 1], [0, 1, 0, 1], [2, 1])),
    "apart": ((6, 4), Window.of([2, 2], [2, 2])),
    "3d": ((3, 4, 3), Window.of([2, 3, 2], None, [1, 1, 0, 0, 1, 1])),
}
RANDOM = np.random.default_rng(0)


def codes(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return RANDOM.integers(0, 64, shape).astype(np.float32)


def weights(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return RANDOM.integers(-127, 128, shape).astype(np.float32)


# Few groups of several channels are convolutions; of one channel, or many groups, products.
@pytest.mark.parametrize(
    ("name", "groups", "channels"),
    [
        ("1d", 3, 4),
        ("1d", 1, 1),
        ("2d", 1, 5),
        ("2d", 3, 1),
        ("2d", 70, 4),
        ("strides and dilations", 3, 4),
        ("apart", 1, 4),
        ("3d", 2, 4),
    ],
)
def test_a_lazy_window_multiplies_as_a_written_out_one(
    name: str, groups: int, channels: int
) -> None:
    extents, window = WINDOWS[name]
    x = float32(codes(*extents, groups, channels))
    weight = float32(weights(groups, window.size * channels, 3))
    lazy = WindowedInput(x, window, 5.0)
    written = sliding_windows(x, window, 5.0)
    assert np.array_equal(lazy.materialize(), written)
    assert np.array_equal(lazy.multiply(weight), product_of(written, weight))


@pytest.mark.parametrize("groups", [1, 3])
def test_joined_inputs_multiply_as_one(groups: int) -> None:
    """A window, a shortcut and another window: each part meets its own rows."""
    extents, window = WINDOWS["2d"]
    other = Window.of([1, 1], None, [0, 0, 1, 0])
    positions = window.output(extents)
    lower = (positions[0] - 1, positions[1])
    parts = (
        WindowedInput(float32(codes(*extents, groups, 4)), window, 1.0),
        float32(codes(*positions, groups, 3)),
        WindowedInput(float32(codes(*lower, groups, 4)), other, 1.0),
    )
    sizes = (4 * window.size, 3, 4)
    joined = JoinedInput(parts, sizes)
    weight = float32(weights(groups, sum(sizes), 2))
    written = joined.materialize()
    assert written.shape == (*positions, groups, sum(sizes))
    assert np.array_equal(joined.multiply(weight), product_of(written, weight))


def test_inputs_of_column_tiles_multiply_as_repeated_ones() -> None:
    extents, window = WINDOWS["2d"]
    x, shortcut = float32(codes(*extents, 2, 4)), float32(codes(*window.output(extents), 2, 3))
    lazy = windowed(RepeatedInput(x, 3), window, 5.0)
    joined = JoinedInput((lazy, RepeatedInput(shortcut, 3)), (4 * window.size, 3))
    weight = float32(weights(6, 4 * window.size + 3, 5))
    written = joined.materialize()
    repeated = float32(np.repeat(x, 3, -2))
    assert np.array_equal(lazy.materialize(), sliding_windows(repeated, window, 5.0))
    assert np.array_equal(joined.multiply(weight), product_of(written, weight))
    moved = joined.map(lambda values: values - 5, fill=0.0)
    assert np.array_equal(moved.materialize(), written - 5)


def test_what_is_done_to_values_is_done_to_every_part_and_to_padding() -> None:
    extents, window = WINDOWS["2d"]
    positions = window.output(extents)
    joined = JoinedInput(
        (
            WindowedInput(float32(codes(*extents, 2, 4)), window, 7.0),
            float32(codes(*positions, 2, 3)),
        ),
        (4 * window.size, 3),
    )
    moved = joined.map(lambda values: (values - 7) * 0.5, fill=0.0)
    assert np.array_equal(moved.materialize(), (joined.materialize() - 7) * 0.5)
