"""Placement on the mesh: packets follow their routes, and take few hops."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corelower.targets.tianji.placement import mesh_for, place, row_major, snake
from corelower.targets.tianji.traffic import HOST, Deliveries, route

Integers = npt.NDArray[np.int64]


def drawn_deliveries(seed: int, cores: int) -> Deliveries:
    """Signals of random cores, and of the host, to random cores and the host."""
    random = np.random.default_rng(seed)
    core_of = np.sort(random.integers(HOST, cores, 30))
    pairs = np.unique(
        np.stack([random.integers(0, 30, 80), random.integers(HOST, cores, 80)], axis=-1), axis=0
    )
    return Deliveries(cores, core_of[pairs[:, 0]], pairs[:, 0], pairs[:, 1])


def walked(deliveries: Deliveries, chip_of: Integers, columns: int) -> dict[tuple[int, int], int]:
    """Packets on every link, each packet walked link by link: along the row, then the column."""
    links: dict[tuple[int, int], int] = {}
    for signal in set(deliveries.signal.tolist()):
        rows = deliveries.signal == signal
        passed: set[tuple[int, int]] = set()
        for source, target in zip(deliveries.source[rows], deliveries.target[rows], strict=True):
            here, there = int(chip_of[source]), int(chip_of[target])
            while here != there:
                step = there % columns - here % columns
                move = (1 if step > 0 else -1) if step else (columns if there > here else -columns)
                passed.add((here, here + move))
                here += move
        for link in passed:
            links[link] = links.get(link, 0) + 1
    return links


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 20), st.integers(1, 4), st.integers(1, 4))
def test_traffic_is_that_of_packets_walked_one_by_one(
    seed: int, cores: int, columns: int, rows: int
) -> None:
    deliveries = drawn_deliveries(seed, cores)
    chips = np.random.default_rng(seed).integers(0, columns * rows, cores + 1)
    traffic = route(deliveries, chips, columns, rows)
    expected = walked(deliveries, chips, columns)
    assert traffic.hops == sum(expected.values())
    assert traffic.busiest == max(expected.values(), default=0)
    for (here, there), packets in expected.items():
        # A mesh of one column has rows one apart: those links are vertical.
        vertical = columns == 1 or abs(there - here) == columns
        direction = (2 if there > here else 3) if vertical else (0 if there > here else 1)
        assert traffic.loads[here, direction] == packets


def pairwise_hops(weights: Integers, places: Integers, columns: int, per_chip: int) -> int:
    chips = [*(places // per_chip).tolist(), 0]
    return sum(
        int(weights[i, j]) * (abs(a % columns - b % columns) + abs(a // columns - b // columns))
        for (i, a), (j, b) in itertools.combinations(enumerate(chips), 2)
    )


@pytest.mark.parametrize("seed", range(4))
def test_few_cores_are_placed_as_well_as_they_can_be(seed: int) -> None:
    weights = drawn_deliveries(seed, 6).weights()
    places = place(weights, 3, 2, 1, 0)
    best = min(
        pairwise_hops(weights, np.array(order), 3, 1) for order in itertools.permutations(range(6))
    )
    assert pairwise_hops(weights, places, 3, 1) == best


def layers_of_grids() -> Deliveries:
    """Two convolutions with pooling on 28 x 28, tiled over cores, and three dense layers."""
    source, signal, target = list[int](), list[int](), list[int]()
    owner, cores = np.full((28, 28, 1), HOST), 0
    numbers = np.arange(28 * 28).reshape(28, 28, 1)
    count = numbers.size
    for size, channels, kernel, stride, tile in (
        (28, 6, 5, 1, 6),
        (14, 6, 2, 2, 3),
        (10, 16, 5, 1, 2),
        (5, 16, 2, 2, 2),
    ):
        before, their = owner, numbers
        owner = np.zeros((size, size, channels), np.int64)
        for y, x in itertools.product(range(0, size, tile), repeat=2):
            owner[y : y + tile, x : x + tile] = cores
            window = tuple(slice(stride * a, stride * (a + tile - 1) + kernel) for a in (y, x))
            for core, number in zip(before[window].flat, their[window].flat, strict=True):
                source.append(int(core))
                signal.append(int(number))
                target.append(cores)
            cores += 1
        numbers = count + np.arange(owner.size).reshape(owner.shape)
        count += numbers.size
    for outputs in (120, 84, 10):
        for core, number in zip(owner.flat, numbers.flat, strict=True):
            source.append(int(core))
            signal.append(int(number))
            target.append(cores)
        owner, numbers = np.full(outputs, cores), count + np.arange(outputs)
        count += outputs
        cores += 1
    ends = [(cores - 1, int(number), HOST) for number in numbers]
    rows = np.unique(np.array([*zip(source, signal, target, strict=True), *ends]), axis=0)
    return Deliveries(cores, rows[:, 0], rows[:, 1], rows[:, 2])


def test_a_placement_halves_the_hops_of_row_major_order() -> None:
    deliveries = layers_of_grids()
    columns, rows = mesh_for(-(-deliveries.cores // 6))
    places = place(deliveries.weights(), columns, rows, 6, 0)
    assert len(set(places.tolist())) == deliveries.cores
    hops = [
        route(deliveries, np.append(order // 6, 0), columns, rows).hops
        for order in (row_major(deliveries.cores), places)
    ]
    assert hops[1] * 2 <= hops[0]
    assert np.array_equal(places, place(deliveries.weights(), columns, rows, 6, 0))


@pytest.mark.parametrize(
    ("chips", "mesh"), [(1, (1, 1)), (2, (2, 1)), (4, (2, 2)), (7, (4, 2)), (12, (4, 3))]
)
def test_a_mesh_is_as_square_as_it_can_be(chips: int, mesh: tuple[int, int]) -> None:
    assert mesh_for(chips) == mesh


def test_a_large_network_is_placed_along_a_path_through_all_chips() -> None:
    places = snake(4, 3, 6)
    assert sorted(places) == list(range(72))
    chips = places[::6] // 6
    steps = np.abs(np.diff(chips % 4)) + np.abs(np.diff(chips // 4))
    assert (steps == 1).all()
