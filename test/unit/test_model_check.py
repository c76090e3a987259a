"""`corelower check`: every node of a model with what becomes of it, every problem at once."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.samples import Samples
from corelower.tools.corelower import main
from corelower.tools.model_check import Form, ModelCheck, NodeForm, check_model

RANDOM = np.random.default_rng(0)


def tensor(name: str, *shape: int) -> TensorProto:
    values = RANDOM.standard_normal(shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def model(
    nodes: list[onnx.NodeProto], weights: list[TensorProto], inputs: int, outputs: int
) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", outputs])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def perceptron() -> ModelProto:
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["a"], name="first"),
        helper.make_node("Sigmoid", ["a"], ["b"], name="gate"),
        helper.make_node("Gemm", ["b", "v"], ["c"], name="second"),
        helper.make_node("Relu", ["c"], ["d"], name="rectifier"),
        helper.make_node("Softmax", ["d"], ["y"], name="decision"),
    ]
    return model(nodes, [tensor("w", 300, 20), tensor("v", 20, 4)], 300, 4)


def hopeless() -> ModelProto:
    """A node that no conversion knows, one of wrong shapes, and a product of computed values."""
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["a"], name="good"),
        helper.make_node("Hardmax", ["a"], ["b"], name="unknown"),
        helper.make_node("Gemm", ["a", "v"], ["c"], name="misshapen"),
        helper.make_node("Relu", ["x"], ["e"], name="rectifier"),
        helper.make_node("Mul", ["a", "b"], ["d"], name="consumer"),
        helper.make_node("Gemm", ["e", "w"], ["f"], name="another"),
        helper.make_node("Mul", ["a", "f"], ["g"], name="product"),
        helper.make_node("Sum", ["c", "d", "g"], ["y"], name="sum"),
    ]
    return model(nodes, [tensor("w", 6, 4), tensor("v", 5, 4)], 6, 4)


def forms(check: ModelCheck) -> dict[str, NodeForm]:
    return {entry.node: entry for entry in check.nodes}


def test_every_node_has_its_form_and_its_cores() -> None:
    data = Samples(RANDOM.standard_normal((64, 300)).astype(np.float32))
    check = check_model(perceptron(), calibration=data)
    found = forms(check)
    assert {name: entry.form for name, entry in found.items()} == {
        "first": Form.EXACT,
        "gate": Form.APPROXIMATED,
        "second": Form.EXACT,
        "rectifier": Form.EXACT,
        "decision": Form.HOST,
    }
    # 300 inputs are two tiles and a merge.
    assert found["first"].cores == 3
    assert found["gate"].cores == 2
    error = found["gate"].error
    assert error is not None
    assert 0 < error <= 0.001
    assert found["rectifier"].detail == "in the dot product of 'second'"
    assert check.can_compile


def test_constraints_say_what_is_needed_and_how_it_is_met() -> None:
    constraints = {entry.name: entry for entry in check_model(perceptron()).constraints}
    assert constraints["inputs of a dot product"].needed == "300"
    assert constraints["inputs of a dot product"].answer == "1 dot product cut into partial sums"
    assert constraints["outputs of a dot product"].answer == "fits"
    assert constraints["cores"].needed == "6"


def test_a_chip_with_too_few_cores_is_said_to_be_too_small() -> None:
    check = check_model(perceptron(), overrides={"cores": 3})
    assert not check.can_compile
    assert [entry.name for entry in check.constraints if not entry.is_met] == ["cores"]


def test_every_problem_is_told_at_once() -> None:
    check = check_model(hopeless())
    found = forms(check)
    unsupported = {name for name, entry in found.items() if entry.form is Form.UNSUPPORTED}
    assert {"unknown", "misshapen", "product"} <= unsupported
    assert found["unknown"].detail == "unsupported operator"
    assert "multiplies two computed values" in found["product"].detail
    assert found["sum"].form is Form.UNKNOWN
    assert not check.can_compile


def test_without_data_the_range_is_said_to_be_a_guess() -> None:
    assert "--calibration" in forms(check_model(perceptron()))["gate"].detail


def test_a_bound_that_cannot_be_met_is_a_problem_of_its_node() -> None:
    check = check_model(perceptron(), error=1e-9)
    assert forms(check)["gate"].form is Form.UNSUPPORTED


def test_a_bound_that_is_no_part_of_a_span_is_an_error() -> None:
    with pytest.raises(CorelowerError, match="between 0 and 1, not 5"):
        check_model(perceptron(), error=5)


def test_an_unknown_target_is_an_error() -> None:
    with pytest.raises(CorelowerError, match="no target 'primo'"):
        check_model(perceptron(), target="primo")


def test_the_command_prints_a_table_and_says_by_its_status_whether_the_model_compiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for network, status in ((perceptron(), 0), (hopeless(), 1)):
        path = tmp_path / "model.onnx"
        path.write_bytes(network.SerializeToString())
        with pytest.raises(SystemExit) as end:
            main(["check", str(path), "--json", str(tmp_path / "check.json")])
        assert end.value.code == status
        printed = capsys.readouterr().out
        outcome = json.loads((tmp_path / "check.json").read_text())
        assert outcome["can_compile"] is (status == 0)
        for entry in outcome["nodes"]:
            assert any(
                line.split()[:3] == [entry["node"], entry["operator"], entry["form"]]
                for line in printed.splitlines()
            )
