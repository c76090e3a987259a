"""How nearly small ReLU networks compute the functions of one variable in a network."""

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block

from ..dialects import nn
from ..dialects.nn import shape_of
from ..dialects.support.samples import Samples
from ..dialects.support.target import Target
from .approximated_functions import Function, FunctionTable, midpoints
from .core_counts import ANY_CORE, Cost, linear_cost
from .function_clusters import FunctionCluster, find_clusters
from .piecewise_linear import fit_segments, fit_within
from .relu_networks import ReluNetwork, hinge_network, network_operations

FloatArray = npt.NDArray[np.float32]

MOST_HINGES = 254
"""Hinges of a function where no target says what a core holds."""

POINTS = 2049
"""Places, evenly spread, at which a function is looked at first."""

MOST_POINTS = 1 << 15
"""Places at which a function is looked at where it bends much."""

FINENESS = 1 / 32
"""Of the error allowed: how straight the function is between two places."""

CHECKED = 8
"""Parts of each interval between two places, at whose ends the error is measured."""

TRAINED_WIDTH = 32
"""Rectifiers of a trained network's layer, at most."""


@dataclass(frozen=True)
class Approximation:
    """
    A function of one variable as a ReLU network, or why it cannot be one.

    `error` is the largest error on `interval`, `fraction` what part of the function's span that
    is; both that of the best network found where `refusal` is a text, and NaN where there is none.
    """

    op: nn.NnOperation
    name: str
    interval: tuple[float, float]
    error: float
    fraction: float
    hinges: int
    cores: int
    refusal: str | None
    cluster: FunctionCluster
    network: ReluNetwork | None = None
    table: FunctionTable | None = None


def plan_approximations(
    function: FuncOp,
    samples: Samples,
    target: Target | None,
    error: float,
    most_hinges: int | None = None,
) -> list[Approximation]:
    """
    How every function of one variable in `function` would be approximated; nothing is changed.

    The ranges are those that occur when the function runs on `samples`. `error` is a part of each
    function's span, `most_hinges` what one core of the target holds where it is not given.
    """
    clusters = find_clusters(function)
    if not clusters:
        return []
    from ..targets.jax.ranges import observe

    most = most_hinges or hinges_of_core(target)
    plans: list[Approximation] = []
    inputs = [cluster.input for cluster in clusters]
    for cluster, observed in zip(clusters, observe(function, inputs, samples), strict=True):
        if not np.isfinite([observed.low, observed.high]).all():
            reason = "its input is not finite on the data"
            plans.append(_refused(cluster, (observed.low, observed.high), reason))
        else:
            interval = observed.low, observed.high
            plans.append(approximate(cluster, interval, target, error, most))
    return plans


def approximate(
    cluster: FunctionCluster,
    interval: tuple[float, float],
    target: Target | None,
    error: float,
    most: int,
) -> Approximation:
    """
    The ReLU network of the fewest hinges, and at most `most`, for a function on an interval.

    `error` is a part of the function's span. Measured in the arithmetic that runs, between the
    places at which it was fitted.
    """
    from ..targets.jax.element_function import ElementFunction

    operations = [*cluster.constants, *cluster.operations]
    function = ElementFunction(operations, cluster.input, cluster.last.result)
    low, high = interval
    if low == high:
        high = float(np.float32(low + max(abs(low), 1) * 1e-3))
    x, y = _sampled(function, low, high, error)
    checked = _between(x)
    finite = np.isfinite(function(checked))
    if not finite.all():
        where = checked[int(np.argmin(finite))]
        reason = f"it is not finite at {where:g}; keep its input away from there, as by a clip"
        return _refused(cluster, interval, reason)
    span = float(np.ptp(y))
    network, reached = _best_network(function, x, y, checked, error * span, most)
    fraction = reached / span if span else 0.0
    if reached > error * span:
        reason = (
            f"{most} hinges reach an error of {reached:.3g}, {fraction:.3g} of its span, and the "
            f"bound is {error:g}; give nn-approximate a larger error or more max-hinges"
        )
        return _refused(cluster, interval, reason, reached, fraction)
    return Approximation(
        cluster.last,
        cluster.name,
        interval,
        reached,
        fraction,
        network.hinges,
        _cost(network, cluster, target or ANY_CORE).cores,
        None,
        cluster,
        network,
        FunctionTable.of(function, low, high),
    )


