"""
Reads a TianJi image: everything that the chips would be loaded with. No IR is in it.

An image is not trusted: sizes are checked before memory is taken, routes and registers before they
are used, and what is wrong is one line. `write_image` is in `image_writer.py`, since it needs IR.
"""

import os
from collections.abc import Sequence
from dataclasses import fields
from math import prod

import numpy as np
import numpy.typing as npt

from ...dialects.support.target import is_ramp
from ..images.frame import OpenImage
from ..images.json_checks import (
    BadImageError,
    Json,
    count,
    counts,
    dictionary,
    entry_of,
    items,
)
from ..images.program import Instruction, read_inputs, read_outputs, read_step
from .image_format import (
    FIRINGS,
    FRAME,
    LARGEST_CUT,
    LARGEST_SIGNALS,
    LARGEST_SUM,
    NOTHING,
    RESETS,
    Chip,
    Image,
    Integers,
    Layer,
)
from .steps import LARGEST_NUMBER, STEPS, Decode, Encode, Read, Value
from .weight_tables import LARGEST_TABLE, unpack_indices, weights_at

__all__ = ["Image", "is_image", "read_image"]


def read_image(path: str | os.PathLike[str]) -> Image:
    """
    Map an image and check all of it: checksum, sizes, program, placement, routes, registers.

    Raises `CorelowerError`, one line, for a file that is missing, damaged or not well-formed.
    """
    return FRAME.read(path, lambda image: _Reader(image).read())


def is_image(path: str | os.PathLike[str]) -> bool:
    """Whether a file starts as a TianJi image does; raises `OSError` where it cannot be read."""
    return FRAME.starts(path)


