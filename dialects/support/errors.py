"""The exceptions that a tool shows to its user as a line each."""

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, FileLineColLoc, FusedLoc, NameLoc
from xdsl.ir import Attribute, Operation
from xdsl.utils.hints import isa

from .user_error import CorelowerError

__all__ = ["CombinedError", "CorelowerError", "OperationError", "describe_location"]


class OperationError(CorelowerError):
    """An error about one operation: its location and name come before the message."""

    def __init__(self, op: Operation, message: str):
        super().__init__(f"{op.name}: {message}", describe_location(op.location))
        self.location = op.location


class CombinedError(CorelowerError):
    """Errors that are told together, in order, so that all can be mended at once."""

    def __init__(self, errors: Sequence[CorelowerError]):
        super().__init__("\n".join(map(str, errors)))
        self.errors = tuple(errors)


def describe_location(location: Attribute) -> str | None:
    """A location as a user reads it, or `None` where it is unknown."""
    match location:
        case FileLineColLoc():
            return f"{location.filename.data}:{location.line.data}:{location.column.data}"
        case NameLoc():
            inner = describe_location(location.location)
            name = f"node '{location.desc.data}'"
            return f"{inner}: {name}" if inner else name
        case FusedLoc():
            assert isa(location.locations, ArrayAttr[Attribute])
            parts = [describe_location(part) for part in location.locations]
            return ", ".join(dict.fromkeys(part for part in parts if part)) or None
        case _:
            return None
