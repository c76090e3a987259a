"""The type of a conversion; the table of them is in `conversions`."""

from collections.abc import Callable, Sequence

from .node_scope import NodeScope
from .values import Value

Conversion = Callable[[NodeScope], Value | Sequence[Value]]
"""
Turns one node into operations of `nn` and says what its outputs are, one or several in order.

Raises `NodeError` for what it cannot turn, and `VerifyException` (from an operation's verifier)
where shapes do not fit.
"""
