"""
Parts of a function that are compiled by themselves, once for all parts that are alike.

A deep network has few kinds of layers: two parts with the same operations on the same shapes run
through one compiled function, each with its own parameters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.hints import isa

from ...dialects import core_op, trained
from .evaluator import Parameters, Program, Values
from .typed import jit
from .windows import materialize

Array = npt.NDArray[np.generic]

COMPUTED = 256
"""Samples at a time where nothing is learned."""


@dataclass(frozen=True)
class Segment:
    """
    Operations that compute `outputs` from `inputs` and from the constants among them.

    `keys` are those of the constants in a `Program`, in order.
    """

    program: Program
    inputs: tuple[SSAValue, ...]
    outputs: tuple[SSAValue, ...]
    keys: tuple[str, ...]
    signature: str
    """Equal where two segments compute the same function of inputs and constants."""

    def run(self, parameters: Parameters, inputs: Sequence[jax.Array]) -> list[jax.Array]:
        """The outputs of one sample; traceable."""
        values: Values = dict(zip(self.inputs, inputs, strict=True))
        self.program.run(parameters, values)
        return [materialize(values[value]) for value in self.outputs]


def segment_of(program: Program, outputs: Sequence[SSAValue], known: set[SSAValue]) -> Segment:
    """What computes `outputs` from values that are `known`."""
    wanted, seen, used = list(outputs), set[Operation](), dict[SSAValue, None]()
    while wanted:
        value = wanted.pop()
        if value in known:
            used[value] = None
            continue
        op = value.owner
        assert isinstance(op, Operation)
        if op not in seen:
            seen.add(op)
            wanted.extend(op.operands)
    ordered = [op for op in program.operations if op in seen]
    # In the order of their use, which is the same in segments that are alike.
    uses = [operand for op in ordered for operand in op.operands if operand in used]
    inputs = tuple(dict.fromkeys([*uses, *used]))
    part = program.part(ordered)
    keys = tuple(part.constants)
    return Segment(part, inputs, tuple(outputs), keys, _signature(ordered, inputs, outputs))


class Segments:
    """Compiled segments, by what they compute."""

    def __init__(self) -> None:
        self._compiled: dict[str, Callable[..., list[jax.Array]]] = {}

    def run(self, segment: Segment, parameters: Parameters, inputs: Sequence[Array]) -> list[Array]:
        """The outputs on a batch, in parts of it that fit the memory; codes as they are."""
        run = self._compiled.setdefault(segment.signature, _compile(segment))
        constants = [parameters[key] for key in segment.keys]
        parts: list[list[Array]] = []
        for at in range(0, len(inputs[0]), COMPUTED):
            batch = [array[at : at + COMPUTED] for array in inputs]
            found = run(constants, batch)
            values = zip(found, segment.outputs, strict=True)
            parts.append([compact(np.asarray(array), value) for array, value in values])
        return [np.concatenate(part) for part in zip(*parts, strict=True)]


@dataclass
class Stream:
    """
    One function's values on all samples, in the order of `wanted`, and no more of them than needed.

    `known` holds what the values still wanted are computed from: a few layers' activations.
    """

    program: Program
    wanted: list[SSAValue]
    known: dict[SSAValue, Array]

    def segment(self, value: SSAValue) -> Segment:
        """What lies between the known values and `value`."""
        return segment_of(self.program, [value], set(self.known))

    def arrays(self, segment: Segment) -> list[Array]:
        """The segment's inputs."""
        return [self.known[value] for value in segment.inputs]

    def advance(self, array: Array) -> None:
        """Let the first of the wanted values be `array`, and forget what is not needed any more."""
        self.known[self.wanted[0]] = array
        self.wanted = self.wanted[1:]
        pending, seen, needed = list(self.wanted), set[SSAValue](), dict[SSAValue, Array]()
        while pending:
            value = pending.pop()
            if value in seen:
                continue
            seen.add(value)
            if value in self.known:
                needed[value] = self.known[value]
            elif isinstance(value.owner, Operation):
                pending.extend(value.owner.operands)
        self.known = needed

    def copy(self) -> "Stream":
        """A stream that stays where this one is; the arrays are shared."""
        return Stream(self.program, list(self.wanted), dict(self.known))

    @property
    def is_at_a_cut(self) -> bool:
        """Whether all that is still wanted follows from one value: no branch leads past it."""
        return len(self.known) <= 1


def compact(array: Array, value: SSAValue) -> Array:
    """Codes in as few bytes as hold them: a layer's activations on all samples are kept."""
    code = core_op.code_of(value)
    if code is None:
        return array.astype(np.float32, copy=False)
    return array.astype(np.uint8 if code.largest < 256 else np.uint16)


def _compile(segment: Segment) -> Callable[..., list[jax.Array]]:
    def one(constants: list[jax.Array], inputs: list[jax.Array]) -> list[jax.Array]:
        parameters = dict(zip(segment.keys, constants, strict=True))
        return segment.run(parameters, [array.astype(np.float32) for array in inputs])

    return jit(jax.vmap(one, in_axes=(None, 0)))


def _signature(
    operations: Sequence[Operation], inputs: Sequence[SSAValue], outputs: Sequence[SSAValue]
) -> str:
    numbers = {value: str(number) for number, value in enumerate(inputs)}
    lines = [f"{_type_text(value.type, exact=False)}" for value in inputs]
    for op in operations:
        operands = [numbers[value] for value in op.operands]
        # Only integers flow where weights are, whatever the codes stand for.
        exact = not isinstance(op, core_op.WiringOperation | core_op.MaxOp) and not (
            isinstance(op, core_op.VmmOp) and op.is_quantized
        )
        values = [*op.operands, *op.results]
        types = [_type_text(value.type, exact=exact) for value in values]
        properties: list[str] = []
        if not isinstance(op, trained.TensorOp):
            properties = [f"{name}={op.properties[name]}" for name in sorted(op.properties)]
        for result in op.results:
            numbers[result] = str(len(numbers))
        lines.append(f"{op.name} {operands} {properties} {types}")
    return "\n".join([*lines, str([numbers[value] for value in outputs])])


def _type_text(of: Attribute, *, exact: bool) -> str:
    if not isa(of, TensorType[Attribute]):
        return str(of)
    element = of.get_element_type()
    if isinstance(element, core_op.CodeType) and not exact:
        code = element.bits.data, element.units.data, element.ticks.data, element.zero.data
        return f"{of.get_shape()} {code}"
    return str(of)