def hinges_of_core(target: Target | None) -> int:
    """The hinges that one core adds up, and another one computes."""
    return MOST_HINGES if target is None else min(target.inputs, target.fan_out)


def describe_interval(interval: tuple[float, float]) -> str:
    """As in `from -1.5 to 2`."""
    return f"from {interval[0]:.4g} to {interval[1]:.4g}"


def _best_network(
    function: Function, x: FloatArray, y: FloatArray, checked: FloatArray, bound: float, most: int
) -> tuple[ReluNetwork, float]:
    """The network of fewest hinges within `bound`, else the nearest one; and its error."""
    places, values = x.astype(np.float64), y.astype(np.float64)
    wanted = function(checked)

    def error_of(network: ReluNetwork) -> float:
        difference = _network_function(network)(checked).astype(np.float64) - wanted
        return float(np.abs(difference).max())

    fit = fit_within(places, values, bound, most) or fit_segments(places, values, most)
    network = hinge_network(fit)
    reached = error_of(network)
    while reached > bound and fit.segments < most:
        # What is lost between places and by rounding is small, and more segments make up for it.
        more = min(most, fit.segments + 1 + fit.segments // 8)
        previous, fit = fit.segments, fit_segments(places, values, more)
        if fit.segments <= previous:
            break
        network = hinge_network(fit)
        reached = error_of(network)
    if reached > bound:
        trained = _trained_network(checked, wanted, min(most, TRAINED_WIDTH))
        if (better := error_of(trained)) < reached:
            return trained, better
    return network, reached


def _trained_network(x: FloatArray, y: FloatArray, width: int) -> ReluNetwork:
    from ..targets.jax.relu_training import train_network

    stride = -(-len(x) // POINTS)
    return ReluNetwork(tuple(train_network(x[::stride], y[::stride], width)))


def _network_function(network: ReluNetwork) -> Function:
    from xdsl.dialects.builtin import TensorType, f32

    from ..targets.jax.element_function import CHUNK, ElementFunction

    argument = Block(arg_types=[TensorType(f32, [CHUNK])]).args[0]
    operations = network_operations(network, argument, (CHUNK,))
    return ElementFunction(operations, argument, operations[-1].results[0])


def _sampled(
    function: Function, low: float, high: float, error: float
) -> tuple[FloatArray, FloatArray]:
    """Places and the function there, so many that it is straight enough between them."""
    x = np.unique(np.linspace(low, high, POINTS).astype(np.float32))
    y = function(x)
    while np.isfinite(y).all() and len(x) < MOST_POINTS:
        middle, deviation = midpoints(function, x, y)
        bent = deviation > FINENESS * error * float(np.ptp(y))
        if not bent.any():
            break
        x = np.union1d(x, middle[bent])
        y = function(x)
    return x, y


def _between(x: FloatArray) -> FloatArray:
    """Each interval of `x` in equal parts, the ends among them."""
    parts = np.arange(CHECKED) / CHECKED
    wide = x.astype(np.float64)
    inner = wide[:-1, None] + np.diff(wide)[:, None] * parts
    return np.unique(np.append(inner.reshape(-1), wide[-1]).astype(np.float32))


def _cost(network: ReluNetwork, cluster: FunctionCluster, target: Target) -> Cost:
    positions = prod(shape_of(cluster.input))
    cost = Cost(0, 0)
    for weight, _ in network.layers:
        cost = cost.plus(linear_cost(target, 1, len(weight), weight.shape[1], positions))
    return cost


def _refused(
    cluster: FunctionCluster,
    interval: tuple[float, float],
    reason: str,
    error: float = float("nan"),
    fraction: float = float("nan"),
) -> Approximation:
    text = f"{cluster.name} {describe_interval(interval)} has no approximation: {reason}"
    return Approximation(cluster.last, cluster.name, interval, error, fraction, 0, 0, text, cluster)
