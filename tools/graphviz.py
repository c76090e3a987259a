"""IR as a drawing: Graphviz text, a cluster a function, the tensors' shapes on the edges."""

from collections.abc import Iterator

from xdsl.dialects import func
from xdsl.dialects.builtin import (
    DenseArrayBase,
    FloatAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    TensorType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.utils.hints import isa

from ..dialects.support.provenance import golden_name
from ..dialects.trained import TensorOp


def to_dot(module: ModuleOp) -> str:
    """
    A Graphviz digraph of every function in a module.

    Boxes are operations, under the name of the value of the source model that they stand for;
    ellipses are arguments and results. Trained tensors are written into the operation that uses
    them.
    """
    lines = ["digraph corelower {", '  node [shape=box, fontname="sans-serif"];']
    functions = [op for op in module.walk() if isinstance(op, func.FuncOp)]
    for index, function in enumerate(functions):
        lines += [
            f"  subgraph cluster_{index} {{",
            f"    label={_quoted('@' + function.sym_name.data)};",
            *(f"    {line}" for line in _function_lines(function, f"f{index}")),
            "  }",
        ]
    return "\n".join([*lines, "}", ""])


def _function_lines(function: func.FuncOp, prefix: str) -> Iterator[str]:
    nodes: dict[SSAValue, str] = {}
    for index, argument in enumerate(function.args):
        nodes[argument] = f"{prefix}_argument{index}"
        label = f"%{argument.name_hint or f'argument {index}'}"
        yield f"{nodes[argument]} [shape=ellipse, label={_quoted(label)}];"
    for index, op in enumerate(function.body.walk()):
        if isinstance(op, TensorOp):
            continue
        node = f"{prefix}_op{index}"
        nodes.update(dict.fromkeys(op.results, node))
        shape = ", shape=ellipse" if isinstance(op, func.ReturnOp) else ""
        yield f"{node} [label={_quoted(_label(op))}{shape}];"
        for operand in op.operands:
            if operand in nodes:
                yield f"{nodes[operand]} -> {node} [label={_quoted(_shape(operand.type))}];"


def _label(op: Operation) -> str:
    """The operation's name, the value that it computes, what is set and its trained tensors."""
    lines = [op.name]
    defaults: dict[str, Attribute | None] = {}
    if isinstance(op, IRDLOperation):
        properties = op.get_irdl_definition().properties
        defaults = {key: definition.default_value for key, definition in properties.items()}
    if (name := golden_name(op)) is not None:
        lines.append(name)
    lines += [
        f"{key} {text}"
        for key, value in op.properties.items()
        if value != defaults.get(key) and (text := _setting(value)) is not None
    ]
    lines += [
        f"{operand.owner.result.name_hint or 'trained'}: {_shape(operand.type)}"
        for operand in op.operands
        if isinstance(operand.owner, TensorOp)
    ]
    return "\n".join(lines)


def _setting(value: Attribute) -> str | None:
    if isinstance(value, IntegerAttr):
        return str(value.value.data)
    if isinstance(value, FloatAttr):
        return f"{value.value.data:g}"
    if isa(value, DenseArrayBase[IntegerType]) and len(numbers := value.get_values()) <= 8:
        return str(list(numbers))
    return None


def _shape(value_type: Attribute) -> str:
    if not isa(value_type, TensorType[Attribute]):
        return str(value_type)
    extents = "x".join("?" if extent < 0 else str(extent) for extent in value_type.get_shape())
    element = str(value_type.element_type)
    return f"{extents} {element}" if extents else element


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{plain}"'
