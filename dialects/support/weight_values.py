"""Cores whose synapses are indices into a table of weights: how many different ones there are."""

import numpy as np
import numpy.typing as npt


def values_in(weight: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """
    The different weights of a core, ascending.

    Zero is always among them: it is the weight where inputs and outputs are not joined, as beside
    several products in one core.
    """
    return np.union1d(np.asarray(weight, np.int64), np.zeros(1, np.int64))


def cores_with_more(weight: npt.NDArray[np.generic], limit: int) -> dict[int, int]:
    """Of weights G x M x N the groups with more than `limit` different ones, and how many each."""
    counts = {group: len(values_in(matrix)) for group, matrix in enumerate(weight)}
    return {group: count for group, count in counts.items() if count > limit}


def too_many_values(weight: npt.NDArray[np.generic], limit: int) -> str | None:
    """What is wrong with weights G x M x N of which a core may have `limit` different ones."""
    if not limit or not (found := cores_with_more(weight, limit)):
        return None
    group = max(found, key=lambda group: found[group])
    others = len(found) - 1
    also = f" and too many in {others} other{'s' if others > 1 else ''}" if others else ""
    return (
        f"{found[group]} different weights in the core of group {group}{also}, zero among them; "
        f"a core's table holds {limit}"
    )
