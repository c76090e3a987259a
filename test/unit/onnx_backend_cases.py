"""The ONNX project's own backend tests as functions in the IR, with inputs and expected outputs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, numpy_helper
from onnx.backend.test.case.test_case import TestCase
from onnx.backend.test.loader import load_model_tests
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp

from corelower.dialects.nn import shape_of
from corelower.dialects.support.errors import CorelowerError
from corelower.tools.onnx_import import import_onnx
from corelower.tools.onnx_import.conversions import CONVERSIONS

Array = npt.NDArray[np.generic]

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")


@dataclass(frozen=True)
class Case:
    name: str
    model: ModelProto
    inputs: Sequence[object]
    outputs: Sequence[object]
    tolerance: float


@cache
def cases() -> dict[str, Case]:
    """The cases whose operators are all in the importer's table."""
    return {case.name: case for kind in KINDS for case in read_cases(load_model_tests(kind=kind))}


def read_cases(tests: Sequence[TestCase]) -> Iterator[Case]:
    for test in tests:
        model = test.model or read_model(test)
        operators = {(node.domain, node.op_type) for node in model.graph.node}
        if not operators or not operators <= {("", name) for name in (*CONVERSIONS, "Constant")}:
            continue
        inputs, outputs = (test.data_sets or [read_data(test)])[0]
        yield Case(test.name, model, inputs, outputs, max(test.rtol, tolerance_of(model)))


def tolerance_of(model: ModelProto) -> float:
    """A relative error: the reference rounds to the precision of its types, we to 32 bits."""
    types = {info.type.tensor_type.elem_type for info in (*model.graph.input, *model.graph.output)}
    if TensorProto.BFLOAT16 in types:
        return 1e-2
    return 2e-3 if TensorProto.FLOAT16 in types else 1e-4


def read_model(test: TestCase) -> ModelProto:
    assert test.model_dir is not None
    return ModelProto.FromString((Path(test.model_dir) / "model.onnx").read_bytes())


def read_data(test: TestCase) -> tuple[list[Array], list[Array]]:
    assert test.model_dir is not None
    folder = Path(test.model_dir) / "test_data_set_0"
    return read_tensors(folder, "input"), read_tensors(folder, "output")


def read_tensors(folder: Path, kind: str) -> list[Array]:
    paths = [folder / f"{kind}_{index}.pb" for index in range(len(list(folder.glob(f"{kind}_*"))))]
    return [numpy_helper.to_array(TensorProto.FromString(path.read_bytes())) for path in paths]


@cache
def listed(path: Path) -> dict[str, str]:
    """The cases that a file names, each with the reason that stands behind it."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return {name: reason for name, _, reason in (line.partition(": ") for line in lines)}


def to_tensor(value: object, name: str) -> TensorProto:
    if isinstance(value, TensorProto):
        tensor = TensorProto()
        tensor.CopyFrom(value)
        tensor.name = name
        return tensor
    return numpy_helper.from_array(np.asarray(value), name)


def to_array(value: object) -> npt.NDArray[np.float64]:
    array = numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)
    return array.astype(np.float64)


def import_case(case: Case) -> ModuleOp:
    """
    The case's function: most have weights as inputs, so as many inputs as can are constants.

    The cases have no batch, so that the first axis is one of the sample's own; it is the batch
    where it cannot be (several images). Raises what was found against the first attempt.
    """
    given = {tensor.name for tensor in case.model.graph.initializer}
    names = [info.name for info in case.model.graph.input if info.name not in given]
    first: CorelowerError | None = None
    for computed, has_batch in ((1, False), (len(names), False), (1, True), (len(names), True)):
        model = ModelProto()
        model.CopyFrom(case.model)
        named = list(zip(names, case.inputs, strict=True))
        model.graph.initializer.extend(to_tensor(value, n) for n, value in named[computed:])
        try:
            return import_onnx(model, has_batch=has_batch)
        except CorelowerError as error:
            first = first or error
    assert first is not None
    raise first


def samples_of(case: Case, function: FuncOp) -> list[npt.NDArray[np.float32]]:
    """What the case gives to the function, each as a batch."""
    inputs: list[npt.NDArray[np.float32]] = []
    for argument, value in zip(function.args, case.inputs, strict=False):
        exact = to_array(value)
        with np.errstate(over="ignore"):
            array = exact.astype(np.float32)
        beyond = np.isinf(array) & np.isfinite(exact)
        assert not beyond.any(), "the data goes beyond 32-bit floating point"
        inputs.append(array if array.ndim > len(shape_of(argument)) else array[np.newaxis])
    return inputs


def expected_of(
    case: Case, actual: Sequence[npt.NDArray[np.generic]]
) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Each result that a function gave, and the one that the case expects, in one shape."""
    for mine, theirs in zip(actual, case.outputs, strict=True):
        expected = to_array(theirs)
        assert expected.shape in (mine.shape, mine.shape[1:]), "another shape"
        yield np.asarray(mine, np.float64).reshape(expected.shape), expected
