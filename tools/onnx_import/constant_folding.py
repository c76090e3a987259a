"""Nodes whose operands are all constant, computed by ONNX's reference implementation."""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Protocol

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from ...dialects.support.tensor_data import Array
from .model_file import first_line
from .node import Node
from .problems import NodeError
from .shape_inference import infer_shapes
from .tensor_reader import TensorReader
from .values import Batch, Constant

_FOLDABLE = """
    Abs Add And ArgMax Cast CastLike Ceil Celu Clip Concat ConstantOfShape Cos DepthToSpace Div
    Elu Equal Erf Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND Gelu Gemm
    Greater GreaterOrEqual HardSigmoid HardSwish Identity LeakyRelu Less LessOrEqual Log
    LogSoftmax MatMul Max Mean Min Mish Mod Mul Neg Not Or PRelu Pad Pow Range Reciprocal
    ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu
    Reshape Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Size Slice Softmax
    Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh Tile Transpose Trilu Unsqueeze Where Xor
"""

FOLDABLE = frozenset(_FOLDABLE.split())
"""Operators without state or chance, whose results' sizes ONNX's shape inference foretells."""

_ALWAYS_ALLOWED = 2**24
"""Elements; a result that large is computed whatever it comes from."""

# The reference implementation is plain NumPy code: these are what its faults come as.
_FAULTS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)


class _Evaluator(Protocol):
    def run(
        self, output_names: None, feed_inputs: dict[str, Array], /
    ) -> Iterable[npt.ArrayLike]: ...


def fold(node: Node, inputs: Sequence[Constant | None], batch: Batch) -> list[Constant]:
    """The outputs of a node all of whose inputs are constant. Raises `NodeError`."""
    if node.operator == "Identity" and inputs[0] is not None:
        return [inputs[0]]
    _check_size(node, inputs, batch)
    arrays = [None if value is None else value.array for value in inputs]
    results = _evaluate(node, arrays)
    alternatives: list[Array | None] = [None] * len(results)
    if any(value is not None and value.alternative is not None for value in inputs):
        others = [_alternative(value) for value in inputs]
        alternatives = [
            None if np.array_equal(result, other) else other
            for result, other in zip(results, _evaluate(node, others), strict=True)
        ]
    return [
        Constant(result, name, alternative)
        for result, name, alternative in zip(results, node.outputs, alternatives, strict=True)
    ]


def constant_value(node: Node, reader: TensorReader) -> Constant:
    """The value of a `Constant` node. Raises `NodeError`."""
    name = node.outputs[0]
    if (tensor := node.tensor("value")) is not None:
        return Constant(reader.read(tensor, name), name)
    if "value_float" in node.attributes:
        return Constant(np.array(node.real("value_float", 0.0), np.float32), name)
    if "value_int" in node.attributes:
        return Constant(np.array(node.integer("value_int", 0), np.int64), name)
    if "value_floats" in node.attributes:
        return Constant(np.array(node.reals("value_floats"), np.float32), name)
    if "value_ints" in node.attributes:
        return Constant(np.array(node.integers("value_ints") or (), np.int64), name)
    raise NodeError(f"its value ({', '.join(sorted(node.attributes))}) is not a dense tensor")


def _alternative(value: Constant | None) -> Array | None:
    if value is None or value.alternative is None:
        return None if value is None else value.array
    return value.alternative


def _check_size(node: Node, inputs: Sequence[Constant | None], batch: Batch) -> None:
    limit = max(_ALWAYS_ALLOWED, 2 * sum(value.array.size for value in inputs if value is not None))
    shapes = infer_shapes(node, inputs, batch)
    if shapes is None or any(name and name not in shapes for name in node.outputs):
        raise NodeError("the shape of this constant does not follow from its operands")
    for shape in shapes.values():
        if prod(shape) > limit:
            raise NodeError(f"a constant of shape {list(shape)} is larger than {limit} elements")


def _evaluate(node: Node, arrays: Sequence[Array | None]) -> list[Array]:
    named = {
        name: array for name, array in zip(node.inputs, arrays, strict=True) if array is not None
    }
    types = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for name, array in named.items()
    ]
    # The outputs' types are not needed, and not known.
    outputs = [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in node.outputs]
    graph = helper.make_graph([node.proto], "constant", types, outputs)
    versions = [helper.make_opsetid(node.domain, node.version)]
    try:
        model = helper.make_model(graph, opset_imports=versions)
        return _run(ReferenceEvaluator(model), named)
    except _FAULTS as error:
        raise NodeError(f"this constant cannot be computed: {first_line(error)}") from error


def _run(evaluator: _Evaluator, inputs: dict[str, Array]) -> list[Array]:
    return [np.asarray(result) for result in evaluator.run(None, inputs)]
