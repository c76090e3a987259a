"""What the conversions to chips' dialects share."""

from collections.abc import Callable, Iterable

from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation

from ..dialects.support.errors import CombinedError, OperationError


def require_finished(
    functions: Iterable[FuncOp], what_is_missing: Callable[[Operation], str | None]
) -> None:
    """Raise `CombinedError` with every operation of which something is still missing."""
    unfinished = [
        OperationError(op, message)
        for function in functions
        for op in function.body.walk()
        if (message := what_is_missing(op)) is not None
    ]
    if unfinished:
        raise CombinedError(unfinished)
