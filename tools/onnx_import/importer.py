"""Walks an ONNX graph and builds the function that describes one sample."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnx import GraphProto, ModelProto
from xdsl.dialects import func
from xdsl.dialects.builtin import (
    ArrayAttr,
    ModuleOp,
    StringAttr,
    TensorType,
    UnrealizedConversionCastOp,
    f32,
)
from xdsl.ir import Block, Region, SSAValue
from xdsl.utils.exceptions import VerifyException

from ...dialects.nn import NnOperation
from ...dialects.support.context import CorelowerContext
from ...dialects.support.errors import CorelowerError
from ...dialects.support.provenance import golden_name, set_golden
from .constant_folding import FOLDABLE, constant_value, fold
from .conversions import CONVERSIONS
from .model_file import ModelSource, first_line, load_model, operator_versions
from .model_inputs import read_inputs
from .node import Node
from .node_checker import NodeChecker
from .node_scope import FunctionBuilder, NodeScope, ir_text, name_location, value_name
from .problems import NO_CONVERSION, ModelError, NodeError, Problem, UnknownShapeError
from .quantization_ops import integer_codes
from .shape_inference import infer_shapes
from .tensor_reader import TensorReader
from .values import Codes, Constant, Features, Unknown, Value


def import_onnx(
    source: ModelSource, ctx: CorelowerContext | None = None, *, has_batch: bool = True
) -> ModuleOp:
    """
    The module whose `func.func @main` computes the model on one sample, in the `nn` dialect.

    `source` is a path, the bytes of a file, or a model in memory; only a path leads to external
    data. The inputs' first axis, the batch, goes, unless `has_batch` says that there is none (an
    input of one axis of fixed size has none anyway). The model's names for its inputs and outputs
    stay as the function's attributes `onnx.inputs` and `onnx.outputs`, every operation is located
    at its node, and its attribute `golden` names the tensor that it computes. Weights are held by
    reference, in 32-bit floating point. Remarks go to `ctx`.

    Raises `ModelError` for nodes that cannot be imported, all of them, and `CorelowerError` for a
    file that is no model or whose tensors are malformed or not finite.
    """
    examined = examine_onnx(source, ctx, has_batch=has_batch)
    if examined.problems:
        raise ModelError(examined.problems, CONVERSIONS, examined.where)
    return examined.module


@dataclass(frozen=True)
class ExaminedModel:
    """
    A model as far as it can be imported.

    `nodes` are those that an output depends on, in order. Where there are `problems`, the results
    of the nodes at fault are `builtin.unrealized_conversion_cast` operations, and the function
    returns what no operation reads. `skipped` are the names of nodes of which nothing can be said,
    since the shape of what they read is not known.
    """

    module: ModuleOp
    nodes: tuple[Node, ...]
    problems: tuple[Problem, ...]
    skipped: tuple[str, ...]
    where: str | None


def examine_onnx(
    source: ModelSource, ctx: CorelowerContext | None = None, *, has_batch: bool = True
) -> ExaminedModel:
    """As `import_onnx`, but nodes that cannot be imported are told beside the others."""
    model, path = load_model(source)
    return _Importer(model, path, ctx or CorelowerContext(), has_batch).run()


class _Importer:
    def __init__(
        self, model: ModelProto, path: Path | None, ctx: CorelowerContext, has_batch: bool
    ):
        self.has_batch = has_batch
        self.graph: GraphProto = model.graph
        self.where = None if path is None else str(path)
        self.reader = TensorReader(path)
        self.versions = operator_versions(model)
        self.checker = NodeChecker(model)
        self.ctx = ctx
        self.values: dict[str, Value] = {}
        self.problems: list[Problem] = []
        self.skipped: list[str] = []
        self.read: set[str] = set()
        self.inputs: list[str] = []

    def run(self) -> ExaminedModel:
        nodes = self.live_nodes()
        self.read_initializers()
        builder = self.read_inputs(nodes)
        for node in nodes:
            self.import_node(node, builder)
        outputs = [output.name for output in self.graph.output]
        results = [self.result(name, builder) for name in outputs]
        if self.problems:
            results = [*results, *_unread(builder.block)]
        end = func.ReturnOp(*results)
        end.location = name_location(self.graph.name or "main")
        builder.block.add_op(end)
        module = self.module(builder.block, results, outputs)
        problems, skipped = tuple(self.problems), tuple(self.skipped)
        return ExaminedModel(module, tuple(nodes), problems, skipped, self.where)

    def live_nodes(self) -> list[Node]:
        """The nodes that an output depends on, in order. Raises where there is no order."""
        nodes = [
            Node.of(proto, index, self.versions) for index, proto in enumerate(self.graph.node)
        ]
        needed = {output.name for output in self.graph.output if output.name}
        if len(needed) != len(self.graph.output) or not needed:
            raise self.error("the model has no outputs, or two of one name")
        live: list[Node] = []
        for node in reversed(nodes):
            if needed.isdisjoint(node.outputs):
                continue
            live.append(node)
            needed.update(filter(None, node.inputs))
        live.reverse()
        self.read = needed
        return live

    def read_initializers(self) -> None:
        """The constants of the graph that a live node or an output reads."""
        for sparse in self.graph.sparse_initializer:
            if sparse.values.name in self.read:
                raise self.error(f"initializer '{sparse.values.name}': it is sparse")
        for tensor in self.graph.initializer:
            if tensor.name in self.read:
                array = self.reader.read(tensor, tensor.name)
                self.define(tensor.name, Constant(array, tensor.name))

    def read_inputs(self, nodes: Sequence[Node]) -> FunctionBuilder:
        """The function's arguments: the inputs that are not initializers too (as before IR 4)."""
        given = {tensor.name for tensor in self.graph.initializer}
        infos = [info for info in self.graph.input if info.name not in given]
        if not infos:
            raise self.error("the model has no inputs")
        users: dict[str, list[Node]] = {}
        for node in nodes:
            for name in node.inputs:
                users.setdefault(name, []).append(node)
        inputs, batch = read_inputs(infos, users, self.where, self.has_batch)
        block = Block(arg_types=[TensorType(f32, entry.shape) for entry in inputs])
        for entry, argument in zip(inputs, block.args, strict=True):
            argument.name_hint = value_name(entry.name)
            argument.location = name_location(entry.name)
            self.inputs.append(entry.name)
            self.define(entry.name, Features(argument, entry.batched))
        return FunctionBuilder(block, batch, self.where, {}, self.read, self.ctx.remarks.append)

    def define(self, name: str, value: Value) -> None:
        """Give a tensor its value. Raises where the name is taken."""
        if name in self.values:
            raise self.error(f"tensor '{name}' is defined twice")
        self.values[name] = value

    def import_node(self, node: Node, builder: FunctionBuilder) -> None:
        """Convert a node; what is wrong with it is kept, and its outputs get their shapes."""
        inputs = [self.operand(node, name) for name in node.inputs]
        try:
            outputs = self.outputs(node, inputs, builder)
        except (NodeError, VerifyException) as error:
            self.problems.append(Problem(node.operator, node.name, first_line(error)))
            _forget_unfinished(inputs)
            outputs = self.placeholders(node, inputs, builder)
        except UnknownShapeError:
            self.skipped.append(node.name)
            outputs = self.placeholders(node, inputs, builder)
        for name, value in zip(node.outputs, outputs, strict=True):
            if name:
                self.define(name, value)

    def operand(self, node: Node, name: str) -> Value | None:
        if not name:
            return None
        if name not in self.values:
            raise self.error(
                f"node '{node.name}' ({node.operator}) reads tensor '{name}', which no input, "
                "initializer or earlier node gives"
            )
        return self.values[name]

    def outputs(
        self, node: Node, inputs: Sequence[Value | None], builder: FunctionBuilder
    ) -> list[Value]:
        """The values of a node's outputs. Raises `NodeError`, `UnknownShapeError` or another."""
        self.checker.check(node)
        if node.operator == "Constant":
            return [constant_value(node, self.reader)]
        constants = [value for value in inputs if value is None or isinstance(value, Constant)]
        if node.operator in FOLDABLE and inputs and len(constants) == len(inputs):
            return list(fold(node, constants, builder.batch))
        conversion = CONVERSIONS.get(node.operator)
        if conversion is None:
            raise NodeError(NO_CONVERSION)
        converted = conversion(NodeScope(node, inputs, builder))
        results = [converted] if isinstance(converted, Value) else converted
        values = list(results)
        self.name_results(node, values, builder)
        for name in node.outputs[len(values) :]:
            if name in self.read:
                raise NodeError(f"its output '{name}' is used; it cannot be converted")
        return [*values, *[Unknown() for _ in node.outputs[len(values) :]]]

    def name_results(self, node: Node, values: Iterable[Value], builder: FunctionBuilder) -> None:
        """Name the operations that compute the outputs, unless another node's do already."""
        for name, value in zip(node.outputs, values, strict=False):
            if not isinstance(value, Features) or value.value.owner is builder.block:
                continue
            op = value.value.owner
            if isinstance(op, Block) or golden_name(op) is not None:
                continue
            set_golden(op, ir_text(name))
            value.value.name_hint = value_name(name)

    def placeholders(
        self, node: Node, inputs: Sequence[Value | None], builder: FunctionBuilder
    ) -> list[Value]:
        """Stand-ins of the right shape, so that the nodes behind a bad one are looked at too."""
        if not any(isinstance(value, Features) for value in inputs):
            return [Unknown() for _ in node.outputs]
        shapes = infer_shapes(node, inputs, builder.batch) or {}
        values: list[Value] = []
        for name in node.outputs:
            shape = shapes.get(name)
            if shape is None or min(shape, default=1) < 1:
                values.append(Unknown())
                continue
            batched = shape[:1] == (builder.batch.extent,)
            sample = TensorType(f32, shape[1:] if batched else shape)
            op = UnrealizedConversionCastOp.get([], [sample])
            builder.block.add_op(op)
            values.append(Features(op.results[0], batched))
        return values

    def result(self, name: str, builder: FunctionBuilder) -> SSAValue:
        """What the function returns for an output of the graph."""
        match self.values.get(name):
            case Features(value=value, batched=batched, batch_axis=axis):
                if batched and axis:
                    place = f"{self.where}: " if self.where else ""
                    builder.remark(
                        f"{place}output '{name}': remark: the batch, its axis {axis}, comes first"
                    )
                return value
            case Constant(array=array, alternative=alternative):
                if alternative is not None:
                    raise self.error(f"output '{name}' depends on the size of the batch")
                return builder.constant(array, name)
            case Codes() as codes:
                return integer_codes(builder, name, codes)
            case Unknown():
                return builder.block.args[0]
            case None:
                raise self.error(f"output '{name}' is computed by no node")

    def module(self, block: Block, results: Sequence[SSAValue], outputs: Sequence[str]) -> ModuleOp:
        types = ([a.type for a in block.args], [r.type for r in results])
        main = func.FuncOp("main", types, Region(block))
        main.location = name_location(self.graph.name or "main")
        main.attributes["onnx.inputs"] = _names(self.inputs)
        main.attributes["onnx.outputs"] = _names(outputs)
        return ModuleOp([main])

    def error(self, message: str) -> CorelowerError:
        return CorelowerError(message, self.where)


def _forget_unfinished(inputs: Iterable[Value | None]) -> None:
    """Drop the uses of an operation that was refused while it was made, and is in no block."""
    for value in inputs:
        if not isinstance(value, Features):
            continue
        for use in list(value.value.uses):
            if use.operation.parent is None:
                use.operation.drop_all_references()


def _unread(block: Block) -> list[SSAValue]:
    """What operations of the model compute and none reads: all of it is to be looked at."""
    return [
        op.results[0]
        for op in block.ops
        if isinstance(op, NnOperation) and not op.results[0].uses.get_length()
    ]


def _names(names: Sequence[str]) -> ArrayAttr[StringAttr]:
    return ArrayAttr([StringAttr(ir_text(name)) for name in names])
