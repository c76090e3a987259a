"""What cannot be imported is told in one line that names it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.trained import TensorOp
from corelower.tools.onnx_import import ModelError, import_onnx

Array = npt.NDArray[np.generic]
RELU = helper.make_node("Relu", ["x"], ["y"], "relu")


def make_model(
    nodes: Sequence[NodeProto],
    shape: Sequence[int | str] = ("N", 4),
    constants: Mapping[str, Array] | None = None,
    version: int = 17,
    element: int = TensorProto.FLOAT,
) -> ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "network",
        [helper.make_tensor_value_info("x", element, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)


def refusal(source: ModelProto | Path | bytes) -> str:
    with pytest.raises(CorelowerError) as caught:
        import_onnx(source)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_all_unsupported_nodes_are_listed_at_once():
    nodes = [
        helper.make_node("Hardmax", ["x"], ["a"], "gate"),
        helper.make_node("Reshape", ["a", "shape"], ["b"], "flatten all"),
        helper.make_node("MatMul", ["a", "w"], ["c"], "too wide"),
        helper.make_node("Cos", ["a"], ["d"]),
        helper.make_node("Hardmax", ["d"], ["e"], "other gate"),
        helper.make_node("Sum", ["b", "c", "e"], ["y"]),
    ]
    constants = {"shape": np.array([-1]), "w": np.ones((5, 4), np.float32)}
    with pytest.raises(ModelError) as caught:
        import_onnx(make_model(nodes, constants=constants))
    problems = [(problem.operator, problem.node) for problem in caught.value.problems]
    assert problems == [
        ("Hardmax", "gate"),
        ("Reshape", "flatten all"),
        ("MatMul", "too wide"),
        ("Cos", "d"),
        ("Hardmax", "other gate"),
    ]
    message = str(caught.value)
    assert "cannot import 5 nodes: Hardmax 'gate', 'other gate': unsupported operator" in message
    assert "Reshape 'flatten all': from [N, 4] to [4N] the batch axis mixes" in message
    assert "MatMul 'too wide': input [4] and weight [5, 4] do not fit" in message
    assert "(supported operators: Abs, Add, ArgMax, " in message


def test_a_node_of_another_domain_is_named_with_it():
    node = helper.make_node("Gelu", ["x"], ["y"], "activation", domain="com.microsoft")
    model = make_model([node])
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    assert "com.microsoft.Gelu 'activation': unsupported operator" in refusal(model)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (helper.make_node("Conv", ["x", "x"], ["y"]), "its weight 'x' is computed"),
        (helper.make_node("Conv", ["x"], ["y"]), "input size 1 not in range"),
        (helper.make_node("Conv", ["x", "w"], ["y"], group="1"), "group"),
        (helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[2, 2]), "kernel_shape [2, 2]"),
        (helper.make_node("Conv", ["x", "w"], ["y"], group=3), "2 channels in 3 groups"),
        (helper.make_node("Conv", ["x", "w"], ["y"], auto_pad="SOME"), "auto_pad 'SOME'"),
        (helper.make_node("Conv", ["x", "w"], ["y"], pads=[-1, 0, 0, 0]), "below 0"),
        (helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3]), "kernel of 1 axes over 2"),
        (helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[9, 9]), "window spans 9"),
        (helper.make_node("Div", ["x", "zero"], ["y"]), "its divisor 'zero' has a zero"),
        (helper.make_node("Add", ["x", "samples"], ["y"]), "a constant of 5 axes meets"),
        (helper.make_node("Softmax", ["x"], ["y"], axis=0), "it works along the batch axis"),
        (helper.make_node("ReduceMean", ["x"], ["y"]), "it works along the batch axis"),
        (helper.make_node("ReduceMax", ["x"], ["y"], axes=[9]), "axes [9] of an input with 4 axes"),
        (helper.make_node("Concat", ["x", "x"], ["y"], axis=0), "it works along the batch axis"),
        (helper.make_node("Concat", ["x", "samples"], ["y"], axis=1), "a constant of 5 axes"),
        (helper.make_node("Slice", ["x", "one", "two", "zero_i"], ["y"]), "along the batch axis"),
        (helper.make_node("Slice", ["x", "one", "one", "one"], ["y"]), "is empty"),
        (helper.make_node("Tile", ["x", "four"], ["y"]), "it works along the batch axis"),
        (helper.make_node("Pad", ["x", "pads"], ["y"]), "it works along the batch axis"),
        (helper.make_node("Pad", ["x", "zeros"], ["y"], mode="odd"), "mode 'odd'"),
        (helper.make_node("Expand", ["x", "one7"], ["y"]), "does not broadcast with [7]"),
        (helper.make_node("Gather", ["x", "nine"], ["y"], axis=1), "indices [9] of an axis with 2"),
        (helper.make_node("Gather", ["x", "one"], ["y"]), "it works along the batch axis"),
        (helper.make_node("Gather", ["w", "x"], ["y"]), "a table look-up is not supported"),
        (helper.make_node("DepthToSpace", ["x"], ["y"], blocksize=2), "blocks of 2 in mode DCR"),
        (helper.make_node("Resize", ["x", "", "halves"], ["y"]), "it works along the batch axis"),
        (helper.make_node("Resize", ["x", "", "ones"], ["y"], mode="best"), "mode 'best'"),
        (helper.make_node("LSTM", ["x", "w", "w"], ["y"]), "its input has 4 axes; it needs 3"),
        (helper.make_node("Gelu", ["x"], ["y"], approximate="some"), "approximate 'some'"),
        (helper.make_node("QuantizeLinear", ["x", "zero"], ["y"]), "is not above 0"),
        (helper.make_node("Flatten", ["x"], ["y"], axis=2), "the batch axis mixes"),
        (helper.make_node("Flatten", ["x"], ["y"], axis=7), "axis 7 of an input with 4 axes"),
        (helper.make_node("Squeeze", ["x", "one"], ["y"]), "are not all of extent 1"),
        (helper.make_node("Reshape", ["x", "one"], ["y"]), "does not fit into [1]"),
        (helper.make_node("Cast", ["x"], ["y"], to=TensorProto.INT32), "to INT32"),
        (helper.make_node("Gemm", ["x", "w"], ["y"]), "its input has 4 axes; it needs 2"),
        (helper.make_node("Dropout", ["x", "", "true"], ["y"]), "training_mode is set"),
    ],
)
def test_a_node_is_refused_for_a_reason(node: NodeProto, reason: str):
    constants: dict[str, Array] = {
        "w": np.ones((3, 2, 3, 3), np.float32),
        "row": np.array([1, 2, 3, 4, 5], np.float32),
        "zero": np.zeros((), np.float32),
        "one": np.array([1]),
        "two": np.array([2]),
        "zero_i": np.array([0]),
        "nine": np.array([9]),
        "one7": np.array([7]),
        "four": np.array([2, 1, 1, 1]),
        "zeros": np.zeros(8, np.int64),
        "pads": np.array([1, 0, 0, 0, 0, 0, 0, 0]),
        "halves": np.full(4, 0.5, np.float32),
        "ones": np.ones(4, np.float32),
        "samples": np.ones((1, 7, 1, 1, 1), np.float32),
        "true": np.array(True),
    }
    version = 20 if node.op_type == "Gelu" else 17
    message = refusal(make_model([node], ("N", 2, 5, 5), constants, version))
    assert "cannot import 1 node: " in message
    assert reason in message


def test_a_used_mask_is_refused():
    nodes = [
        helper.make_node("MaxPool", ["x"], ["p", "where"], "pool", kernel_shape=[2]),
        helper.make_node("Identity", ["where"], ["y"]),
    ]
    assert "MaxPool 'pool': its output 'where' is used" in refusal(make_model(nodes, ("N", 2, 4)))


def test_a_batch_in_the_middle_is_named():
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("Conv", ["t", "w"], ["y"], "conv"),
    ]
    model = make_model(nodes, ("N", 3, 5), {"w": np.ones((1, 3, 2), np.float32)})
    assert "Conv 'conv': its input has the batch at axis 1, not 0" in refusal(model)


def test_indices_are_read_by_a_cast_only():
    nodes = [
        helper.make_node("ArgMax", ["x"], ["i"], axis=1, keepdims=0),
        helper.make_node("Neg", ["i"], ["y"], "negative"),
    ]
    assert "Neg 'negative': its input is of indices; only a Cast" in refusal(make_model(nodes))


def test_codes_are_read_by_dequantize_linear_only():
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale"], ["q"]),
        helper.make_node("Relu", ["q"], ["y"], "relu"),
    ]
    model = make_model(nodes, constants={"scale": np.array(0.5, np.float32)})
    assert "Relu 'relu': input 'q' is quantized" in refusal(model)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(value: float):
    node = helper.make_node("Add", ["x", "b"], ["y"])
    message = refusal(make_model([node], constants={"b": np.array([1, value], np.float32)}))
    assert message.startswith("initializer 'b': a weight is NaN, infinite")


def test_weights_beyond_float32():
    node = helper.make_node("Add", ["x", "b"], ["y"])
    message = refusal(make_model([node], constants={"b": np.array([1e300])}))
    assert "beyond 32-bit floating point" in message


def test_a_weight_that_depends_on_the_batch():
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"], end=1),
        helper.make_node("Cast", ["shape"], ["size"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["x", "size"], ["y"]),
    ]
    assert "its summand 'size' depends on the size of the batch" in refusal(make_model(nodes))


def test_a_huge_constant_is_refused_before_it_is_made():
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["c"], "huge"),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    message = refusal(make_model(nodes, constants={"shape": np.array([10**6, 10**6])}))
    assert "ConstantOfShape 'huge': a constant of shape [1000000, 1000000] is larger" in message


def test_a_folded_constant_that_cannot_be_computed():
    nodes = [
        helper.make_node("Gather", ["c", "index"], ["b"], "take"),
        helper.make_node("Add", ["x", "b"], ["y"]),
    ]
    constants = {"c": np.ones(2, np.float32), "index": np.array(7)}
    message = refusal(make_model(nodes, constants=constants))
    assert "Gather 'take': this constant cannot be computed" in message


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (("N", "height"), "axis 1 ('height') of input 'x' has no fixed size"),
        (("N", 3, 0), "axis 2 of input 'x' has no fixed size"),
    ],
)
def test_open_axes_besides_the_batch(shape: Sequence[int | str], message: str):
    assert message in refusal(make_model([RELU], shape))


def test_an_input_of_integers():
    message = refusal(make_model([RELU], element=TensorProto.UINT8))
    assert "input 'x' has elements of type UINT8 and is used before a Cast" in message
    message = refusal(make_model([RELU], element=TensorProto.INT64))
    assert "input 'x' is of type INT64; it must be FLOAT" in message


def test_inputs_that_disagree_about_the_batch():
    model = make_model([helper.make_node("Add", ["x", "z"], ["y"])], (1, 4))
    model.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", 4]))
    assert "the inputs disagree about the batch: 'x' 1, 'z' open" in refusal(model)


def test_constant_rows_that_differ_in_a_fixed_batch():
    node = helper.make_node("Add", ["x", "b"], ["y"])
    constants = {"b": np.arange(8, dtype=np.float32).reshape(2, 4)}
    assert "differs from sample to sample" in refusal(make_model([node], (2, 4), constants))


def test_an_undefined_tensor():
    message = refusal(make_model([helper.make_node("Relu", ["z"], ["y"], "relu")]))
    assert "node 'relu' (Relu) reads tensor 'z', which no input" in message


def test_an_output_that_nothing_computes():
    model = make_model([RELU])
    model.graph.output[0].name = "z"
    assert refusal(model) == "output 'z' is computed by no node"


def test_a_newer_operator_set():
    assert "operator set 999 is newer than the installed onnx" in refusal(
        make_model([RELU], version=999)
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"not a model", "not an ONNX model, or truncated"),
        (make_model([RELU]).SerializeToString()[:-20], "not an ONNX model, or truncated"),
        (ModelProto(ir_version=8).SerializeToString(), "it has no graph"),
    ],
)
def test_a_file_that_is_no_model(tmp_path: Path, data: bytes, message: str):
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    assert message in refusal(data)
    assert refusal(path).startswith(f"{path}: ")


def test_a_name_that_is_not_text():
    data = make_model([RELU]).SerializeToString().replace(b"relu", b"rel\xff")
    assert "a name in it is not UTF-8" in refusal(data)


def test_an_input_of_impossible_size():
    message = refusal(make_model([RELU], ("N", 2**40)))
    assert message.startswith(f"a sample of input 'x' has {2**40} elements, more than")


def test_a_missing_file(tmp_path: Path):
    assert "cannot read: No such file or directory" in refusal(tmp_path / "no.onnx")


@pytest.mark.parametrize("cut", range(1, 400, 7))
def test_a_truncated_model_is_refused(cut: int):
    node = helper.make_node("Gemm", ["x", "w"], ["y"])
    constants = {"w": np.ones((4, 20), np.float32)}
    refusal(make_model([node], constants=constants).SerializeToString()[:-cut])


def test_a_tensor_that_claims_more_than_it_has():
    node = helper.make_node("Add", ["x", "b"], ["y"])
    model = make_model([node], constants={"b": np.ones(4, np.float32)})
    model.graph.initializer[0].dims[:] = [2**40, 2**20]
    message = refusal(model)
    assert f"initializer 'b': shape [{2**40}, {2**20}] needs {2**62} bytes, the model holds 16" in (
        message
    )


def external_model(path: Path, location: str, **entries: object) -> Path:
    """A model beside a data file of 4 float32 ones, of which `entries` say what is read."""
    model = make_model([helper.make_node("Add", ["x", "b"], ["y"])])
    tensor = TensorProto(name="b", data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    model.graph.initializer.append(tensor)
    (path / "data.bin").write_bytes(np.ones(4, np.float32).tobytes())
    model_path = path / "model.onnx"
    model_path.write_bytes(model.SerializeToString())
    return model_path


@pytest.mark.parametrize("entries", [{}, {"length": 16}, {"offset": 0, "length": 16}])
def test_external_data_inside_the_folder(tmp_path: Path, entries: dict[str, object]):
    module = import_onnx(external_model(tmp_path, "data.bin", **entries))
    (tensor,) = [op for op in module.walk() if isinstance(op, TensorOp)]
    np.testing.assert_array_equal(tensor.data.array, np.ones(4, np.float32))


@pytest.mark.parametrize(
    ("location", "entries", "message"),
    [
        ("data.bin", {"offset": 4}, "ends at byte 20, the file at 16"),
        ("data.bin", {"length": 8}, "8 external bytes, its shape needs 16"),
        ("data.bin", {"offset": -4}, "'-4' is not a position"),
        ("data.bin", {"offset": "9" * 50}, "is not a position"),
        ("gone.bin", {}, "cannot read external data 'gone.bin': No such file"),
        ("../data.bin", {}, "not a path inside the model's folder"),
        ("/etc/hostname", {}, "not a path inside the model's folder"),
        ("a\\..\\data.bin", {}, "not a path inside the model's folder"),
        ("", {}, "not a path inside the model's folder"),
        (".", {}, "is not a regular file"),
        ("link.bin", {}, "leads out of the model's folder"),
        ("loop.bin", {}, "external data 'loop.bin'"),
    ],
)
def test_external_data_is_refused(
    tmp_path: Path, location: str, entries: dict[str, object], message: str
):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "outside.bin").write_bytes(bytes(16))
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    (folder / "loop.bin").symlink_to(folder / "loop.bin")
    found = refusal(external_model(folder, location, **entries))
    assert "initializer 'b': " in found
    assert message in found


def test_external_data_of_a_model_in_memory(tmp_path: Path):
    data = external_model(tmp_path, "data.bin").read_bytes()
    assert "import the model by its path" in refusal(data)
