"""Writes a TianJi image from a mapped module. `docs/tianji_image.md` gives the format."""

import os
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Operation, SSAValue

from ...dialects import core_op, tianji, trained
from ...dialects.nn import shape_of
from ...dialects.support.errors import CorelowerError, OperationError
from ...dialects.support.functions import find_function
from ..images import steps as any_chip
from ..images.program_steps import output_name, step_of
from . import steps
from .image_format import FRAME, NOTHING, TABLE_FRAME
from .weight_tables import indices_of, pack_indices, tables_of

Array = npt.NDArray[np.generic]
Json = dict[str, object]


def write_image(module: ModuleOp, path: str | os.PathLike[str], function: str = "main") -> None:
    """
    Write what the chips would be loaded with to run `function`; `path` appears whole or not at all.

    The module is at the `tianji` level and mapped. Raises `CorelowerError` where an operation has
    no place in an image, or a weight is not at hand.
    """
    writer = _Writer(module, find_function(module, function))
    frame = TABLE_FRAME if writer.target.weight_values else FRAME
    frame.write(path, writer.header(), writer.sections)


class _Writer:
    """Collects layers, routes and the host's steps from a function's operations."""

    def __init__(self, module: ModuleOp, function: FuncOp):
        self.module = module
        self.function = function
        self.sections: list[Array] = []
        self.program: list[Json] = []
        self.layers: list[Json] = []
        self.numbers: dict[SSAValue, int] = {}
        self.first_signal: dict[SSAValue, int] = {}
        self.hears: list[npt.NDArray[np.int64]] = []
        self.signals = 0
        target = core_op.target_of(module)
        if target is None:
            raise CorelowerError("the module has no target; run set-target first")
        self.target = target
        for argument in function.body.block.args:
            if core_op.code_of(argument) is not None:
                raise OperationError(function, "it takes codes; core_op.encode must make them")
            self.numbers[argument] = len(self.numbers)
        operations = list(function.body.block.ops)
        # The host's signals come first, whatever the order of the operations.
        for op in operations:
            if isinstance(op, core_op.EncodeOp):
                self._number_signals(op.result)
        self.host_signals = self.signals
        for op in operations:
            if isinstance(op, tianji.CoresOp):
                self._number_signals(op.result)
        for op in operations:
            if isinstance(op, tianji.CoresOp):
                self._add_layer(op)
            elif not isinstance(op, trained.TensorOp | ReturnOp):
                self._add_step(op)

    def header(self) -> Json:
        """The program as the file holds it."""
        last = self.function.body.block.last_op
        assert isinstance(last, ReturnOp)
        if any(core_op.code_of(value) is not None for value in last.arguments):
            raise OperationError(last, "it returns codes; core_op.decode must read them")
        return {
            "chip": self._chip(),
            "inputs": [
                {"name": a.name_hint or f"input{i}", "value": i, "shape": list(shape_of(a))}
                for i, a in enumerate(self.function.body.block.args)
            ],
            "outputs": [
                {"name": output_name(value, i), "value": self._number(last, value)}
                for i, value in enumerate(last.arguments)
            ],
            "program": self.program,
            "layers": self.layers,
            "routes": self._routes(),
        }

    def _number_signals(self, value: SSAValue) -> None:
        self.first_signal[value] = self.signals
        self.signals += int(np.prod(shape_of(value), dtype=np.int64))

    def _chip(self) -> Json:
        mesh = self.module.attributes.get(tianji.MESH_ATTRIBUTE)
        if self.layers and not isinstance(mesh, tianji.MeshAttr):
            raise CorelowerError("the module is not mapped; run tianji-map first")
        columns, rows, cores = (
            (mesh.columns.data, mesh.rows.data, mesh.cores.data)
            if isinstance(mesh, tianji.MeshAttr)
            else (1, 1, 1)
        )
        target = self.target
        # Of a mixed network: the bits of graded signals, the rest of the neurons that spike.
        spiking = core_op.spiking_target_of(self.module) or target
        bits = max(one.signal_bits for one in core_op.targets_of(self.module))
        return {
            "name": "tianji",
            "axons": target.fan_in,
            "neurons": target.fan_out,
            "signal_bits": bits,
            "cores_per_chip": cores,
            "columns": columns,
            "rows": rows,
            "window": spiking.window,
            "reset": spiking.reset,
            "firing": spiking.firing,
            **({"weight_values": target.weight_values} if target.weight_values else {}),
        }

    def _add_layer(self, op: tianji.CoresOp) -> None:
        if op.placement is None:
            raise OperationError(op, "it has no place on the cores; run tianji-map first")
        code, shape = op.code, (op.groups, op.neurons)
        self.hears.append(self._heard(op))
        synapses = np.asarray(self._array(op, op.synapses), np.int8)
        entry: Json = {
            "phase": op.placement.phase.data,
            "places": list(op.placement.places),
            "cores": op.groups,
            "axons": op.axon_count,
            "neurons": op.neurons,
            "soma": "spikes" if op.is_spiking else "graded",
            "bits": code.bits.data,
            "ticks": code.ticks.data,
            **self._synapses(synapses),
            "bias": self._register(op, op.bias, shape),
        }
        if op.is_spiking:
            if code.ticks.data == 1:
                raise OperationError(op, "its neurons spike, in a window of one tick")
            entry["threshold"] = self._register(op, op.threshold, shape)
            entry["initial"] = self._register(op, op.initial, shape)
        else:
            entry["cut"] = self._register(op, op.cut, (op.groups,))
        self.layers.append(entry)

    def _synapses(self, synapses: npt.NDArray[np.int8]) -> Json:
        """Packed where that is shorter: a bit for each, and those that are not zero."""
        if self.target.weight_values:
            return self._indexed(synapses)
        flat = synapses.reshape(-1)
        mask = flat != 0
        packed = np.packbits(mask)
        values = flat[mask]
        if packed.nbytes + values.nbytes >= flat.nbytes:
            return {"synapses": self._section(np.ascontiguousarray(flat))}
        return {"mask": self._section(packed), "synapses": self._section(values)}

    def _indexed(self, synapses: npt.NDArray[np.int8]) -> Json:
        """The weights of each core once, and for every synapse which of them it has."""
        tables = tables_of(synapses, self.target.weight_values)
        indices = pack_indices(indices_of(synapses, tables), self.target.index_bits)
        return {"values": self._section(tables), "synapses": self._section(indices)}

    def _register(self, op: Operation, value: SSAValue | None, shape: tuple[int, ...]) -> int:
        if value is None:
            return self._section(np.zeros(shape, "<i4"))
        array = self._array(op, value).astype("<i4")
        if array.ndim < len(shape):
            array = array[:, None]
        return self._section(np.ascontiguousarray(np.broadcast_to(array, shape)))

    def _routes(self) -> Json:
        """From every signal, in their order, to the axons that hear it."""
        signals = [np.empty(0, np.int64)]
        targets = [np.empty(0, np.int64)]
        core = 0
        for hears in self.hears:
            group, axon = np.nonzero(hears != NOTHING)
            signals.append(hears[group, axon])
            targets.append((core + group) * self.target.fan_in + axon)
            core += len(hears)
        signal, target = np.concatenate(signals), np.concatenate(targets)
        order = np.argsort(signal, kind="stable")
        fan_out = np.bincount(signal, minlength=self.signals)
        return {
            "fan_out": self._section(fan_out.astype("<u4")),
            "targets": self._section(target[order].astype("<u4")),
        }

    def _heard(self, op: tianji.ListeningOperation) -> npt.NDArray[np.int64]:
        numbers = [np.empty(0, np.int64)]
        for source in op.sources:
            if source not in self.first_signal:
                raise OperationError(op, "it listens to what neither a core nor the host sends")
            size = int(np.prod(shape_of(source), dtype=np.int64))
            numbers.append(self.first_signal[source] + np.arange(size))
        return np.concatenate([*numbers, [NOTHING]])[self._array(op, op.listens).astype(np.int64)]

    def _add_step(self, op: Operation) -> None:
        match op:
            case tianji.ReadOp():
                self._add_read(op, op.result, self._heard(op))
            case core_op.DecodeOp():
                if op.input not in self.numbers:
                    first, shape = self.first_signal[op.input], shape_of(op.input)
                    size = int(np.prod(shape, dtype=np.int64))
                    self._add_read(op, op.input, first + np.arange(size).reshape(shape))
                code = core_op.code_of(op.input)
                assert code is not None
                step = steps.Decode(code.scale.data, code.zero.data, op.unit_count)
                self._add(op, step, op.result)
            case core_op.EncodeOp():
                code = core_op.code_of(op.result)
                assert code is not None
                step = steps.Encode(
                    code.bits.data,
                    code.scale.data,
                    code.zero.data,
                    op.unit_count,
                    code.ticks.data,
                )
                if step.largest > steps.LARGEST_NUMBER:
                    raise OperationError(
                        op, f"numbers up to {step.largest}; an image holds {steps.LARGEST_NUMBER}"
                    )
                if any(entry["step"] == steps.Read.name for entry in self.program):
                    raise OperationError(
                        op, "the host computes in the middle of the network, from what it read"
                    )
                self._add(op, step, op.result)
                # Behind the host it is signals: whoever takes them reads them.
                del self.numbers[op.result]
            case _:
                step = step_of(op)
                if step is None:
                    raise OperationError(
                        op, "it has no place in a chip image; run convert-core-op-to-tianji first"
                    )
                self._add(op, step, op.results[0])

    def _add_read(self, op: Operation, value: SSAValue, index: npt.NDArray[np.int64]) -> None:
        code = core_op.code_of(value)
        assert code is not None
        section = self._section(index.astype("<i4"))
        shape = tuple(index.shape)
        step = steps.Read(section, shape, code.largest.bit_length(), code.zero.data)
        self._add(op, step, value)

    def _add(self, op: Operation, step: any_chip.Step, result: SSAValue) -> None:
        taken = [] if isinstance(step, steps.Read) else list(op.operands)
        numbers = [self._number(op, operand) for operand in taken]
        self.program.append({"step": step.name, "operands": numbers, **asdict(step)})
        self.numbers[result] = len(self.function.body.block.args) + len(self.program) - 1

    def _number(self, op: Operation, value: SSAValue) -> int:
        if value not in self.numbers:
            raise OperationError(op, "a constant tensor is used as a signal; no core computes it")
        return self.numbers[value]

    def _array(self, op: Operation, value: SSAValue | None) -> Array:
        data = trained.constant_of(value) if value is not None else None
        if data is None:
            raise OperationError(op, "cores are loaded with trained.tensor values only")
        try:
            return data.array
        except CorelowerError as error:
            raise OperationError(op, error.message) from None

    def _section(self, array: Array) -> int:
        self.sections.append(array)
        return len(self.sections) - 1
