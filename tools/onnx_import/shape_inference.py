"""ONNX's own shape inference, for one node at a time."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, TypeProto, helper, numpy_helper
from onnx.checker import ValidationError
from onnx.shape_inference import InferenceError

from ...dialects.support.tensor_data import Array
from .node import Node
from .values import Batch, Constant, Features, Value

_LARGEST_READ = 1024
"""Elements; a larger constant is data, not a shape."""


def infer_shapes(
    node: Node, inputs: Sequence[Value | None], batch: Batch
) -> dict[str, tuple[int, ...]] | None:
    """
    The static shapes of the node's outputs as the model has them, by name.

    Outputs whose shape does not follow are left out. `None` where the operator is unknown, an
    operand's shape is, or the operands do not fit.
    """
    try:
        schema = onnx.defs.get_schema(node.proto.op_type, node.version, node.domain)
    except onnx.defs.SchemaError:
        return None
    types: dict[str, TypeProto] = {}
    data: dict[str, TensorProto] = {}
    for name, value in zip(node.inputs, inputs, strict=True):
        match value:
            case Constant():
                types[name] = _type_of(value.array)
                if value.array.size <= _LARGEST_READ:
                    data[name] = numpy_helper.from_array(np.asarray(value.array))
            case Features():
                shape = value.model_shape(batch)
                types[name] = helper.make_tensor_type_proto(TensorProto.FLOAT, shape)
            case None:
                pass
            case _:
                return None
    versions = [helper.make_opsetid(node.domain, node.version)]
    try:
        inferred = onnx.shape_inference.infer_node_outputs(
            schema, node.proto, types, data, opset_imports=versions
        )
    except (InferenceError, ValidationError, RuntimeError, ValueError):
        return None
    return _static_shapes(inferred)


def _type_of(array: Array) -> TypeProto:
    return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def _static_shapes(types: Mapping[str, TypeProto]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name, inferred in types.items():
        if not inferred.HasField("tensor_type") or not inferred.tensor_type.HasField("shape"):
            continue
        dimensions = inferred.tensor_type.shape.dim
        if all(dimension.HasField("dim_value") for dimension in dimensions):
            shapes[name] = tuple(dimension.dim_value for dimension in dimensions)
    return shapes
