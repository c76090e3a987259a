"""Remarks: what a pass decided or reached, told to the user and kept for the report."""

import sys

from xdsl.context import Context
from xdsl.ir import Operation

from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import describe_location


def remark(ctx: Context, op: Operation, text: str) -> None:
    """
    Tell the user something about an operation: `file:line:column: remark: text`.

    The tools print what a `CorelowerContext` collected after each pass; under any other context
    (a stock `xdsl-opt`) the line goes to standard error at once.
    """
    where = describe_location(op.location)
    line = f"{where}: remark: {text}" if where else f"remark: {text}"
    if isinstance(ctx, CorelowerContext):
        ctx.remarks.append(line)
    else:
        sys.stderr.write(f"{line}\n")
