"""Maps mats onto PRIME's cores: placement, replication, and what the mapping costs."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from ..dialects import core_op, prime
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.target import Target
from ..dialects.trained import constant_of
from ..targets.facts import Fact
from ..targets.prime import costs
from .pass_base import CorelowerPass, lowered_functions, remark
from .wiring import AUXILIARY


@dataclass(frozen=True)
class PrimeMapPass(CorelowerPass):
    """
    Requires `prime` and a target; ensures that every `prime.mvm` has its place on the cores.

    Positions take turns on a core. Groups that fit along a core's diagonal share it, where one gain
    serves them. With `replicate`, free cores hold copies of what takes longest.
    """

    name = "prime-map"

    replicate: bool = field(
        default=True, metadata={"help": "use free cores for copies of the slowest operations"}
    )
    cores: int | None = field(
        default=None, metadata={"help": "cores at hand, instead of the target's; 0 for no limit"}
    )

    def __post_init__(self) -> None:
        if self.cores is not None and self.cores < 0:
            raise ValueError(f"cores is 0 or more, not {self.cores}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        if self.cores is not None:
            target = target.with_fields({"cores": self.cores})
            core_op.set_target(op, target)
        units = [u for function in lowered_functions(op) for u in _units(function, target)]
        _require_cores(units, target)
        if self.replicate and target.cores:
            _replicate(units, target.cores)
        first = 0
        for unit in units:
            for user in unit.users:
                user.placement = prime.PlacementAttr(first, unit.packed, unit.replicas)
            first += unit.cores
        if units:
            remark(ctx, op, mapping_summary(op).sentence())


@dataclass(frozen=True)
class MappingSummary:
    """
    What a mapped module takes and costs.

    Times are of one sample: a stage is one operation on all its positions, and all stages work at
    once on different samples. Wiring, the max-pooling unit and the host are not counted.
    """

    cores: int
    """Cores that hold something, copies included."""
    cores_without_copies: int
    weight_cores: int
    """Cores without copies that hold trained weights: no merges, pooling or additions."""
    target_cores: int
    """Cores at hand; 0 for no limit."""
    utilisation: float
    """Cells used of all cells in the cores used, copies included; a fraction."""
    utilisation_without_copies: float
    core_operations: int
    """Core operations for one sample."""
    interval_ns: float
    """Between two samples: the time of the slowest stage."""
    latency_ns: float
    """From a sample's input to its output: the stages on the longest path."""
    energy_low_nj: float
    energy_high_nj: float
    time_mark: str = costs.CORE_OP_TIME.mark.value
    """Where the times come from; see `targets/facts.py`."""
    energy_mark: str = costs.CORE_OP_ENERGY.mark.value

    def sentence(self) -> str:
        """The summary on one line, with the marks of what is modelled."""
        return (
            f"{self.cores} of {self.target_cores or 'any number of'} cores "
            f"({self.cores_without_copies} without copies, {self.weight_cores} with trained "
            f"weights), {self.utilisation:.1%} of their cells used; a sample every "
            f"{self.interval_ns / 1000:.4g} us [{self.time_mark}], latency "
            f"{self.latency_ns / 1000:.4g} us [{self.time_mark}], "
            f"{self.energy_low_nj / 1000:.3g}-{self.energy_high_nj / 1000:.3g} uJ a sample "
            f"[{self.energy_mark}]"
        )


def mapping_summary(module: ModuleOp) -> MappingSummary:
    """The cores, utilisation, time and energy of a mapped module. Raises `CorelowerError`."""
    target = core_op.target_of(module)
    if target is None:
        raise CorelowerError("the module has no target; run set-target first")
    functions = list(lowered_functions(module))
    units = [unit for function in functions for unit in _placed_units(function)]
    core_cells = target.fan_in * target.fan_out
    cores = sum(unit.cores for unit in units)
    single = sum(unit.cores_of_copy for unit in units)
    operations = sum(unit.cores_of_copy * unit.positions for unit in units)
    energy: Fact = costs.CORE_OP_ENERGY
    time = costs.CORE_OP_TIME.value
    return MappingSummary(
        cores=cores,
        cores_without_copies=single,
        weight_cores=sum(unit.cores_of_copy for unit in units if not unit.is_auxiliary),
        target_cores=target.cores,
        utilisation=_ratio(sum(u.cells * u.replicas for u in units), cores * core_cells),
        utilisation_without_copies=_ratio(sum(u.cells for u in units), single * core_cells),
        core_operations=operations,
        interval_ns=time * max((unit.turns for unit in units), default=0),
        latency_ns=time * max((_longest_path(function) for function in functions), default=0),
        energy_low_nj=energy.low * operations,
        energy_high_nj=energy.high * operations,
    )