class _Reader:
    def __init__(self, image: OpenImage):
        self.header, self.sections = image.program, image.sections
        self.version = image.version

    def read(self) -> Image:
        header = self.header
        self.chip = self._read_chip(entry_of(header, "chip"))
        inputs, values = read_inputs(header)
        self.indices: dict[int, Integers] = {}
        self.host_signals = 0
        program = self._read_program(header, values)
        entries = [
            dictionary(entry, f"layer {i}")
            for i, entry in enumerate(items(header.get("layers"), "layers"))
        ]
        sizes = [self._sizes(entry, f"layer {i}") for i, entry in enumerate(entries)]
        self.signals = self.host_signals + sum(cores * neurons for cores, _, neurons in sizes)
        if self.signals > LARGEST_SIGNALS:
            raise BadImageError(f"{self.signals} signals; at most {LARGEST_SIGNALS} are read")
        hears = self._read_routes(entry_of(header, "routes"), sizes)
        layers: list[Layer] = []
        first = self.host_signals
        for number, (entry, size, heard) in enumerate(zip(entries, sizes, hears, strict=True)):
            layers.append(self._read_layer(entry, size, heard, first, f"layer {number}"))
            first += size[0] * size[2]
        host = [
            np.full(prod(i.value.shape), i.step.ticks)
            for i in program
            if isinstance(i.step, Encode)
        ]
        _check_schedule(layers, np.concatenate([np.empty(0, np.int64), *host]), self.chip)
        for index in self.indices.values():
            if index.size and not NOTHING <= index.min() <= index.max() < self.signals:
                raise BadImageError(f"the host reads a signal that is none of {self.signals}")
        outputs = read_outputs(header, len(values))
        return Image(
            self.chip,
            tuple(layers),
            inputs,
            outputs,
            tuple(values),
            program,
            self.indices,
            self.host_signals,
            self.signals,
        )

    def _read_chip(self, entry: Json) -> Chip:
        reset, firing = entry.get("reset"), entry.get("firing")
        if entry.get("name") != "tianji" or reset not in RESETS or firing not in FIRINGS:
            raise BadImageError("the chip is not tianji, or its neurons are of an unknown kind")
        others = ("reset", "firing", "weight_values")
        names = [f.name for f in fields(Chip) if f.name not in others]
        numbers = {name: count(entry.get(name), f"chip.{name}") for name in names}
        values = count(entry.get("weight_values", 0), "chip.weight_values")
        if values and (self.version < 2 or not 2 <= values <= LARGEST_TABLE):
            raise BadImageError(f"tables of {values} weights in version {self.version}")
        chip = Chip(reset=str(reset), firing=str(firing), weight_values=values, **numbers)
        if min(numbers.values()) < 1 or chip.signal_bits > 8 or chip.window > LARGEST_NUMBER:
            raise BadImageError("the chip has a size that is 0 or too large")
        if max(chip.axons, chip.neurons) > 1 << 15:
            raise BadImageError(f"cores of {chip.axons} axons and {chip.neurons} neurons")
        return chip

    def _sizes(self, entry: Json, what: str) -> tuple[int, int, int]:
        """Cores, axons, neurons."""
        cores, axons, neurons = (
            count(entry.get(name), f"{what}: {name}") for name in ("cores", "axons", "neurons")
        )
        if not (cores >= 1 and 1 <= axons <= self.chip.axons and 1 <= neurons <= self.chip.neurons):
            raise BadImageError(
                f"{what}: {cores} cores of {axons} x {neurons} do not fit a core of "
                f"{self.chip.axons} x {self.chip.neurons}"
            )
        return cores, axons, neurons

    def _section(self, entry: Json, role: str, what: str, size: int | None = None) -> memoryview:
        index = count(entry.get(role), f"{what}: {role}")
        if index >= len(self.sections):
            raise BadImageError(f"{what}: {role} is in section {index} of {len(self.sections)}")
        section = self.sections[index]
        if size is not None and len(section) != size:
            raise BadImageError(f"{what}: {role} needs {size} bytes, its section {len(section)}")
        return section

    def _registers(
        self,
        entry: Json,
        role: str,
        what: str,
        shape: tuple[int, ...],
        limits: tuple[int, int],
    ) -> Integers:
        section = self._section(entry, role, what, 4 * prod(shape))
        array = np.frombuffer(section, "<i4").reshape(shape)
        if array.size and not limits[0] <= int(array.min()) <= int(array.max()) <= limits[1]:
            raise BadImageError(f"{what}: {role} is outside {list(limits)}")
        return array

    def _read_routes(self, entry: Json, sizes: Sequence[tuple[int, int, int]]) -> list[Integers]:
        """The signal of every axon, layer by layer, from where each signal is sent."""
        what = "routes"
        section = self._section(entry, "fan_out", what, 4 * self.signals)
        fan_out = np.frombuffer(section, "<u4").astype(np.int64)
        total = int(fan_out.sum())
        axons = np.array([size for cores, size, _ in sizes for _ in range(cores)], np.int64)
        if total > len(axons) * self.chip.axons:
            raise BadImageError(f"{total} routes to {len(axons)} cores")
        targets = np.frombuffer(self._section(entry, "targets", what, 4 * total), "<u4")
        targets = targets.astype(np.int64)
        core, axon = targets // self.chip.axons, targets % self.chip.axons
        if total and (int(core.max()) >= len(axons) or bool((axon >= axons[core]).any())):
            raise BadImageError("a route leads to an axon that is not there")
        if len(np.unique(targets)) != total:
            raise BadImageError("two routes lead to one axon")
        heard = np.full((len(axons), int(axons.max(initial=0))), NOTHING, np.int32)
        heard[core, axon] = np.repeat(np.arange(self.signals, dtype=np.int32), fan_out)
        layers: list[Integers] = []
        first = 0
        for cores, size, _ in sizes:
            layers.append(np.ascontiguousarray(heard[first : first + cores, :size]))
            first += cores
        return layers

    def _read_layer(
        self, entry: Json, size: tuple[int, int, int], hears: Integers, first: int, what: str
    ) -> Layer:
        cores, axons, neurons = size
        places = counts(entry.get("places"), f"{what}: places")
        if len(places) != cores:
            raise BadImageError(f"{what}: {len(places)} places for {cores} cores")
        bits, ticks = (count(entry.get(name), f"{what}: {name}") for name in ("bits", "ticks"))
        if not 1 <= bits <= self.chip.signal_bits or ticks not in (1, self.chip.window):
            raise BadImageError(f"{what}: results of {bits} bits in {ticks} ticks")
        kind = entry.get("soma")
        each = (cores, neurons)
        registers: dict[str, Integers | None] = dict.fromkeys(("cut", "threshold", "initial"))
        if kind == "graded" and ticks == 1:
            limits = (0, LARGEST_CUT)
            registers["cut"] = self._registers(entry, "cut", what, (cores,), limits)
        elif kind == "spikes" and ticks > 1 and bits == 1:
            limits = (1, LARGEST_SUM)
            registers["threshold"] = self._registers(entry, "threshold", what, each, limits)
            limits = (-LARGEST_SUM, LARGEST_SUM)
            registers["initial"] = self._registers(entry, "initial", what, each, limits)
        else:
            raise BadImageError(f"{what}: a soma that is {str(kind)[:20]} with {ticks} ticks")
        bias = self._registers(entry, "bias", what, each, (-LARGEST_SUM, LARGEST_SUM))
        threshold = registers["threshold"]
        ramps = threshold is not None and is_ramp(self.chip.reset, self.chip.firing)
        if ramps and not (bias == threshold).all():
            raise BadImageError(f"{what}: its leak is not its threshold, as a ramp's is")
        synapses = self._read_synapses(entry, (cores, axons, neurons), what)
        phase = count(entry.get("phase"), f"{what}: phase")
        return Layer(
            phase, places, first, bits, ticks, synapses, hears, bias,
            registers["cut"], registers["threshold"], registers["initial"],
        )  # fmt: skip

    def _read_synapses(
        self, entry: Json, shape: tuple[int, int, int], what: str
    ) -> npt.NDArray[np.int8]:
        """All of them, or a bit for each and the ones that are not zero, or indices to tables."""
        size = prod(shape)
        if self.chip.weight_values:
            return self._read_indexed(entry, shape, what)
        if "mask" not in entry:
            section = self._section(entry, "synapses", what, size)
            return np.frombuffer(section, np.int8).reshape(shape)
        packed = np.frombuffer(self._section(entry, "mask", what, -(-size // 8)), np.uint8)
        mask = np.unpackbits(packed, count=size).astype(bool)
        values = self._section(entry, "synapses", what, int(np.count_nonzero(mask)))
        synapses = np.zeros(size, np.int8)
        synapses[mask] = np.frombuffer(values, np.int8)
        return synapses.reshape(shape)

    def _read_indexed(
        self, entry: Json, shape: tuple[int, int, int], what: str
    ) -> npt.NDArray[np.int8]:
        """The weights in each core's table to which the synapses are indices."""
        values, bits = self.chip.weight_values, self.chip.index_bits
        section = self._section(entry, "values", what, shape[0] * values)
        tables = np.frombuffer(section, np.int8).reshape(shape[0], values)
        packed = self._section(entry, "synapses", what, -(-prod(shape) * bits // 8))
        indices = unpack_indices(np.frombuffer(packed, np.uint8), bits, prod(shape))
        if indices.size and int(indices.max()) >= values:
            raise BadImageError(f"{what}: index {indices.max()} into tables of {values} weights")
        return weights_at(indices.reshape(shape), tables)

    def _read_program(self, header: Json, values: list[Value]) -> tuple[Instruction, ...]:
        program: list[Instruction] = []
        for number, entry in enumerate(items(header.get("program"), "program")):
            instruction = self._read_instruction(entry, number, values)
            program.append(instruction)
            values.append(instruction.value)
        return tuple(program)

    def _read_instruction(self, entry: object, number: int, values: Sequence[Value]) -> Instruction:
        read = read_step(entry, number, STEPS, values)
        step, what = read.build(), read.what
        taken = [values[operand] for operand in read.operands]
        instruction = read.instruction(step, lambda: step.infer(taken))
        if any(value.bits is not None for value in taken) and not isinstance(step, Decode):
            raise BadImageError(f"{what}: signals are decoded before the host moves them")
        if isinstance(step, Encode):
            if self.indices:
                raise BadImageError(f"{what}: the host sends after it has read")
            if step.bits > self.chip.signal_bits or step.ticks not in (1, self.chip.window):
                raise BadImageError(f"{what}: {step.bits} bits in {step.ticks} ticks")
            self.host_signals += prod(instruction.value.shape)
        if isinstance(step, Read):
            section = self._section(read.table, "index", what, 4 * prod(step.shape))
            self.indices[step.index] = np.frombuffer(section, "<i4").reshape(step.shape)
        return instruction


def _check_schedule(layers: Sequence[Layer], host_ticks: npt.NDArray[np.int64], chip: Chip) -> None:
    """
    Every core has a place of its own, and hears nothing that comes later than it works.

    `host_ticks` are those in which each signal of the host is counted. A graded result of spikes
    that come tick by tick is sent when a window is over.
    """
    places = [place for layer in layers for place in layer.places]
    if places and max(places) >= chip.cores:
        raise BadImageError(f"core {max(places)} of {chip.cores}")
    if len(set(places)) != len(places):
        raise BadImageError("two cores in one place")
    ticks = [host_ticks, *(np.full(o.neurons, o.ticks) for o in layers)]
    ticks_of = np.concatenate([*ticks, [1]])
    signals = len(ticks_of) - 1
    # The phase from which on each signal is taken; nothing at all is there from the first on.
    first = np.zeros(signals + 1, np.int64)
    for layer in layers:
        sums_up = layer.ticks == 1 and bool((ticks_of[layer.hears] > 1).any())
        late = sums_up and chip.firing == "tick"
        own = slice(layer.first_signal, layer.first_signal + layer.neurons)
        first[own] = layer.phase + (chip.window if late else 1)
    for number, layer in enumerate(layers):
        heard = ticks_of[layer.hears[layer.hears != NOTHING]]
        if int(first[layer.hears].max(initial=0)) > layer.phase:
            raise BadImageError(f"layer {number} hears a signal of phase {layer.phase} or later")
        if len(np.unique(heard)) > 1:
            raise BadImageError(f"layer {number} hears spikes and graded signals")
