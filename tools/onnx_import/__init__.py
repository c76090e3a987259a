"""
Reads an ONNX model into the `nn` dialect.

`model_file` and `tensor_reader` read what may not be trusted; `importer` walks the graph, knows the
values, the constants and the batch; `conversions` is the table of operators, each a small function
that sees its node through a `NodeScope`.
"""

from .importer import ExaminedModel, examine_onnx, import_onnx
from .problems import ModelError, Problem

__all__ = ["ExaminedModel", "ModelError", "Problem", "examine_onnx", "import_onnx"]