@dataclass
class _Unit:
    """Matrices, and all the operations that use them in turn."""

    users: list[prime.MvmOp]
    packed: int
    replicas: int = 1

    @property
    def positions(self) -> int:
        return sum(user.positions for user in self.users)

    @property
    def turns(self) -> int:
        """Core operations one after the other for one sample."""
        return -(-self.positions // self.replicas)

    @property
    def cores_of_copy(self) -> int:
        return -(-self.users[0].groups // self.packed)

    @property
    def cores(self) -> int:
        return self.cores_of_copy * self.replicas

    @property
    def cells(self) -> int:
        """Weights that one copy holds; each is one cell in each of the four mats of its core."""
        user = self.users[0]
        return user.groups * user.rows * user.outputs

    @property
    def is_auxiliary(self) -> bool:
        return AUXILIARY in self.users[0].attributes


def _units(function: FuncOp, target: Target) -> list[_Unit]:
    units = [_Unit(users, 1) for users in _users_of_equal_weights(function)]
    for unit in units:
        unit.packed = _groups_a_core(unit.users[0], target)
    return units


def _placed_units(function: FuncOp) -> Iterator[_Unit]:
    for users in _users_of_equal_weights(function):
        placement = users[0].placement
        if placement is None:
            raise OperationError(users[0], "it has no place on the cores; run prime-map first")
        yield _Unit(users, placement.packed.data, placement.replicas.data)


def _users_of_equal_weights(function: FuncOp) -> list[list[prime.MvmOp]]:
    """Operations with the same matrices, drives and gains, which are programmed once."""
    by_weights: dict[tuple[SSAValue | None, ...], list[prime.MvmOp]] = {}
    for op in function.body.walk():
        if isinstance(op, prime.MvmOp):
            key = (op.positive, op.negative, op.drive, op.gain)
            by_weights.setdefault(key, []).append(op)
    return list(by_weights.values())


def _groups_a_core(op: prime.MvmOp, target: Target) -> int:
    """How many groups share a core along its diagonal: as many as fit, if one gain serves them."""
    fitting = min(target.fan_in // op.rows, target.fan_out // op.outputs, op.groups)
    if fitting <= 1:
        return 1
    if target.gain == "neuron":
        return fitting
    gain = constant_of(op.gain)
    if gain is None or not gain.is_resolved:
        return 1
    return fitting if bool(np.all(gain.array == gain.array.flat[0])) else 1


def _require_cores(units: list[_Unit], target: Target) -> None:
    needed = sum(unit.cores for unit in units)
    if not target.cores or needed <= target.cores:
        return
    taken = 0
    for unit in units:
        taken += unit.cores
        if taken > target.cores:
            raise OperationError(
                unit.users[0],
                f"the network needs {needed} cores, the target has {target.cores}, and they are "
                "used up here; use prime-map{cores=...} for several ranks, or split the network",
            )


def _replicate(units: list[_Unit], cores: int) -> None:
    """Give free cores to the unit that takes longest, as long as that shortens it."""
    free = cores - sum(unit.cores for unit in units)
    slowest = [(-unit.turns, index) for index, unit in enumerate(units)]
    heapq.heapify(slowest)
    while slowest:
        negative_turns, index = heapq.heappop(slowest)
        unit, turns = units[index], -negative_turns
        if turns <= 1:
            return
        # The fewest copies that save a turn.
        replicas = -(-unit.positions // (turns - 1))
        price = (replicas - unit.replicas) * unit.cores_of_copy
        if price > free:
            return
        free -= price
        unit.replicas = replicas
        heapq.heappush(slowest, (-unit.turns, index))


def _longest_path(function: FuncOp) -> int:
    """Core operations one after the other from the inputs to the last result."""
    arrival: dict[SSAValue, int] = {}
    longest = 0
    for op in function.body.walk():
        time = max((arrival.get(operand, 0) for operand in op.operands), default=0)
        if isinstance(op, prime.MvmOp) and op.placement is not None:
            time += -(-op.positions // op.placement.replicas.data)
        arrival.update(dict.fromkeys(op.results, time))
        longest = max(longest, time)
    return longest


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
