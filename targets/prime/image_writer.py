"""Writes a chip image from a mapped module. `docs/prime_image.md` gives the format."""

import os
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Operation, SSAValue

from ...dialects import core_op, prime, trained
from ...dialects.nn import shape_of
from ...dialects.support.errors import CorelowerError, OperationError
from ..images.program_steps import output_name, step_of
from . import steps
from .image_format import FRAME

Array = npt.NDArray[np.generic]
Json = dict[str, object]

LARGEST_BITS = 8


def write_image(module: ModuleOp, path: str | os.PathLike[str], function: str = "main") -> None:
    """
    Write what the chip would be loaded with to run `function`; `path` appears whole or not at all.

    The module is at the `prime` level and mapped. Raises `CorelowerError` where an operation has no
    place in an image, or a weight is not at hand.
    """
    writer = _Writer(module, _find(module, function))
    FRAME.write(path, writer.header(), writer.sections)


class _Writer:
    """Collects mats, sections and steps from a function's operations."""

    def __init__(self, module: ModuleOp, function: FuncOp):
        self.module = module
        self.function = function
        self.sections: list[Array] = []
        self.mats: list[Json] = []
        self.program: list[Json] = []
        self.numbers: dict[SSAValue, int] = {}
        self._mats_of: dict[tuple[SSAValue | None, ...], int] = {}
        self._section_of: dict[SSAValue, int] = {}
        for argument in function.body.block.args:
            if core_op.code_of(argument) is not None:
                raise OperationError(function, "it takes codes; core_op.encode must make them")
            self.numbers[argument] = len(self.numbers)
        for op in function.body.block.ops:
            if not isinstance(op, trained.TensorOp | ReturnOp):
                self._add(op)

    def header(self) -> Json:
        """The program as the file holds it."""
        last = self.function.body.block.last_op
        assert isinstance(last, ReturnOp)
        if any(core_op.code_of(value) is not None for value in last.arguments):
            raise OperationError(last, "it returns codes; core_op.decode must read them")
        arguments = self.function.body.block.args
        return {
            "chip": self._chip(),
            "inputs": [
                {"name": a.name_hint or f"input{i}", "value": i, "shape": list(shape_of(a))}
                for i, a in enumerate(arguments)
            ],
            "outputs": [
                {"name": output_name(value, i), "value": self._number(last, value)}
                for i, value in enumerate(last.arguments)
            ],
            "program": self.program,
            "mats": self.mats,
        }

    def _chip(self) -> Json:
        target = core_op.target_of(self.module)
        if target is None:
            raise CorelowerError("the module has no target; run set-target first")
        return {
            "name": "prime",
            "rows": target.fan_in,
            "columns": target.fan_out,
            "signal_bits": target.signal_bits,
            "cell_bits": prime.CELL_BITS,
            "max_inputs": target.max_inputs,
            "cores": target.cores,
            "rounding": target.rounding,
        }

    def _add(self, op: Operation) -> None:
        step = self._mvm(op) if isinstance(op, prime.MvmOp) else _step_of(op)
        if step is None:
            raise OperationError(
                op, "it has no place in a chip image; run convert-core-op-to-prime first"
            )
        operands = op.operands[:1] if isinstance(op, prime.MvmOp) else op.operands
        numbers = [self._number(op, operand) for operand in operands]
        self.program.append({"step": step.name, "operands": numbers, **asdict(step)})
        self.numbers[op.results[0]] = len(self.numbers)

    def _number(self, op: Operation, value: SSAValue) -> int:
        if value not in self.numbers:
            raise OperationError(op, "a constant tensor is used as a signal; no core computes it")
        return self.numbers[value]

    def _mvm(self, op: prime.MvmOp) -> steps.Mvm:
        key = (op.positive, op.negative, op.drive, op.gain)
        if key not in self._mats_of:
            self.mats.append(self._mats(op))
            self._mats_of[key] = len(self.mats) - 1
        code = core_op.code_of(op.result)
        assert code is not None
        return steps.Mvm(self._mats_of[key], code.bits.data)

    def _mats(self, op: prime.MvmOp) -> Json:
        if op.placement is None:
            raise OperationError(op, "it has no place on the cores; run prime-map first")
        entry: Json = {
            "core": op.placement.core.data,
            "packed": op.placement.packed.data,
            "replicas": op.placement.replicas.data,
            "groups": op.groups,
            "rows": op.rows,
            "columns": op.outputs,
            "bias_rows": op.bias_rows,
            "gain_per_neuron": len(shape_of(op.gain)) == 2,
            "positive": self._section(op, op.positive),
            "negative": self._section(op, op.negative),
            "gain": self._section(op, op.gain),
        }
        if op.drive is not None:
            entry["drive"] = self._section(op, op.drive)
        return entry

    def _section(self, op: prime.MvmOp, value: SSAValue) -> int:
        if value not in self._section_of:
            data = trained.constant_of(value)
            if data is None:
                raise OperationError(op, "mats are programmed with trained.tensor values only")
            try:
                self.sections.append(data.array)
            except CorelowerError as error:
                raise OperationError(op, error.message) from None
            self._section_of[value] = len(self.sections) - 1
        return self._section_of[value]


def _step_of(op: Operation) -> steps.Step | None:
    """The step of an operation that needs no mats; `None` where there is none."""
    fill = 0
    if len(op.operands) and (code := core_op.code_of(op.operands[0])) is not None:
        fill = code.zero.data
    match op:
        case core_op.EncodeOp() | core_op.DecodeOp():
            return _border_step(op)
        case prime.MaxOp():
            return steps.Max()
        case _:
            return step_of(op, fill)


def _border_step(op: core_op.EncodeOp | core_op.DecodeOp) -> steps.Step:
    encodes = isinstance(op, core_op.EncodeOp)
    code = core_op.code_of(op.result if encodes else op.input)
    assert code is not None
    if code.bits.data > LARGEST_BITS:
        raise OperationError(
            op, f"a code of {code.bits.data} bits; an image holds at most {LARGEST_BITS}"
        )
    scale, zero = code.scale.data, code.zero.data
    if encodes:
        return steps.Encode(code.bits.data, scale, zero, op.unit_count)
    return steps.Decode(scale, zero, op.unit_count)


def _find(module: ModuleOp, name: str) -> FuncOp:
    for op in module.ops:
        if isinstance(op, FuncOp) and op.sym_name.data == name:
            return op
    raise CorelowerError(f"the module has no function @{name}")
