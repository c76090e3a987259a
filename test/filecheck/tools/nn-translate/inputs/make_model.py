"""Writes an ONNX model: a convolution, a rectifier, a dense layer, and perhaps a node too many."""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

path, *options = sys.argv[1:]
numbers = np.random.default_rng(0)
weights = {
    "conv.weight": numbers.uniform(-1, 1, (2, 1, 3, 3)).astype(np.float32),
    "dense.weight": numbers.uniform(-1, 1, (8, 3)).astype(np.float32),
    "dense.bias": np.array([0.5, -1, 2], np.float32),
}
nodes = [
    helper.make_node("Conv", ["image", "conv.weight"], ["features"], "/conv/Conv"),
    helper.make_node("Relu", ["features"], ["positive"], "/relu/Relu"),
    helper.make_node("Flatten", ["positive"], ["flat"], "/flatten/Flatten"),
    helper.make_node("Gemm", ["flat", "dense.weight", "dense.bias"], ["logits"], "/dense/Gemm"),
]
if "unsupported" in options:
    nodes[1].op_type = "Hardmax"
if "nan" in options:
    weights["dense.bias"][1] = np.nan
graph = helper.make_graph(
    nodes,
    "tiny",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 4, 4])],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 3])],
    [numpy_helper.from_array(array, name) for name, array in weights.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
Path(path).write_bytes(model.SerializeToString())
