"""Imported models compute what onnxruntime computes, sample by sample."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import (
    Array,
    Shape,
    check,
    check_node,
    draw,
    evaluate,
    integers,
    make_model,
    operations,
)

from corelower.targets.jax.evaluator import find_function
from corelower.tools.onnx_import import import_onnx


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"strides": [2, 1], "pads": [1, 0, 2, 1]},
        {"dilations": [2, 1]},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
        {"auto_pad": "VALID", "kernel_shape": [3, 2]},
    ],
)
def test_convolution(attributes: dict[str, object]):
    check_node("Conv", (2, 7, 8), draw(4, 2, 3, 2), draw(4), attributes=attributes)


def test_convolution_with_groups_and_without_bias():
    check_node("Conv", (4, 6, 6), draw(8, 1, 3, 3), attributes={"group": 4})


@pytest.mark.parametrize("rank", [1, 3])
def test_convolution_over_other_numbers_of_axes(rank: int):
    check_node(
        "Conv",
        (2, *[6] * rank),
        draw(3, 2, *[3] * rank),
        draw(3),
        attributes={"pads": [1] * 2 * rank},
    )


@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("MaxPool", {}),
        ("MaxPool", {"strides": [2, 2], "pads": [1, 1, 0, 0]}),
        ("MaxPool", {"strides": [2, 2], "ceil_mode": 1}),
        ("MaxPool", {"strides": [3, 3], "pads": [1, 1, 1, 1], "ceil_mode": 1}),
        ("MaxPool", {"strides": [2, 3], "auto_pad": "SAME_LOWER"}),
        ("MaxPool", {"dilations": [2, 2]}),
        ("AveragePool", {}),
        ("AveragePool", {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
        ("AveragePool", {"strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
        ("AveragePool", {"strides": [2, 2], "ceil_mode": 1}),
        ("AveragePool", {"strides": [2, 2], "ceil_mode": 1, "count_include_pad": 1}),
        ("AveragePool", {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ],
)
def test_pooling(operator: str, attributes: dict[str, object]):
    check_node(operator, (2, 8, 9), attributes={"kernel_shape": [3, 3], **attributes})


@pytest.mark.parametrize("operator", ["GlobalAveragePool", "GlobalMaxPool"])
def test_global_pooling(operator: str):
    check_node(operator, (3, 4, 5))


@pytest.mark.parametrize("bias", [(), (1,), (5,), (1, 5)])
@pytest.mark.parametrize("attributes", [{}, {"alpha": 0.5, "beta": 2.0, "transB": 1}])
def test_gemm_folds_its_factors_into_the_weights(
    bias: tuple[int, ...], attributes: dict[str, object]
):
    weight = draw(5, 4) if attributes else draw(4, 5)
    module = check_node("Gemm", (4,), weight, draw(*bias), attributes=attributes)
    assert operations(module)[-2:] == ["nn.dense", "func.return"]


def test_gemm_with_a_computed_bias():
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Gemm", ["x", "w", "r"], ["y"], beta=0.5),
    ]
    check(make_model(nodes, {"x": ["N", 4]}, {"w": draw(4, 4)}), x=draw(3, 4))


@pytest.mark.parametrize("shape", [(4,), (2, 4), (3, 2, 4)])
def test_matmul_with_a_constant_right_factor(shape: tuple[int, ...]):
    check_node("MatMul", shape, draw(4, 5))


def test_matmul_with_a_vector():
    check_node("MatMul", (3, 4), draw(4))


def test_matmul_with_a_constant_left_factor():
    node = helper.make_node("MatMul", ["w", "x"], ["y"])
    check(make_model([node], {"x": ["N", 4, 3]}, {"w": draw(5, 4)}), x=draw(2, 4, 3))


def test_batch_normalization():
    statistics = (draw(3), draw(3, seed=1), draw(3, seed=2), draw(3, seed=3) ** 2)
    check_node("BatchNormalization", (3, 4, 4), *statistics, attributes={"epsilon": 1e-3})
    check_node("BatchNormalization", (3,), *statistics, version=9)


@pytest.mark.parametrize("operator", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 1), (1, 3, 1, 1), (1, 1, 1, 1)])
def test_arithmetic_with_a_constant(operator: str, shape: tuple[int, ...]):
    constant = draw(*shape) + np.float32(2)
    check_node(operator, (3, 4, 5), np.asarray(constant))
    node = helper.make_node(operator, ["c", "x"], ["y"])
    if operator != "Div":
        model = make_model([node], {"x": ["N", 3, 4, 5]}, {"c": np.asarray(constant)})
        check(model, x=draw(2, 3, 4, 5))


@pytest.mark.parametrize("operator", ["Add", "Sub", "Sum"])
def test_arithmetic_of_two_computed_values(operator: str):
    node = helper.make_node(operator, ["a", "b"], ["y"])
    model = make_model([node], {"a": ["N", 3, 4], "b": ["N", 3, 1]})
    check(model, a=draw(2, 3, 4), b=draw(2, 3, 1))


@pytest.mark.parametrize(
    ("operator", "shape", "constants", "attributes"),
    [
        ("Flatten", (2, 3, 4), [], {}),
        ("Flatten", (2, 3), [], {"axis": -2}),
        ("Reshape", (2, 6), [integers(-1, 12)], {}),
        ("Reshape", (2, 6), [integers(0, 3, -1)], {}),
        ("Reshape", (2, 6), [integers(0, 0, 2, 3)], {}),
        ("Squeeze", (1, 3, 1), [integers(1, -1)], {}),
        ("Squeeze", (1, 3, 1), [], {}),
        ("Unsqueeze", (3,), [integers(1, -1)], {}),
        ("Transpose", (2, 3, 4), [], {"perm": [0, 3, 1, 2]}),
        ("Identity", (3,), [], {}),
        ("Dropout", (3,), [], {}),
        ("Relu", (3,), [], {}),
        ("Cast", (3,), [], {"to": TensorProto.FLOAT}),
    ],
)
def test_one_input(
    operator: str, shape: Shape, constants: list[Array], attributes: dict[str, object]
):
    check_node(operator, shape, *constants, attributes=attributes)


def test_axes_as_attributes_before_operator_set_13():
    check_node("Squeeze", (1, 3, 1), version=11, attributes={"axes": [1, 3]})
    check_node("Unsqueeze", (3,), version=11, attributes={"axes": [1]})


@pytest.mark.parametrize(("version", "axis"), [(17, 2), (17, -1), (11, 2), (11, 1)])
def test_softmax(version: int, axis: int):
    check_node("Softmax", (3, 4), version=version, attributes={"axis": axis})


def test_argmax_after_softmax():
    nodes = [
        helper.make_node("Softmax", ["x"], ["s"]),
        helper.make_node("ArgMax", ["s"], ["y"], axis=1, keepdims=0),
    ]
    check(make_model(nodes, {"x": ["N", 5]}, output_element=TensorProto.INT64), x=draw(4, 5))


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("last", [0, 1])
def test_argmax_of_equals(keep: int, last: int):
    node = helper.make_node("ArgMax", ["x"], ["y"], axis=2, keepdims=keep, select_last_index=last)
    x = np.array([[[0, 2, 2], [1, 1, 0]]], np.float32)
    check(make_model([node], {"x": ["N", 2, 3]}, output_element=TensorProto.INT64), x=x)


def test_indices_become_real_inside_the_network():
    nodes = [
        helper.make_node("ArgMax", ["x"], ["i"], axis=1, keepdims=0),
        helper.make_node("Cast", ["i"], ["r"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["r", "r"], ["y"]),
    ]
    check(make_model(nodes, {"x": ["N", 5]}), x=draw(4, 5))


@pytest.mark.parametrize("batch", [1, 3, "N", None])
@pytest.mark.parametrize("target", [[-1, 12], [0, -1], [0, 12]])
def test_reshape_keeps_an_open_or_fixed_batch(batch: int | str | None, target: list[int]):
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    model = make_model([node], {"x": [batch, 3, 4]}, {"shape": integers(*target)})
    module = check(model, x=draw(batch if isinstance(batch, int) else 2, 3, 4))
    assert operations(module) == ["nn.reshape", "func.return"]


def test_reshape_to_one_sample_of_an_open_batch():
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    model = make_model([node], {"x": ["N", 3, 4]}, {"shape": integers(1, -1)})
    (actual,) = evaluate(import_onnx(model), x := draw(2, 3, 4))
    np.testing.assert_array_equal(actual, x.reshape(2, 12))


@pytest.mark.parametrize("batch", ["N", 2])
def test_reshape_by_the_size_of_the_batch(batch: int | str):
    # PyTorch's x.view(x.size(0), -1).
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["size"], axis=0),
        helper.make_node("Unsqueeze", ["size", "axes"], ["sizes"]),
        helper.make_node("Concat", ["sizes", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["y"]),
    ]
    constants = {"zero": np.array(0), "axes": integers(0), "rest": integers(-1)}
    check(make_model(nodes, {"x": [batch, 3, 4]}, constants), x=draw(2, 3, 4))


def test_batch_of_one_may_go_and_come_back():
    nodes = [
        helper.make_node("Reshape", ["x", "flat"], ["f"]),
        helper.make_node("Relu", ["f"], ["r"]),
        helper.make_node("Reshape", ["r", "image"], ["i"]),
        helper.make_node("Conv", ["i", "w"], ["y"]),
    ]
    constants = {"flat": integers(16), "image": integers(1, 1, 4, 4), "w": draw(2, 1, 3, 3)}
    check(make_model(nodes, {"x": [1, 16]}, constants), x=draw(1, 16))


def test_input_without_a_batch_axis():
    nodes = [
        helper.make_node("Unsqueeze", ["x", "axes"], ["u"]),
        helper.make_node("Gemm", ["u", "w"], ["y"]),
    ]
    model = make_model(nodes, {"x": [4]}, {"axes": integers(0), "w": draw(4, 5)})
    (actual,) = evaluate(import_onnx(model), x := draw(3, 4))
    np.testing.assert_allclose(actual, x @ draw(4, 5), rtol=1e-5)


def test_has_batch_says_that_the_first_axis_is_the_samples_own():
    node = helper.make_node("MatMul", ["w", "x"], ["y"])
    model = make_model([node], {"x": [4, 3]}, {"w": draw(5, 4)})
    (actual,) = evaluate(import_onnx(model, has_batch=False), x := draw(2, 4, 3))
    np.testing.assert_allclose(actual, draw(5, 4) @ x, rtol=1e-5)


def test_constant_subgraphs_are_folded():
    nodes = [
        helper.make_node("Constant", [], ["scale"], value_float=0.5),
        helper.make_node("Constant", [], ["target"], value_ints=[6, 4]),
        helper.make_node("Mul", ["raw", "scale"], ["scaled"]),
        helper.make_node("Reshape", ["scaled", "target"], ["shaped"]),
        helper.make_node("Transpose", ["shaped"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    module = check(make_model(nodes, {"x": ["N", 4]}, {"raw": draw(2, 3, 4)}), x=draw(2, 4))
    assert operations(module) == ["trained.tensor", "nn.dense", "func.return"]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("value", numpy_helper.from_array(np.array([0.5, 2], np.float32))),
        ("value_float", 0.5),
        ("value_floats", [0.5, 2.0]),
    ],
)
def test_every_form_of_a_constant(attribute: str, value: object):
    nodes = [
        helper.make_node("Constant", [], ["c"]),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    nodes[0].attribute.append(helper.make_attribute(attribute, value))
    check(make_model(nodes, {"x": ["N", 2]}), x=draw(3, 2))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_weights_of_other_precision_become_float32(dtype: type[np.floating]):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    weight = draw(4, 5).astype(dtype)
    model = make_model([node], {"x": ["N", 4]}, {"w": weight}, element=element)
    (actual,) = evaluate(import_onnx(model), x := draw(3, 4))
    np.testing.assert_allclose(actual, x @ weight.astype(np.float32), rtol=1e-5)


def test_weights_in_typed_fields():
    model = make_model([helper.make_node("Add", ["x", "b"], ["y"])], {"x": ["N", 3]})
    model.graph.initializer.append(helper.make_tensor("b", TensorProto.FLOAT, [3], [1, 2, 3]))
    check(model, x=draw(2, 3))


def test_bytes_as_input_through_a_cast():
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT)]
    nodes.append(helper.make_node("Relu", ["f"], ["y"]))
    model = make_model(nodes, {"x": ["N", 3]}, element=TensorProto.UINT8)
    check(model, x=np.array([[0, 7, 255]], np.uint8))


def test_initializers_that_are_inputs_too():
    model = make_model(
        [helper.make_node("Add", ["x", "b"], ["y"])], {"x": ["N", 3], "b": [3]}, {"b": draw(3)}
    )
    model.ir_version = 3
    module = check(model, x=draw(2, 3))
    assert len(find_function(module).args) == 1


@pytest.mark.parametrize("version", [6, 7, 8, 9, 13, 18, 21])
def test_operator_sets(version: int):
    check_node("Relu", (3,), version=version)


def test_several_inputs_and_outputs():
    nodes = [
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Relu", ["a"], ["rectified"]),
    ]
    model = make_model(nodes, {"a": ["N", 3], "b": ["N", 3]}, outputs=("rectified", "sum"))
    module = check(model, a=draw(2, 3), b=draw(2, 3, seed=1))
    attributes = find_function(module).attributes
    assert str(attributes["onnx.inputs"]) == '["a", "b"]'
    assert str(attributes["onnx.outputs"]) == '["rectified", "sum"]'


def test_local_functions_are_inlined():
    body = [helper.make_node("Relu", ["v"], ["r"])]
    function = helper.make_function(
        "own", "Rectify", ["v"], ["r"], body, [helper.make_opsetid("", 17)]
    )
    model = make_model([helper.make_node("Rectify", ["x"], ["y"], domain="own")], {"x": ["N", 3]})
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.functions.append(function)
    assert operations(import_onnx(model)) == ["nn.relu", "func.return"]


def test_names_lead_back_to_the_model():
    nodes = [
        helper.make_node("MatMul", ["x", "my/weight"], ["product"], "first layer"),
        helper.make_node("Relu", ["product"], ["größe"]),
    ]
    model = make_model(nodes, {"x": ["N", 2]}, {"my/weight": draw(2, 2)}, outputs=["größe"])
    ops = list(find_function(import_onnx(model)).body.block.ops)
    assert [str(op.location) for op in ops[:3]] == [
        'loc("my/weight")',
        'loc("first layer")',
        'loc("gr\\\\xf6\\\\xdfe")',
    ]
    assert [str(op.attributes.get("golden")) for op in ops[:3]] == [
        "None",
        '"product"',
        '"gr\\\\xf6\\\\xdfe"',
    ]
    assert [op.results[0].name_hint for op in ops[:3]] == ["my_weight", "product", "gr__e"]


def test_weights_are_not_copied_and_shared_ones_are_one():
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("MatMul", ["h", "w"], ["y"]),
    ]
    module = check(make_model(nodes, {"x": ["N", 2]}, {"w": draw(2, 2)}), x=draw(2, 2))
    assert operations(module) == ["trained.tensor", "nn.dense", "nn.dense", "func.return"]


def test_dead_nodes_do_not_matter():
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("NonZero", ["x"], ["z"])]
    check(make_model(nodes, {"x": ["N", 2]}), x=draw(2, 2))
