"""
Places cores on a mesh of chips so that signals take few hops: quadratic assignment.

The start is the best of a few: cores in the order of the program, in the order of the Fiedler
vector of their traffic (spectral ordering), both along a snake through the mesh, and SciPy's
approximate quadratic assignment (FAQ: Vogelstein et al., PLoS ONE 2015). Swaps of two cores then
improve it; each step looks at all swaps at once. Everything is deterministic.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LARGEST_MATCHING = 320
"""Places up to which FAQ, whose steps take time cubic in them, is among the starts."""

LARGEST_SPECTRUM = 2000
"""Cores up to which the spectral order is computed, in cubic time."""

KICKS = 60
"""How often the best placement is disturbed and improved again."""

LARGEST_SEARCHED = 2000
"""Places up to which swaps are tried; matrices of places times places are held for that."""

SWAP_WORK = 400_000_000
"""Places squared times swaps stays below this for each start: fewer swaps for a large network."""

CHEAP_WORK = 40_000_000
"""Places squared times kicks stays below this: fewer kicks for a large network."""


def mesh_for(chips: int) -> tuple[int, int]:
    """Columns and rows of the squarest mesh with at least so many chips and the least beyond."""
    rows = max(1, int(np.sqrt(chips)))
    return -(-chips // rows), rows


def place(weights: Integers, columns: int, rows: int, cores_per_chip: int, host: int) -> Integers:
    """
    The place of every core: `chip * cores_per_chip` and up.

    `weights` are the signals between every two cores, symmetric; the last row is the host's, which
    stays on the chip `host`.
    """
    cores = len(weights) - 1
    problem = _Assignment(weights, columns, rows, cores_per_chip, host)
    starts = [problem.improve(start) for start in problem.starts()]
    best = min(starts, key=problem.cost)
    random = np.random.default_rng(0)
    lowest = problem.cost(best)
    kicks = min(KICKS, CHEAP_WORK // max(1, problem.places**2))
    for _ in range(kicks if cores > cores_per_chip else 0):
        kicked = best.copy()
        chosen = random.choice(problem.places, min(problem.places, 6), replace=False)
        kicked[chosen] = kicked[np.roll(chosen, 1)]
        kicked = problem.improve(kicked)
        if (cost := problem.cost(kicked)) < lowest:
            best, lowest = kicked, cost
    return best[:cores]


def snake(columns: int, rows: int, cores_per_chip: int) -> Integers:
    """All places, chip after neighbouring chip."""
    chips = np.arange(columns * rows).reshape(rows, columns)
    chips[1::2] = chips[1::2, ::-1]
    return (chips.reshape(-1, 1) * cores_per_chip + np.arange(cores_per_chip)).ravel()


def row_major(cores: int) -> Integers:
    """The places of cores in the order of the program: what a placement is compared with."""
    return np.arange(cores)


class _Assignment:
    """Cores, and as many idle ones as fill all places, in places at given distances."""

    def __init__(self, weights: Integers, columns: int, rows: int, per_chip: int, host: int):
        self.cores = len(weights) - 1
        self.columns, self.rows, self.per_chip = columns, rows, per_chip
        self.places = columns * rows * per_chip
        self.weights = np.zeros((self.places, self.places))
        self.weights[: self.cores, : self.cores] = weights[:-1, :-1]
        chip = np.arange(self.places) // per_chip
        x, y = chip % columns, chip // columns
        self.distances = np.abs(x[:, None] - x) + np.abs(y[:, None] - y).astype(np.float64)
        # What a core costs in a place for its signals from and to the host.
        self.host = np.zeros((self.places, self.places))
        self.host[: self.cores] = np.outer(weights[-1, :-1], self.distances[host * per_chip])

    def cost(self, places: Integers) -> float:
        """Hops, every signal sent to each of its cores by itself."""
        between = (self.weights * self.distances[np.ix_(places, places)]).sum() / 2
        return float(between + self.host[np.arange(self.places), places].sum())

    def starts(self) -> Iterator[Integers]:
        """Placements to begin with: the place of each core, idle ones included."""
        along = snake(self.columns, self.rows, self.per_chip)
        yield np.arange(self.places)
        yield along
        if 2 < self.cores <= LARGEST_SPECTRUM:
            spectral = np.empty(self.places, np.int64)
            order = np.r_[self._spectral_order(), np.arange(self.cores, self.places)]
            spectral[order] = along
            yield spectral
        if self.cores > self.per_chip and self.places <= LARGEST_MATCHING:
            yield self._matched()

    def improve(self, places: Integers) -> Integers:
        """Swap the two whose swap saves most, until none saves anything, or for long enough."""
        places = places.copy()
        apart = self.distances[np.ix_(places, places)]
        moved = self.weights @ apart + self.host[:, places]
        for _ in range(max(1, SWAP_WORK // self.places**2)):
            # moved[i, k]: what i costs in the place of k, all others where they are.
            stays = np.diagonal(moved)
            gain = moved - stays[:, None]
            saving = gain + gain.T + 2 * self.weights * apart
            i, k = divmod(int(saving.argmin()), self.places)
            if saving[i, k] >= -1e-9:
                return places
            # Only what i and k weigh, and the columns of their places, change.
            places[[i, k]] = places[[k, i]]
            apart[:, [i, k]] = apart[:, [k, i]]
            apart[[i, k]] = apart[[k, i]]
            change = self.distances[places[i], places] - self.distances[places[k], places]
            moved[:, [i, k]] = moved[:, [k, i]]
            moved += np.outer(self.weights[:, i] - self.weights[:, k], change)
        return places

    def _spectral_order(self) -> Integers:
        """Cores along the Fiedler vector of their traffic."""
        weights = self.weights[: self.cores, : self.cores]
        # Parts without traffic between them stay one graph by the faintest of links.
        weights = weights + weights.max(initial=1.0) * 1e-6
        degrees = weights.sum(axis=1)
        scale = 1 / np.sqrt(degrees)
        laplacian = np.eye(self.cores) - weights * np.outer(scale, scale)
        vectors: Floats = np.linalg.eigh(laplacian)[1]
        vector = vectors[:, 1] * scale
        if vector[0] > vector[-1]:
            vector = -vector
        # Rounded, so that equal cores keep their order on every machine.
        return np.argsort(np.rint(vector * 1e9), kind="stable")

    def _matched(self) -> Integers:
        """By SciPy, which moves mass between all places at once; the host is left out."""
        # SciPy says no types: what it gives is checked by becoming an array of integers.
        from scipy.optimize import quadratic_assignment  # pyright: ignore

        found = quadratic_assignment(
            self.weights, self.distances, options={"maxiter": 60, "rng": np.random.default_rng(0)}
        )  # pyright: ignore
        return np.asarray(found.col_ind, np.int64)  # pyright: ignore
