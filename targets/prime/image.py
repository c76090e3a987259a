"""
Reads a chip image: everything that PRIME would be loaded with, and nothing else. No IR is in it.

An image is not trusted: sizes are checked before memory is taken, the program before it runs, and
what is wrong is one line. `write_image` is in `image_writer.py`, since that needs IR.
"""

import os
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields

import numpy as np

from ..images.frame import OpenImage
from ..images.json_checks import (
    BadImageError,
    Json,
    count,
    dictionary,
    entry_of,
    items,
)
from ..images.program import Instruction, read_inputs, read_outputs, read_step
from .image_format import FRAME, ROUNDINGS, Chip, Image, Mats
from .steps import STEPS, Max, Mvm, StepError, Value

__all__ = ["Image", "is_image", "read_image"]


def read_image(path: str | os.PathLike[str]) -> Image:
    """
    Map an image and check all of it: checksum, sizes, program, placement.

    Raises `CorelowerError`, one line, for a file that is missing, damaged or not well-formed.
    """
    return FRAME.read(path, lambda image: _Reader(image).read())


def is_image(path: str | os.PathLike[str]) -> bool:
    """Whether a file starts as a PRIME image does; raises `OSError` where it cannot be read."""
    return FRAME.starts(path)


class _Reader:
    def __init__(self, image: OpenImage):
        self.header, self.version, self.sections = image.program, image.version, image.sections

    def read(self) -> Image:
        header, sections = self.header, self.sections
        chip = self._read_chip(entry_of(header, "chip"))
        mats = tuple(
            self._read_mats(dictionary(entry, f"mats {i}"), sections, chip, i)
            for i, entry in enumerate(items(header.get("mats"), "mats"))
        )
        _check_placement(mats, chip)
        inputs, values = read_inputs(header)
        program: list[Instruction] = []
        for number, entry in enumerate(items(header.get("program"), "program")):
            instruction = _read_instruction(entry, number, values, mats, chip, self.version)
            program.append(instruction)
            values.append(instruction.value)
        outputs = read_outputs(header, len(values))
        return Image(chip, mats, inputs, outputs, tuple(values), tuple(program))

    def _read_chip(self, entry: Json) -> Chip:
        rounding = entry.get("rounding")
        if entry.get("name") != "prime" or rounding not in ROUNDINGS:
            raise BadImageError("the chip is not prime, or rounds in an unknown way")
        names = [f.name for f in fields(Chip) if f.name != "rounding"]
        numbers = {name: count(entry.get(name), f"chip.{name}") for name in names}
        chip = Chip(rounding=str(rounding), **numbers)
        if chip.cell_bits != 4 or not 1 <= chip.signal_bits <= 8:
            raise BadImageError(
                f"cells of {chip.cell_bits} bits and signals of {chip.signal_bits}; "
                "this reads 4-bit cells and signals of at most 8 bits"
            )
        return chip

    def _read_mats(self, entry: Json, sections: list[memoryview], chip: Chip, number: int) -> Mats:
        what = f"mats {number}"
        names = ("core", "packed", "replicas", "groups", "rows", "columns", "bias_rows")
        core, packed, replicas, groups, rows, columns, bias_rows = (
            count(entry.get(name), f"{what}: {name}") for name in names
        )
        if min(packed, replicas, groups, rows, columns) < 1 or bias_rows >= rows:
            raise BadImageError(f"{what}: {groups} groups of {rows} x {columns}, {packed} a core")
        if packed * rows > chip.rows or packed * columns > chip.columns:
            raise BadImageError(
                f"{what}: {packed} times {rows} x {columns} do not fit a core of "
                f"{chip.rows} x {chip.columns}"
            )
        per_neuron = entry.get("gain_per_neuron")
        if not isinstance(per_neuron, bool):
            raise BadImageError(f"{what}: gain_per_neuron is neither true nor false")
        levels = (groups, rows, columns)

        def section(role: str, shape: tuple[int, ...], width: int) -> memoryview:
            index = count(entry.get(role), f"{what}: {role}")
            if index >= len(sections):
                raise BadImageError(f"{what}: {role} is in section {index} of {len(sections)}")
            expected = width
            for extent in shape:
                expected *= extent
            if len(sections[index]) != expected:
                raise BadImageError(
                    f"{what}: {role} needs {expected} bytes, its section {len(sections[index])}"
                )
            return sections[index]

        positive = np.frombuffer(section("positive", levels, 1), np.uint8).reshape(levels)
        negative = np.frombuffer(section("negative", levels, 1), np.uint8).reshape(levels)
        drive = np.zeros((groups, 0), np.uint8)
        if bias_rows:
            shape = (groups, bias_rows)
            drive = np.frombuffer(section("drive", shape, 1), np.uint8).reshape(shape)
        if drive.size and int(drive.max()) >= 1 << chip.signal_bits:
            raise BadImageError(f"{what}: a drive of {int(drive.max())} in {chip.signal_bits} bits")
        gain_shape = (groups, columns) if per_neuron else (groups,)
        gain = np.frombuffer(section("gain", gain_shape, 4), "<f4").reshape(gain_shape)
        if not (np.isfinite(gain) & (gain > 0)).all():
            raise BadImageError(f"{what}: a gain is not a positive number")
        return Mats(core, packed, replicas, positive, negative, drive, gain)


def _read_instruction(
    entry: object,
    number: int,
    values: Sequence[Value],
    mats: Sequence[Mats],
    chip: Chip,
    version: int,
) -> Instruction:
    kinds = {name: kind for name, kind in STEPS.items() if kind.since <= version}
    read = read_step(entry, number, kinds, values)
    step = read.build(lambda field: _since(field) <= version)
    taken = [values[operand] for operand in read.operands]

    def infer() -> Value:
        result = step.infer(taken)
        if isinstance(step, Mvm):
            result = _through_mats(step, result, mats)
        if isinstance(step, Max) and taken[0].shape[-1] > chip.max_inputs:
            raise StepError(f"a maximum of {taken[0].shape[-1]}, the unit takes {chip.max_inputs}")
        if (result.bits or 0) > chip.signal_bits:
            raise StepError(f"{result.bits} bits, the chip's signals have {chip.signal_bits}")
        return result

    return read.instruction(step, infer)


def _since(field: "Field[object]") -> int:
    """The version of the format that brought a field of a step."""
    since: object = field.metadata.get("since", 1 if field.default is MISSING else 2)
    assert isinstance(since, int)
    return since


def _through_mats(step: Mvm, operand: Value, mats: Sequence[Mats]) -> Value:
    if not step.mats < len(mats):
        raise StepError(f"mats {step.mats} of {len(mats)}")
    used = mats[step.mats]
    groups, _, columns = used.positive.shape
    if operand.shape[-2:] != (groups, used.fan_in):
        raise StepError(
            f"an operand {list(operand.shape)} for {groups} groups of {used.fan_in} inputs"
        )
    return Value((*operand.shape[:-1], columns), operand.bits)


def _check_placement(mats: Sequence[Mats], chip: Chip) -> None:
    end = 0
    for placed in sorted(mats, key=lambda item: item.core):
        if placed.core < end:
            raise BadImageError(f"core {placed.core} holds two mats")
        end = placed.core + placed.cores
    if chip.cores and end > chip.cores:
        raise BadImageError(f"mats are placed up to core {end - 1}, the chip has {chip.cores}")
