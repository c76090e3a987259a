"""Reads a model: a file, its bytes, or a message that is in memory already."""

import os
from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, inliner, version_converter
from onnx.checker import ValidationError
from onnx.shape_inference import InferenceError

from ...dialects.support.errors import CorelowerError
from .node import normal_domain

OLDEST_VERSION = 7
"""Of ONNX's operator set; older models are lifted by ONNX's own converter."""

ModelSource = str | os.PathLike[str] | bytes | ModelProto


def load_model(source: ModelSource) -> tuple[ModelProto, Path | None]:
    """
    The model, and the path of its file where it has one.

    Raises `CorelowerError` for a file that cannot be read, is truncated or is no ONNX model.
    """
    path = None if isinstance(source, ModelProto | bytes) else Path(source)
    where = None if path is None else str(path)
    model = source if isinstance(source, ModelProto) else _parse(source, path)
    if not model.HasField("graph"):
        raise CorelowerError("not an ONNX model: it has no graph", where)
    if not model.opset_import:
        raise CorelowerError(
            "not a whole ONNX model: it does not say which operator set it uses", where
        )
    if not all(isinstance(text, str) for text in _texts(model)):
        # protobuf hands such text out as bytes.
        raise CorelowerError("not an ONNX model, or damaged: a name in it is not UTF-8", where)
    return _lifted(_without_functions(model, where), where), path


def operator_versions(model: ModelProto) -> dict[str, int]:
    """The version of each operator set, by domain."""
    return {normal_domain(entry.domain): entry.version for entry in model.opset_import}


def first_line(error: BaseException) -> str:
    """The first line of what ONNX says; the rest is about its own code."""
    if isinstance(error, UnicodeDecodeError):
        return "a text in it is not UTF-8"
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _texts(model: ModelProto) -> Iterator[object]:
    """All names that an import may come to read."""
    graph = model.graph
    yield graph.name
    yield from (entry.domain for entry in model.opset_import)
    yield from (info.name for info in (*graph.input, *graph.output))
    for info in graph.input:
        yield from (dimension.dim_param for dimension in info.type.tensor_type.shape.dim)
    for node in (*graph.node, *(node for function in model.functions for node in function.node)):
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    tensors = (*graph.initializer, *(a.t for node in graph.node for a in node.attribute))
    for tensor in (*tensors, *(sparse.values for sparse in graph.sparse_initializer)):
        yield tensor.name
        yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))


def _parse(source: str | os.PathLike[str] | bytes, path: Path | None) -> ModelProto:
    where = None if path is None else str(path)
    if isinstance(source, bytes):
        data = source
    else:
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise CorelowerError(f"cannot read: {error.strerror}", where) from error
    if not data:
        raise CorelowerError("not an ONNX model: it is empty", where)
    try:
        return ModelProto.FromString(data)
    except DecodeError:
        raise CorelowerError("not an ONNX model, or truncated", where) from None


def _without_functions(model: ModelProto, where: str | None) -> ModelProto:
    if not model.functions:
        return model
    try:
        return inliner.inline_local_functions(model)
    except (RuntimeError, ValueError, ValidationError) as error:
        raise CorelowerError(f"cannot inline its functions: {first_line(error)}", where) from error


def _lifted(model: ModelProto, where: str | None) -> ModelProto:
    version = operator_versions(model).get("")
    newest = onnx.defs.onnx_opset_version()
    if version is None or OLDEST_VERSION <= version <= newest:
        return model
    if version > newest:
        raise CorelowerError(
            f"operator set {version} is newer than the installed onnx knows ({newest}); "
            "export with an older one, or update onnx",
            where,
        )
    try:
        return version_converter.convert_version(model, OLDEST_VERSION)
    except (
        RuntimeError,
        ValueError,
        ValidationError,
        InferenceError,
        version_converter.ConvertError,
    ) as error:
        raise CorelowerError(
            f"operator set {version} is older than {OLDEST_VERSION} and onnx cannot lift it: "
            f"{first_line(error)}",
            where,
        ) from error
