"""
Reads what an image's program has for any chip: what enters and leaves it, and its steps.

Nothing of it is trusted: what is wrong is a `BadImageError`. NumPy and the standard library are all
that is needed here, as in everything that reads an image.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, fields

from .json_checks import BadImageError, Json, count, counts, dictionary, field_value, items
from .ports import Port
from .steps import Step, StepError, Value, check_size


@dataclass(frozen=True)
class Instruction:
    """A step, the values that it takes, and the one that it gives."""

    step: Step
    operands: tuple[int, ...]
    value: Value


def read_inputs(header: Json) -> tuple[tuple[Port, ...], list[Value]]:
    """The inputs, which are the first values. Raises `BadImageError`, or `StepError` for sizes."""
    ports: list[Port] = []
    values: list[Value] = []
    for number, entry in enumerate(items(header.get("inputs"), "inputs")):
        shape = counts(dictionary(entry, "an input").get("shape"), f"input {number}: shape")
        check_size(shape)
        values.append(Value(shape))
        ports.append(_read_port(entry, "input", number + 1))
        if ports[-1].value != number:
            raise BadImageError(f"input {number} is value {ports[-1].value}")
    if not ports:
        raise BadImageError("the program has no inputs")
    return tuple(ports), values


def read_outputs(header: Json, values: int) -> tuple[Port, ...]:
    """The outputs, each one of so many `values`. Raises `BadImageError`."""
    entries = items(header.get("outputs"), "outputs")
    if not entries:
        raise BadImageError("the program has no outputs")
    return tuple(_read_port(entry, "output", values) for entry in entries)


@dataclass(frozen=True)
class StepEntry:
    """A step as the program names it, of a known kind and with operands that are there."""

    kind: type[Step]
    table: Json
    operands: tuple[int, ...]
    what: str
    """As errors name it."""

    def build(self, is_there: Callable[["Field[object]"], bool] = lambda field: True) -> Step:
        """The step, from the fields that `is_there` says the program has."""
        given = {
            f.name: field_value(self.table.get(f.name), f.type, self.what, f.name)
            for f in fields(self.kind)
            if is_there(f)
        }
        return self.kind(**given)

    def instruction(self, step: Step, infer: Callable[[], Value]) -> Instruction:
        """The step with the value that `infer` finds; what does not fit is `BadImageError`."""
        try:
            value = infer()
            check_size(value.shape)
        except StepError as error:
            raise BadImageError(f"{self.what}: {error}") from None
        return Instruction(step, self.operands, value)


def read_step(
    entry: object, number: int, kinds: Mapping[str, type[Step]], values: Sequence[Value]
) -> StepEntry:
    """Step `number` of the program, one of `kinds`, behind `values`. Raises `BadImageError`."""
    what = f"step {number}"
    table = dictionary(entry, what)
    name = table.get("step")
    if not isinstance(name, str) or name not in kinds:
        raise BadImageError(f"{what} is unknown: {str(name)[:40]}")
    kind, what = kinds[name], f"step {number} ({name})"
    operands = counts(table.get("operands"), f"{what}: operands")
    if (kind.operands is None and not operands) or kind.operands not in (None, len(operands)):
        raise BadImageError(f"{what} has {len(operands)} operands")
    if operands and max(operands) >= len(values):
        raise BadImageError(f"{what} uses value {max(operands)} before it is there")
    return StepEntry(kind, table, operands, what)


def _read_port(entry: object, what: str, values: int) -> Port:
    table = dictionary(entry, f"an {what}")
    name = table.get("name")
    value = count(table.get("value"), f"{what}: value")
    if not isinstance(name, str):
        raise BadImageError(f"an {what} has no name")
    if value >= values:
        raise BadImageError(f"{what} '{name[:40]}' is value {value}, which is not there")
    return Port(name, value)
