"""What a mapped `tianji` module takes and costs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from ..dialects import core_op, tianji
from ..dialects.support.errors import CorelowerError, OperationError
from ..targets.tianji import costs
from ..targets.tianji.mesh import HOST_CHIP
from ..targets.tianji.traffic import Deliveries, route
from .pass_base import lowered_functions
from .tianji_signals import Signals
from .wiring import AUXILIARY


@dataclass(frozen=True)
class MappingSummary:
    """
    What a mapped module takes and costs, of one sample; all layers work at once on several.

    Energy is that of all cores in the phases between two samples. That of a spiking network depends
    on its spikes as well, see `costs.spikes_energy`. The host is not counted.
    """

    cores: int
    weight_cores: int
    """Cores that hold trained weights: no merges, pooling or additions."""
    chips: int
    """Chips that hold a core."""
    columns: int
    rows: int
    """Of the mesh of chips."""
    utilisation: float
    """Synapses that are not zero, of all in the cores used; a fraction."""
    matrix_utilisation: float
    """Synapses within the matrices, zeros included, of all in the cores used; a fraction."""
    phases: int
    """Phases from a sample's input to its last layer's result."""
    largest_delay: int
    """Phases that a signal waits at most, on its way around layers."""
    hops: int
    """Links that packets of a sample pass, were each signal to send one."""
    busiest_link: int
    """Packets on the busiest link in a phase at most, or in a tick."""
    interval_us: float
    """Between two samples."""
    latency_us: float
    energy_low_nj: float
    energy_high_nj: float
    hop_energy_high_nj: float
    """Of the packets between chips, at most; beside the above."""
    time_mark: str = costs.PHASE_TIME.mark.value
    """Where the times come from; see `targets/facts.py`."""
    energy_mark: str = costs.CORE_PHASE_ENERGY.mark.value
    hop_energy_mark: str = costs.HOP_ENERGY.mark.value

    def sentence(self) -> str:
        """The summary on one line, with the marks of what is modelled."""
        return (
            f"{self.cores} cores ({self.weight_cores} with trained weights) on {self.chips} chips, "
            f"{self.columns} x {self.rows}; {self.utilisation:.1%} of their synapses used; "
            f"{self.hops} hops a sample, at most {self.busiest_link} packets a link and phase; "
            f"a sample every {self.interval_us:.4g} us [{self.time_mark}], latency "
            f"{self.latency_us:.4g} us [{self.time_mark}], {self.energy_low_nj / 1000:.3g}-"
            f"{self.energy_high_nj / 1000:.3g} uJ a sample [{self.energy_mark}]"
        )


def mapping_summary(module: ModuleOp) -> MappingSummary:
    """The cores, traffic, time and energy of a mapped module. Raises `CorelowerError`."""
    target, mesh = core_op.target_of(module), module.attributes.get(tianji.MESH_ATTRIBUTE)
    if target is None:
        raise CorelowerError("the module has no target; run set-target first")
    signals = Signals(list(lowered_functions(module)))
    if not isinstance(mesh, tianji.MeshAttr):
        raise CorelowerError("the module is not mapped; run tianji-map first")
    places: list[int] = []
    phase_of: dict[tianji.CoresOp, int] = {}
    for op in signals.layers:
        if op.placement is None:
            raise OperationError(op, "it has no place on the cores; run tianji-map first")
        places += op.placement.places
        phase_of[op] = op.placement.phase.data
    per_chip, columns, rows = mesh.cores.data, mesh.columns.data, mesh.rows.data
    chip_of = np.array([*(place // per_chip for place in places), HOST_CHIP], np.int64)
    deliveries = signals.deliveries()
    traffic = route(deliveries, chip_of, columns, rows)
    packets = _packets(signals, deliveries, lambda some: route(some, chip_of, columns, rows).hops)
    cells = len(places) * target.fan_in * target.fan_out
    phases, interval = sample_phases(module, phase_of)
    low, high = costs.phases_energy(len(places), interval)
    time = costs.PHASE_TIME.value
    return MappingSummary(
        cores=len(places),
        weight_cores=sum(op.groups for op in signals.layers if AUXILIARY not in op.attributes),
        chips=len(set(chip_of[:-1].tolist())),
        columns=columns,
        rows=rows,
        utilisation=sum(_synapses(op) for op in signals.layers) / max(1, cells),
        matrix_utilisation=sum(o.groups * o.axon_count * o.neurons for o in signals.layers)
        / max(1, cells),
        phases=phases,
        largest_delay=max(signals.delays(phase_of).values(), default=0),
        hops=traffic.hops,
        busiest_link=traffic.busiest,
        interval_us=interval * time,
        latency_us=phases * time,
        energy_low_nj=low,
        energy_high_nj=high,
        hop_energy_high_nj=packets * costs.HOP_ENERGY.high / 1000,
    )


def sample_phases(module: ModuleOp, phase_of: dict[tianji.CoresOp, int]) -> tuple[int, int]:
    """
    Phases from a sample's input to its result, and between two samples.

    A graded layer takes a phase. Layers that spike at any tick follow one another tick by tick,
    each over a window of ticks; so does a graded layer that sums up spikes. Where neurons fire in
    the window behind, a layer takes a window, and cores that fire take in nothing.
    """
    target = core_op.spiking_target_of(module)
    depth = max(phase_of.values(), default=-1) + 1
    if target is None or not any(op.is_spiking or op.source_code.spikes for op in phase_of):
        return depth, 1
    window = target.window
    if target.firing == "window":
        fires = {phase for op, phase in phase_of.items() if op.is_spiking}
        return (depth + (depth - 1 in fires)) * window, 2 * window if fires else window
    ends = [
        phase + (window if op.is_spiking or op.source_code.spikes else 1)
        for op, phase in phase_of.items()
    ]
    return max(ends), window


def _packets(signals: Signals, deliveries: Deliveries, hops: Callable[[Deliveries], int]) -> int:
    """Links that packets of a sample pass at most: one of a graded signal, of others one a tick."""
    ticks = signals.ticks()[deliveries.signal]
    total = 0
    for count in np.unique(ticks).tolist():
        some = ticks == count
        parts = (part[some] for part in (deliveries.source, deliveries.signal, deliveries.target))
        total += count * hops(Deliveries(deliveries.cores, *parts))
    return total


def _synapses(op: tianji.CoresOp) -> int:
    synapses = tianji.known(op.synapses)
    return int(np.count_nonzero(synapses)) if synapses is not None else 0
