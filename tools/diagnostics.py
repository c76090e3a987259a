"""Errors as a user sees them: one line that says where and what, and exit status 1."""

import os
import sys
from collections.abc import Callable

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.utils.exceptions import (
    ArgSpecParseError,
    DiagnosticException,
    ParseError,
    UnregisteredConstructException,
    VerifyException,
)

from ..dialects.support.errors import CombinedError, CorelowerError, OperationError

USER_ERRORS = (
    CorelowerError,
    ParseError,
    ArgSpecParseError,
    DiagnosticException,
    UnregisteredConstructException,
    UnicodeDecodeError,
    OSError,
    MemoryError,
    RecursionError,
)
"""What a tool answers with one line; any other exception is a fault of the tool itself."""

DEVICE_IS_FULL = "RESOURCE_EXHAUSTED"
"""How JAX's error begins where memory was not enough, on a device or on the host."""


def run_tool(main: Callable[[], int | None]) -> None:
    """
    Run a tool's main function and leave the process with its exit status, `None` being 0.

    A user error becomes one line on standard error and status 1, and so does an interrupt.
    """
    try:
        status = main() or 0
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (`| head`): nobody is left to be told, not even at the final flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except KeyboardInterrupt:
        # Python ends by the signal, caught or not, where the interrupt left an `exec` of text, as
        # in a dataclass that is being imported; the next such `exec` makes it forget that.
        exec("")
        print("error: interrupted", file=sys.stderr)
        status = 1
    except USER_ERRORS as error:
        print(error_line(error), file=sys.stderr)
        status = 1
    except RuntimeError as error:
        # JAX's own error type would have to be imported to be named.
        if not str(error).startswith(DEVICE_IS_FULL):
            raise
        error = CorelowerError("out of memory; fewer samples, or a smaller batch, take less")
        print(error_line(error), file=sys.stderr)
        status = 1
    sys.exit(status)


def error_line(error: BaseException) -> str:
    """
    `where: error: message`, on one line, or without the place where none is known.

    Errors that are told together have a line each.
    """
    if isinstance(error, CombinedError):
        return "\n".join(map(error_line, error.errors))
    where, message = _place_and_message(error)
    text = " ".join(message.split())
    return f"{where}: error: {text}" if where else f"error: {text}"


def verify(module: ModuleOp, after: str | None = None) -> None:
    """
    Verify a module; raises `OperationError` for the operation at fault.

    `after` is the pass to blame, where one has just run.
    """
    try:
        module.verify()
    except VerifyException as error:
        suffix = f" (after pass '{after}')" if after else ""
        culprit, message = _first_invalid(module, str(error))
        raise OperationError(culprit, f"{message}{suffix}") from None


def _first_invalid(module: ModuleOp, message: str) -> tuple[Operation, str]:
    for op in module.walk(region_first=True):
        try:
            op.verify(verify_nested_ops=False)
        except VerifyException as error:
            return op, str(error)
    # Only an empty block escapes the walk; xDSL's message names its operation.
    return module, message


def _place_and_message(error: BaseException) -> tuple[str | None, str]:
    match error:
        case CorelowerError():
            return error.where, error.message
        case ParseError():
            return str(error.span.get_location()), error.msg
        case UnicodeDecodeError():
            return None, f"not a text in UTF-8: byte {error.start} is {error.object[error.start]}"
        case OSError():
            name = None if error.filename is None else str(error.filename)
            return name, error.strerror or str(error)
        case MemoryError():
            return None, "out of memory"
        case RecursionError():
            return None, "the input is nested too deeply"
        case _:
            return None, str(error)
