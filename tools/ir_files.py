"""IR between files and memory, with the trained tensors that the text only names."""

from collections.abc import Iterator
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import CorelowerError
from ..dialects.support.location import parse_module
from ..dialects.support.tensor_data import TensorData
from ..dialects.trained import DataAttr
from .universe import full_universe


def make_context(*, allow_unregistered: bool = False) -> CorelowerContext:
    """A context that knows every dialect, each imported when it is first met."""
    ctx = CorelowerContext(allow_unregistered)
    for name, factory in full_universe().all_dialects.items():
        ctx.register_dialect(name, factory)
    return ctx


def read_module(ctx: Context, path: str | Path) -> ModuleOp:
    """
    The module in a text file, unverified; raises `CorelowerError` or `OSError`.

    Read the weights files into `ctx.tensors` first.
    """
    return parse_module(ctx, decode(Path(path).read_bytes(), str(path)), str(path))


def decode(data: bytes, name: str) -> str:
    """Text from UTF-8; raises `CorelowerError` with the first byte that is none."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise CorelowerError(f"not a text in UTF-8 (byte {error.start})", name) from None


def module_tensors(module: ModuleOp) -> Iterator[TensorData]:
    """Every trained tensor that the operations of a module hold, equal ones as often as held."""
    for op in module.walk():
        for attribute in (*op.properties.values(), *op.attributes.values()):
            if isinstance(attribute, DataAttr):
                yield attribute.data


def elide_tensors(module: ModuleOp) -> None:
    """Leave of each trained tensor only its digest, so that even small ones print as it."""
    for op in module.walk():
        for table in (op.properties, op.attributes):
            for name, attribute in table.items():
                if isinstance(attribute, DataAttr):
                    data = attribute.data
                    digest_only = TensorData(None, data.digest, data.dtype, data.shape)
                    table[name] = DataAttr(digest_only)
