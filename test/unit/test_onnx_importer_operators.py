"""Operators beside the linear ones: with an open batch they compute what onnxruntime computes."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_models import Array, check, check_node, draw, evaluate, integers, make_model, operations

from corelower.dialects import nn
from corelower.dialects.support.context import CorelowerContext
from corelower.tools.onnx_import import import_onnx


@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        *((name, {}) for name in ("Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Exp", "Erf")),
        *((name, {}) for name in ("Sigmoid", "Tanh", "Softplus", "Softsign", "Reciprocal")),
        *((name, {}) for name in ("HardSwish", "Mish", "Gelu", "Elu", "Selu", "Celu")),
        ("Gelu", {"approximate": "tanh"}),
        ("LeakyRelu", {"alpha": 0.3}),
        ("Elu", {"alpha": 0.5}),
        ("Celu", {"alpha": 2.0}),
        ("Selu", {"alpha": 2.0, "gamma": 0.5}),
        ("HardSigmoid", {"alpha": 0.4, "beta": 0.3}),
    ],
)
def test_a_function_of_one_value(operator: str, attributes: dict[str, object]):
    module = check_node(operator, (3, 4), version=22, attributes=attributes)
    assert operations(module) == ["nn.unary", "func.return"]


@pytest.mark.parametrize("operator", ["Sqrt", "Log"])
def test_a_function_of_what_is_not_negative(operator: str):
    nodes = [helper.make_node("Abs", ["x"], ["a"]), helper.make_node(operator, ["a"], ["y"])]
    check(make_model(nodes, {"x": ["N", 5]}), x=draw(3, 5))


@pytest.mark.parametrize(
    ("bounds", "operation"),
    [
        ([-0.5, 0.25], "nn.unary"),
        ([0.0], "nn.relu"),
        ([0.5, -0.5], "nn.unary"),
        ([-0.5], "nn.unary"),
    ],
)
def test_clip(bounds: list[float], operation: str):
    constants = [np.array(bound, np.float32) for bound in bounds]
    module = check_node("Clip", (3, 4), *constants)
    assert operations(module) == [operation, "func.return"]


def test_clip_to_computed_bounds():
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Neg", ["mean"], ["negative"]),
        helper.make_node("Max", ["x", "mean"], ["up"]),
        helper.make_node("Min", ["up", "negative", "half"], ["y"]),
    ]
    half = {"half": np.array(0.5, np.float32)}
    check(make_model(nodes, {"x": ["N", 5]}, half), x=draw(3, 5))


@pytest.mark.parametrize("slope", [(1,), (3, 1, 1), (3, 4, 5)])
def test_prelu(slope: tuple[int, ...]):
    check_node("PRelu", (3, 4, 5), draw(*slope))


@pytest.mark.parametrize("operator", ["Mul", "Div", "Pow", "Max", "Min", "Mean"])
@pytest.mark.parametrize("shape", [(3, 4), (3, 1), (4,)])
def test_two_computed_values(operator: str, shape: tuple[int, ...]):
    nodes = [
        helper.make_node("Exp", ["a"], ["e"]),
        helper.make_node(operator, ["e", "b"], ["y"]),
    ]
    sample = shape if len(shape) == 2 else (1, *shape)
    model = make_model(nodes, {"a": ["N", 3, 4], "b": ["N", *sample]})
    check(model, a=draw(2, 3, 4), b=draw(2, *sample) + np.float32(2))


@pytest.mark.parametrize("operator", ["Mul", "Div", "Pow", "Max", "Min", "Sum", "Mean"])
def test_a_constant_for_each_element(operator: str):
    constant = draw(4, 5) + np.float32(2)
    nodes = [
        helper.make_node("Exp", ["x"], ["e"]),
        helper.make_node(operator, ["e", "c"], ["y"]),
    ]
    check(make_model(nodes, {"x": ["N", 3, 4, 5]}, {"c": constant}), x=draw(2, 3, 4, 5))


def test_a_constant_divided_by_a_computed_value():
    nodes = [helper.make_node("Exp", ["x"], ["e"]), helper.make_node("Div", ["c", "e"], ["y"])]
    check(make_model(nodes, {"x": ["N", 4]}, {"c": draw(4)}), x=draw(2, 4))


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"strides": [2, 3], "pads": [1, 0, 1, 2]},
        {"strides": [2, 2], "output_padding": [1, 1], "dilations": [2, 1]},
        {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
        {"strides": [2, 2], "output_shape": [13, 14]},
    ],
)
def test_transposed_convolution(attributes: dict[str, object]):
    check_node("ConvTranspose", (4, 6, 7), draw(4, 3, 3, 2), draw(3), attributes=attributes)


def test_transposed_convolution_with_groups():
    check_node("ConvTranspose", (4, 6), draw(4, 3, 3), attributes={"group": 2, "strides": [2]})


@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("LpPool", {"kernel_shape": [3, 3], "p": 3}),
        ("LpPool", {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 1, 1]}),
        (
            "AveragePool",
            {
                "kernel_shape": [3, 3],
                "strides": [2, 2],
                "pads": [0, 1, 0, 1],
                "ceil_mode": 1,
                "count_include_pad": 1,
            },
        ),
    ],
)
def test_more_pooling(operator: str, attributes: dict[str, object]):
    check_node(operator, (2, 8, 8), version=18, attributes=attributes)


def test_global_lp_pool():
    check_node("GlobalLpPool", (3, 4, 5), attributes={"p": 2})


def test_normalizations():
    check_node("InstanceNormalization", (3, 4, 5), draw(3), draw(3, seed=1))
    check_node("LayerNormalization", (3, 8), draw(8), draw(8, seed=1), attributes={"axis": -1})
    check_node("LayerNormalization", (3, 8), draw(3, 8), attributes={"axis": 1})
    attributes = {"size": 3, "alpha": 0.1, "beta": 0.5, "bias": 1.5}
    check_node("LRN", (5, 3, 3), attributes=attributes)


@pytest.mark.parametrize("operator", ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2"])
@pytest.mark.parametrize("axes", [[1], [-1], [2, 3]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reductions(operator: str, axes: list[int], keepdims: int):
    attributes = {"axes": axes, "keepdims": keepdims}
    check_node(operator, (3, 4, 5), version=13, attributes=attributes)


def test_a_mean_of_each_channel_is_a_pool():
    module = check_node("ReduceMean", (3, 4, 5), version=13, attributes={"axes": [2, 3]})
    assert operations(module) == ["nn.average_pool", "func.return"]


def test_softmax_inside_the_network():
    nodes = [
        helper.make_node("MatMul", ["q", "k"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["weights"], axis=-1),
        helper.make_node("MatMul", ["weights", "q"], ["y"]),
    ]
    model = make_model(nodes, {"q": ["N", 4, 3], "k": ["N", 3, 4]})
    check(model, q=draw(2, 4, 3), k=draw(2, 3, 4))


def test_log_softmax():
    check_node("LogSoftmax", (3, 4), attributes={"axis": 1})
    check_node("LogSoftmax", (3, 4), version=11)


@pytest.mark.parametrize(
    ("operator", "shape", "constants", "attributes"),
    [
        ("Slice", (6, 5), [integers(1), integers(99), integers(1), integers(2)], {}),
        (
            "Slice",
            (6, 5),
            [integers(-1, 4), integers(-99, 0), integers(1, 2), integers(-1, -2)],
            {},
        ),
        ("Pad", (3, 4), [integers(0, 1, 0, 0, 0, 2), np.array(0.5, np.float32)], {}),
        ("Pad", (3, 4), [integers(0, -1, 1, 0, 0, -2)], {}),
        ("Pad", (3, 4), [integers(0, 2, 1, 0, 0, 3)], {"mode": "reflect"}),
        ("Pad", (3, 4), [integers(0, 2, 1, 0, 0, 3)], {"mode": "edge"}),
        ("Expand", (3, 1), [integers(3, 4)], {}),
        ("Tile", (3, 2), [integers(1, 2, 3)], {}),
        ("Gather", (3, 4), [integers(2, 0, -1)], {"axis": 2}),
        ("Gather", (3, 4), [np.array(1)], {"axis": 1}),
        ("Gather", (3, 4), [np.array([[0, 2], [1, 1]])], {"axis": 1}),
        ("DepthToSpace", (12, 2, 3), [], {"blocksize": 2}),
        ("DepthToSpace", (12, 2, 3), [], {"blocksize": 2, "mode": "CRD"}),
    ],
)
def test_movement(
    operator: str, shape: tuple[int, ...], constants: list[Array], attributes: dict[str, object]
):
    check_node(operator, shape, *constants, attributes=attributes)


def test_split_and_concat():
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b", "c"], axis=1),
        helper.make_node("Concat", ["c", "a", "b"], ["y"], axis=1),
    ]
    check(make_model(nodes, {"x": ["N", 6, 2]}), x=draw(3, 6, 2))
    nodes[0].input.append("sizes")
    check(make_model(nodes, {"x": ["N", 6, 2]}, {"sizes": integers(1, 3, 2)}), x=draw(3, 6, 2))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("transformation", ["half_pixel", "asymmetric", "align_corners"])
@pytest.mark.parametrize("scales", [(2.0, 2.0), (0.5, 1.5)])
def test_resize(mode: str, transformation: str, scales: tuple[float, float]):
    attributes = {"mode": mode, "coordinate_transformation_mode": transformation}
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], **attributes)
    factors = np.array([1, 1, *scales], np.float32)
    check(make_model([node], {"x": ["N", 2, 4, 6]}, {"scales": factors}), x=draw(3, 2, 4, 6))


def test_upsample():
    node = helper.make_node("Upsample", ["x", "scales"], ["y"], mode="nearest")
    factors = {"scales": np.array([1, 1, 2, 3], np.float32)}
    check(make_model([node], {"x": ["N", 2, 3, 3]}, factors, version=9), x=draw(3, 2, 3, 3))


GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


@pytest.mark.parametrize("operator", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_recurrent_layers_as_pytorch_exports_them(operator: str, direction: str):
    """The batch comes first outside, the steps inside; then every step, and the last one."""
    count = 2 if direction == "bidirectional" else 1
    rows = 4 * GATES[operator]
    layer = helper.make_node(
        operator,
        ["steps", "w", "r", "b"],
        ["all", "last"],
        hidden_size=4,
        direction=direction,
    )
    if operator == "GRU":
        layer.attribute.append(helper.make_attribute("linear_before_reset", 1))
    nodes = [
        helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        layer,
        helper.make_node("Transpose", ["all"], ["t"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["t", "shape"], ["states"]),
        helper.make_node("Transpose", ["states"], ["y"], perm=[1, 0, 2]),
        helper.make_node("Transpose", ["last"], ["z"], perm=[1, 0, 2]),
    ]
    constants = {
        "w": draw(count, rows, 3),
        "r": draw(count, rows, 4),
        "b": draw(count, 2 * rows),
        "shape": integers(0, 0, -1),
    }
    model = make_model(nodes, {"x": ["N", 6, 3]}, constants, outputs=("y", "z"))
    check(model, x=draw(5, 6, 3))


def test_an_output_whose_batch_is_not_first_is_remarked():
    node = helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0, 2])
    ctx = CorelowerContext()
    module = import_onnx(make_model([node], {"x": ["N", 3, 2]}), ctx)
    (actual,) = evaluate(module, x := draw(4, 3, 2))
    np.testing.assert_array_equal(actual, x)
    assert ctx.remarks == ["output 'y': remark: the batch, its axis 1, comes first"]


def test_an_lstm_with_everything():
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node(
            "LSTM",
            ["t", "w", "r", "b", "", "h", "c", "p"],
            ["all", "", "cells"],
            hidden_size=4,
            clip=0.5,
            activations=["Sigmoid", "Softsign", "Relu"],
        ),
        helper.make_node("Squeeze", ["all", "one"], ["steps"]),
        helper.make_node("Transpose", ["steps"], ["y"], perm=[1, 0, 2]),
        helper.make_node("Squeeze", ["cells", "zero"], ["z"]),
    ]
    constants: dict[str, Array] = {
        "w": draw(1, 16, 3),
        "r": draw(1, 16, 4),
        "b": draw(1, 32),
        "h": draw(1, 1, 4),
        "c": draw(1, 1, 4, seed=1),
        "p": draw(1, 12),
        "one": integers(1),
        "zero": integers(0),
    }
    model = make_model(nodes, {"x": [1, 6, 3]}, constants, outputs=("y", "z"))
    check(model, x=draw(1, 6, 3))


def test_quantize_and_dequantize_are_one_quantization():
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["r"]),
        helper.make_node("DequantizeLinear", ["wq", "ws"], ["w"], axis=1),
        helper.make_node("MatMul", ["r", "w"], ["y"]),
    ]
    constants: dict[str, Array] = {
        "s": np.array(0.0625, np.float32),
        "z": np.array(7, np.uint8),
        "wq": np.arange(-6, 6, dtype=np.int8).reshape(4, 3),
        "ws": np.array([0.5, 0.25, 0.125], np.float32),
    }
    module = check(make_model(nodes, {"x": ["N", 4]}, constants), x=4 * draw(9, 4))
    (op,) = [op for op in module.walk() if isinstance(op, nn.QuantizeOp)]
    assert op.code_range == (0, 255)
    computing = [name for name in operations(module) if name != "trained.tensor"]
    assert computing == ["nn.quantize", "nn.dense", "func.return"]


def test_weights_in_blocks_have_a_scale_each():
    node = helper.make_node("DequantizeLinear", ["wq", "ws"], ["w"], axis=0, block_size=2)
    nodes = [node, helper.make_node("MatMul", ["x", "w"], ["y"])]
    constants: dict[str, Array] = {
        "wq": np.arange(-6, 6, dtype=np.int8).reshape(4, 3),
        "ws": draw(2, 3) + np.float32(2),
    }
    model = make_model(nodes, {"x": ["N", 4]}, constants, version=21)
    model.ir_version = 10
    check(model, x=draw(9, 4))


def test_codes_that_the_model_gives_out():
    node = helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"])
    constants: dict[str, Array] = {
        "s": np.array(0.25, np.float32),
        "z": np.array(3, np.int8),
    }
    model = make_model([node], {"x": ["N", 4]}, constants, output_element=TensorProto.INT8)
    check(model, x=50 * draw(9, 4))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("ROUND", [0, 2, -2]), ("FLOOR", [0, 1, -2]), ("CEIL", [1, 2, -1]), ("DOWN", [0, 1, -1])],
)
@pytest.mark.parametrize("is_constant", [False, True])
def test_the_quant_of_qonnx(mode: str, expected: list[float], is_constant: bool):
    names = ["w" if is_constant else "x", "scale", "zero", "bits"]
    nodes = [
        helper.make_node(
            "Quant", names, ["q"], domain="onnx.brevitas", signed=1, narrow=0, rounding_mode=mode
        ),
        helper.make_node("Mul", ["q", "x" if is_constant else "one"], ["y"]),
    ]
    constants: dict[str, Array] = {
        "w": np.array([0.25, 0.75, -0.75], np.float32),
        "scale": np.array(0.5, np.float32),
        "zero": np.array(0, np.float32),
        "bits": np.array(3, np.float32),
        "one": np.array(1, np.float32),
    }
    model = make_model(nodes, {"x": ["N", 3]}, constants)
    model.opset_import.append(helper.make_opsetid("onnx.brevitas", 1))
    module = import_onnx(model)
    sample = np.ones(3, np.float32) if is_constant else constants["w"]
    (actual,) = evaluate(module, sample[np.newaxis])
    np.testing.assert_allclose(actual[0], np.array(expected) * 0.5)


def test_bytes_that_are_only_moved_and_compared():
    nodes = [
        helper.make_node("MaxPool", ["x"], ["p"], kernel_shape=[2]),
        helper.make_node("DequantizeLinear", ["p", "s"], ["y"]),
    ]
    constants: dict[str, Array] = {"s": np.array(0.5, np.float32)}
    model = make_model(nodes, {"x": ["N", 1, 4]}, constants, element=TensorProto.UINT8)
    check(model, x=np.array([[[3, 200, 7, 255]]], np.uint8))


def test_constants_of_four_bits():
    nodes = [
        helper.make_node("DequantizeLinear", ["wq", "ws"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    model = make_model(nodes, {"x": ["N", 2]}, {"ws": np.array(0.5, np.float32)}, version=21)
    model.ir_version = 10
    model.graph.initializer.append(
        helper.make_tensor("wq", TensorProto.INT4, [2, 3], [-8, 7, 1, 0, -1, 3])
    )
    (actual,) = evaluate(import_onnx(model), x := draw(3, 2))
    weight = np.array([[-8, 7, 1], [0, -1, 3]]) * 0.5
    np.testing.assert_allclose(actual, x @ weight, rtol=1e-5, atol=1e-6)


def test_a_constant_output():
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["c"], ["z"])]
    model = make_model(nodes, {"x": ["N", 3]}, {"c": draw(2)}, outputs=("y", "z"))
    _, constant = evaluate(import_onnx(model), draw(4, 3))
    np.testing.assert_array_equal(constant, np.tile(-draw(2), (4, 1)))
