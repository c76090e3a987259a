"""The inputs of a model: their shapes, and which axis is the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from onnx import TensorProto, TypeProto, ValueInfoProto

from ...dialects.support.errors import CorelowerError
from .node import Node
from .values import SYMBOLIC_EXTENTS, Batch

_FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)

LARGEST_SAMPLE = 2**28
"""Elements; what a damaged file claims beyond it shall not make anyone take memory."""


@dataclass(frozen=True)
class ModelInput:
    """An input: its name, and one sample's shape without the batch axis where it has one."""

    name: str
    shape: tuple[int, ...]
    batched: bool


def read_inputs(
    inputs: Sequence[ValueInfoProto],
    users: Mapping[str, Sequence[Node]],
    where: str | None,
    has_batch: bool,
) -> tuple[list[ModelInput], Batch]:
    """
    The inputs of a graph, and their batch.

    The first axis is the batch where it is open, or where there are others beside it; without
    `has_batch` none is. `users` are the nodes by the names that they read. Raises `CorelowerError`
    naming the input that is not a tensor of numbers with one open axis at most, the first.
    """
    found: list[ModelInput] = []
    extents: dict[int | None, str] = {}
    for info in inputs:
        name = info.name
        if not info.type.HasField("tensor_type"):
            raise CorelowerError(f"input '{name}' is not a tensor", where)
        tensor = info.type.tensor_type
        _check_elements(name, tensor.elem_type, users, where)
        if not tensor.HasField("shape"):
            raise CorelowerError(f"input '{name}' has no shape; state it in the model", where)
        extent, model_input = _read_shape(name, tensor, where, has_batch)
        found.append(model_input)
        if model_input.batched:
            extents.setdefault(extent, name)
    return found, _batch_of(extents, where)


def _read_shape(
    name: str, tensor: TypeProto.Tensor, where: str | None, has_batch: bool
) -> tuple[int | None, ModelInput]:
    """The first axis' extent, `None` where it is open, and the input."""
    dimensions = tensor.shape.dim
    # Some exporters write 0 or -1 for an open axis.
    shape = [
        d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in dimensions
    ]
    batched = has_batch and (len(shape) > 1 or shape == [None])
    for axis, extent in enumerate(shape):
        if extent is None and not (batched and axis == 0):
            label = f" ('{dimensions[axis].dim_param}')" if dimensions[axis].dim_param else ""
            raise CorelowerError(
                f"axis {axis}{label} of input '{name}' has no fixed size; export the model with "
                "a number there: only axis 0, the batch, may stay open",
                where,
            )
    sample = tuple(extent for extent in shape[batched:] if extent is not None)
    if prod(sample) > LARGEST_SAMPLE:
        raise CorelowerError(
            f"a sample of input '{name}' has {prod(sample)} elements, more than {LARGEST_SAMPLE}",
            where,
        )
    return shape[0] if batched else 1, ModelInput(name, sample, batched)


def _batch_of(extents: Mapping[int | None, str], where: str | None) -> Batch:
    if len(extents) > 1:
        stated = [f"'{name}' {'open' if e is None else e}" for e, name in extents.items()]
        raise CorelowerError(f"the inputs disagree about the batch: {', '.join(stated)}", where)
    extent = next(iter(extents), 1)
    if extent is None:
        return Batch(SYMBOLIC_EXTENTS[0], is_symbolic=True)
    return Batch(extent)


_EXACT_TYPES = (
    *("INT2", "INT4", "INT8", "INT16", "UINT2", "UINT4", "UINT8", "UINT16"),
    *("FLOAT4E2M1", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ"),
)
"""Their numbers 32-bit floating point holds exactly."""

_EXACT_NAMES = """
    Clip Concat DepthToSpace Expand Flatten Gather Identity Max MaxPool Min Pad Reshape Slice Split
    Squeeze Tile Transpose Unsqueeze
"""

_EXACT_OPERATORS = frozenset(_EXACT_NAMES.split())
"""What they make of integers is the same numbers as of floating point."""


def _check_elements(
    name: str, element_type: int, users: Mapping[str, Sequence[Node]], where: str | None
) -> None:
    if element_type in _FLOATS:
        return
    known = element_type in TensorProto.DataType.values()
    label = TensorProto.DataType.Name(element_type) if known else str(element_type)
    if label not in _EXACT_TYPES:
        raise CorelowerError(f"input '{name}' is of type {label}; it must be FLOAT", where)
    seen, waiting = {name}, [name]
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user.operator in ("Cast", "DequantizeLinear"):
                continue
            if user.operator not in _EXACT_OPERATORS:
                raise CorelowerError(
                    f"input '{name}' has elements of type {label} and is used before a Cast to "
                    "floating point",
                    where,
                )
            waiting += [output for output in user.outputs if output not in seen]
            seen.update(user.outputs)
