"""ONNX's own check of a node against its operator's schema."""

import onnx
from onnx import ModelProto

from .model_file import first_line, operator_versions
from .node import Node
from .problems import NodeError


class NodeChecker:
    """
    Checks the nodes of one model.

    The checker of whole models would read external data, and stop at the first node at fault.
    """

    def __init__(self, model: ModelProto):
        self._versions = operator_versions(model)
        self._context = onnx.checker.C.CheckerContext()
        self._context.ir_version = model.ir_version
        self._context.opset_imports = self._versions

    def check(self, node: Node) -> None:
        """Raises `NodeError` where the number of operands, or an attribute, is wrong."""
        if not node.domain and node.domain not in self._versions:
            raise NodeError("the model states no version of ONNX's operator set")
        if not onnx.defs.has(node.proto.op_type, node.version, node.domain):
            return
        try:
            onnx.checker.check_node(node.proto, self._context)
        except (onnx.checker.ValidationError, UnicodeDecodeError) as error:
            raise NodeError(first_line(error)) from None
