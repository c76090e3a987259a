"""Maps TianJi's cores onto chips: placement on a mesh, multicast routes, a schedule, the costs."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from ..dialects import tianji
from ..dialects.support.errors import OperationError
from ..dialects.support.target import Target
from ..targets.tianji.constants import CORES_PER_CHIP
from ..targets.tianji.mesh import HOST_CHIP, LINK_PACKETS
from ..targets.tianji.placement import LARGEST_SEARCHED, mesh_for, place, snake
from ..targets.tianji.traffic import Deliveries, Traffic, route
from .pass_base import CorelowerPass, lowered_functions, remark
from .tianji_signals import Signals
from .tianji_summary import mapping_summary

Integers = npt.NDArray[np.int64]

DIRECTIONS = ("right", "left", "chip below", "chip above")


@dataclass(frozen=True)
class TianjiMapPass(CorelowerPass):
    """
    Requires `tianji` and a target; ensures that every core has its place on a mesh of chips.

    Cores that exchange many signals are placed close to each other, so that packets pass few links.
    Every layer gets the phase in which it works. Fails where a limit of the chips is exceeded.
    """

    name = "tianji-map"

    columns: int = field(default=0, metadata={"help": "chips in a row of the mesh; 0 to choose"})
    rows: int = field(default=0, metadata={"help": "rows of chips; 0 to choose"})
    cores_per_chip: int = field(
        default=int(CORES_PER_CHIP.value), metadata={"help": "cores of a chip"}
    )
    link_packets: int = field(
        default=int(LINK_PACKETS.value),
        metadata={"help": "packets that a link carries in a phase or tick; 0 for no limit"},
    )

    def __post_init__(self) -> None:
        for name in ("columns", "rows", "link_packets"):
            if (number := getattr(self, name)) < 0:
                raise ValueError(f"{name.replace('_', '-')} is 0 or more, not {number}")
        if self.cores_per_chip < 1:
            raise ValueError(f"cores-per-chip is 1 or more, not {self.cores_per_chip}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        signals = Signals(list(lowered_functions(op)))
        if not signals.layers:
            return
        mesh = self._mesh(signals, target)
        deliveries = signals.deliveries()
        _require_fan_out(signals, deliveries, target)
        columns, rows = mesh.columns.data, mesh.rows.data
        if mesh.size > LARGEST_SEARCHED:
            # In the order of the program, along a path through all chips.
            places = snake(columns, rows, self.cores_per_chip)[: signals.cores]
        else:
            places = place(deliveries.weights(), columns, rows, self.cores_per_chip, HOST_CHIP)
        chips = np.r_[places // self.cores_per_chip, HOST_CHIP]
        traffic = route(deliveries, chips, columns, rows)
        self._require_links(traffic, signals, deliveries, chips)
        phases = signals.phases()
        tianji.set_mesh(op, mesh)
        for layer in signals.layers:
            first = signals.first_core[layer]
            cores: list[int] = places[first : first + layer.groups].tolist()
            layer.placement = tianji.PlacementAttr(phases[layer], cores)
        remark(ctx, op, mapping_summary(op).sentence())

    def _mesh(self, signals: Signals, target: Target) -> tianji.MeshAttr:
        """The mesh that is asked for, or the squarest that holds all cores."""
        chips = -(-signals.cores // self.cores_per_chip)
        columns, rows = self.columns, self.rows
        if not columns and not rows:
            columns, rows = mesh_for(chips)
        columns, rows = columns or -(-chips // rows), rows or -(-chips // columns)
        mesh = tianji.MeshAttr(columns, rows, self.cores_per_chip)
        limits = [(mesh.size, f"the mesh of {columns} x {rows} chips has {mesh.size}")]
        if target.cores:
            limits.append((target.cores, f"the target has {target.cores}"))
        limit, text = min(limits)
        if signals.cores <= limit:
            return mesh
        # The layer with which the cores run out.
        over = next(o for o in signals.layers if signals.first_core[o] + o.groups > limit)
        raise OperationError(
            over,
            f"the network needs {signals.cores} cores, {text}, and they are used up here; give "
            f"it {chips} chips of {self.cores_per_chip} cores, or split the network",
        )

    def _require_links(
        self, traffic: Traffic, signals: Signals, deliveries: Deliveries, chips: Integers
    ) -> None:
        if not self.link_packets or traffic.busiest <= self.link_packets:
            return
        chip, direction = divmod(int(traffic.loads.argmax()), 4)
        # The layer that sends most from or through there is hard to tell; the largest sender is
        # where a user can do something.
        sent = np.bincount(deliveries.source[deliveries.source >= 0], minlength=signals.cores)
        most = int(sent.argmax())
        layer = next(o for o in reversed(signals.layers) if signals.first_core[o] <= most)
        raise OperationError(
            layer,
            f"{traffic.busiest} packets a phase on the link from chip {chip} to the "
            f"{DIRECTIONS[direction]}, its limit is {self.link_packets}; this layer sends most; "
            "choose another mesh by columns and rows, or raise link-packets",
        )


def _require_fan_out(signals: Signals, deliveries: Deliveries, target: Target) -> None:
    """A neuron sends to so many cores at most."""
    if not target.neuron_fan_out:
        return
    fan_out = deliveries.fan_out()
    fan_out[: signals.host_size] = 0
    if fan_out.max(initial=0) <= target.neuron_fan_out:
        return
    worst = int(fan_out.argmax())
    layer = next(o for o in reversed(signals.layers) if signals.first_signal[o.result] <= worst)
    group, neuron = divmod(worst - signals.first_signal[layer.result], layer.neurons)
    raise OperationError(
        layer,
        f"neuron {neuron} of group {group} feeds {fan_out[worst]} cores, the target's limit is "
        f"{target.neuron_fan_out}; run core-op-insert-copies before convert-core-op-to-tianji, or "
        "raise neuron_fan_out",
    )
