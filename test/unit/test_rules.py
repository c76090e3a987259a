"""What a loaded rule promises: order, location, golden name, other users, an end."""

import numpy as np
import pytest
from xdsl.dialects.builtin import Builtin, ModuleOp, StringAttr
from xdsl.dialects.func import Func
from xdsl.dialects.test import Test
from xdsl.ir import Operation, SSAValue

from corelower.dialects.nn import AddOp, Nn, ReluOp
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.errors import CorelowerError, describe_location
from corelower.dialects.support.location import parse_module
from corelower.dialects.support.provenance import golden_name
from corelower.dialects.support.tensor_data import TensorData
from corelower.dialects.trained import DataAttr, Trained, constant_of
from corelower.passes import natives as natives_module
from corelower.passes.native_functions import NativeFunctions
from corelower.passes.natives import NATIVES
from corelower.passes.rules import MAX_REWRITES, apply_rules
from corelower.passes.rules_loader import parse_rules


def context() -> CorelowerContext:
    """A context for the networks below."""
    ctx = CorelowerContext()
    for dialect in (Builtin, Func, Nn, Test, Trained):
        ctx.load_dialect(dialect)
    return ctx


def network(body: str) -> ModuleOp:
    """A function of `%x` with these operations, from `net.mlir`, where the body is on line 2."""
    text = f"func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {{\n{body}\n}}"
    return parse_module(context(), text, "net.mlir")


def rewritten(
    body: str,
    rules: str,
    natives: NativeFunctions = NATIVES,
    max_rewrites: int = MAX_REWRITES,
) -> list[Operation]:
    """The operations of the function after the rules, which must leave it valid."""
    module = network(body)
    ctx = context()
    apply_rules(ctx, module, parse_rules(ctx, rules, natives, "rules.mlir"), max_rewrites)
    module.verify()
    (function,) = module.ops
    return [op for op in function.walk() if op is not function]


def names(operations: list[Operation]) -> list[str]:
    return [op.name for op in operations]


RELU = "nn.relu {} : (tensor<4xf32>) -> tensor<4xf32>"
TWO_RELUS = f"""%a = {RELU.format("%x")}
%b = {RELU.format("%a")}
func.return %b : tensor<4xf32>"""

ADD_CONSTANTS = """
pdl.pattern @add_constants : benefit(1) {
  %type = pdl.type
  %left_type = pdl.type
  %right_type = pdl.type
  %x = pdl.operand
  %left_data = pdl.attribute
  %right_data = pdl.attribute
  %left = pdl.operation "trained.tensor" {"value" = %left_data} -> (%left_type : !pdl.type)
  %right = pdl.operation "trained.tensor" {"value" = %right_data} -> (%right_type : !pdl.type)
  %left_value = pdl.result 0 of %left
  %right_value = pdl.result 0 of %right
  %inner = pdl.operation "nn.add" (%x, %left_value : !pdl.value, !pdl.value) -> (%type : !pdl.type)
  %inner_value = pdl.result 0 of %inner
  %root = pdl.operation "nn.add" (%inner_value, %right_value : !pdl.value, !pdl.value)
    -> (%type : !pdl.type)
  pdl.apply_native_constraint "trained.can_broadcast"
    (%left_data, %right_data : !pdl.attribute, !pdl.attribute)
  pdl.rewrite %root {
    %sum = pdl.apply_native_rewrite "trained.add"
      (%left_data, %right_data : !pdl.attribute, !pdl.attribute) : !pdl.attribute
    %constant = pdl.apply_native_rewrite "trained.tensor" (%sum : !pdl.attribute) : !pdl.operation
    %value = pdl.result 0 of %constant
    %new = pdl.operation "nn.add" (%x, %value : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    pdl.replace %root with %new
  }
}
"""

RELU_TWICE = """
pdl.pattern @relu_twice : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %inner = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %inner
  %root = pdl.operation "nn.relu" (%y : !pdl.value) -> (%type : !pdl.type)
  pdl.rewrite %root {
    pdl.replace %root with %inner
  }
}
"""


def relu_to(steps: str, name: str = "rule", benefit: int = 1, match: str = "") -> str:
    """A rule on `nn.relu` of `%x` with these steps."""
    return f"""
pdl.pattern @{name} : benefit({benefit}) {{
  %type = pdl.type
  %x = pdl.operand
  %root = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
  {match}
  pdl.rewrite %root {{
    {steps}
  }}
}}
"""


DOUBLE = """%new = pdl.operation "nn.add" (%x, %x : !pdl.value, !pdl.value) -> (%type : !pdl.type)
    pdl.replace %root with %new"""
DROP = "pdl.replace %root with (%x : !pdl.value)"


def test_a_rule_replaces_its_root_and_dead_producers_go() -> None:
    assert names(rewritten(TWO_RELUS, RELU_TWICE)) == ["nn.relu", "func.return"]


def test_what_a_rule_matched_besides_its_root_stays_for_other_users() -> None:
    body = f"""%a = {RELU.format("%x")}
%b = {RELU.format("%a")}
%c = nn.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.return %c : tensor<4xf32>"""
    double_relu = RELU_TWICE.replace("with %inner", "with (%x : !pdl.value)")
    relu, add, _ = rewritten(body, double_relu)
    assert isinstance(relu, ReluOp)
    assert isinstance(add, AddOp)
    assert add.lhs is relu.result
    assert add.rhs is relu.input


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1)])
def test_the_rule_of_greatest_benefit_is_tried_first(first: int, second: int) -> None:
    rules = relu_to(DROP, "drop", first) + relu_to(DOUBLE, "double", second)
    found = names(rewritten(f"%a = {RELU.format('%x')}\nfunc.return %a : tensor<4xf32>", rules))
    assert found == (["func.return"] if first > second else ["nn.add", "func.return"])


def test_of_rules_with_one_benefit_the_first_in_the_file_is_tried_first() -> None:
    rules = relu_to(DROP, "drop") + relu_to(DOUBLE, "double")
    body = f"%a = {RELU.format('%x')}\nfunc.return %a : tensor<4xf32>"
    assert names(rewritten(body, rules)) == ["func.return"]


def test_applied_rules_are_counted() -> None:
    ctx = context()
    rules = parse_rules(ctx, relu_to(DOUBLE, "double"), NATIVES)
    assert apply_rules(ctx, network(TWO_RELUS), rules) == {"double": 2}


def test_new_operations_have_the_location_of_the_root() -> None:
    body = f'%a = {RELU.format("%x")} loc("conv1")\nfunc.return %a : tensor<4xf32>'
    add, end = rewritten(body, relu_to(DOUBLE))
    assert describe_location(add.location) == "node 'conv1'"
    assert describe_location(end.location) == "net.mlir:3:1"


def test_the_golden_name_of_the_root_goes_to_what_replaces_it() -> None:
    body = """%a = nn.relu %x {golden = "act"} : (tensor<4xf32>) -> tensor<4xf32>
func.return %a : tensor<4xf32>"""
    add = 'pdl.operation "nn.add" (%x, %x : !pdl.value, !pdl.value) -> (%type : !pdl.type)'
    steps = f"""%two = {add}
    %y = pdl.result 0 of %two
    {DOUBLE.replace("%x, %x", "%x, %y")}"""
    inner, outer, _ = rewritten(body, relu_to(steps))
    assert golden_name(inner) is None
    assert golden_name(outer) == "act"


def test_a_replacement_keeps_the_golden_name_that_it_has() -> None:
    body = """%a = nn.relu %x {golden = "inner"} : (tensor<4xf32>) -> tensor<4xf32>
%b = nn.relu %a {golden = "outer"} : (tensor<4xf32>) -> tensor<4xf32>
func.return %b : tensor<4xf32>"""
    relu, _ = rewritten(body, RELU_TWICE)
    assert golden_name(relu) == "inner"


def test_only_the_first_result_of_an_operation_takes_a_golden_name() -> None:
    body = """%p:2 = "test.pureop"() : () -> (tensor<4xf32>, tensor<4xf32>)
%a = nn.relu %p#1 {golden = "act"} : (tensor<4xf32>) -> tensor<4xf32>
func.return %a : tensor<4xf32>"""
    pair, _ = rewritten(body, relu_to(DROP))
    assert golden_name(pair) is None


def test_a_rule_tells_the_results_of_an_operation_apart() -> None:
    body = """%p:2 = "test.pureop"() : () -> (tensor<4xf32>, tensor<4xf32>)
%a = nn.relu %p#{} : (tensor<4xf32>) -> tensor<4xf32>
func.return %a : tensor<4xf32>"""
    rule = """
pdl.pattern @first_only : benefit(1) {
  %type = pdl.type
  %pair = pdl.operation "test.pureop" -> (%type, %type : !pdl.type, !pdl.type)
  %first = pdl.result 0 of %pair
  %root = pdl.operation "nn.relu" (%first : !pdl.value) -> (%type : !pdl.type)
  pdl.rewrite %root {
    pdl.replace %root with (%first : !pdl.value)
  }
}
"""
    assert "nn.relu" not in names(rewritten(body.format(0), rule))
    assert "nn.relu" in names(rewritten(body.format(1), rule))


def test_a_rule_that_never_ends_is_named() -> None:
    steps = """%new = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
    pdl.replace %root with %new"""
    rules = relu_to(steps, "forever")
    body = f"%a = {RELU.format('%x')}\nfunc.return %a : tensor<4xf32>"
    with pytest.raises(CorelowerError) as caught:
        rewritten(body, rules, max_rewrites=50)
    assert str(caught.value).startswith(
        "net.mlir:2:1: nn.relu: more than 50 rewrites, the last by rule 'forever' "
        "(rules.mlir:2:1); applied were 'forever' 51 times"
    )


def test_a_replacement_of_another_type_is_refused() -> None:
    steps = """%flat = pdl.type : tensor<2x2xf32>
    %shape = pdl.attribute = array<i64: 2, 2>
    %new = pdl.operation "nn.reshape" (%x : !pdl.value) {"shape" = %shape} -> (%flat : !pdl.type)
    pdl.replace %root with %new"""
    body = f"%a = {RELU.format('%x')}\nfunc.return %a : tensor<4xf32>"
    with pytest.raises(CorelowerError) as caught:
        rewritten(body, relu_to(steps))
    assert str(caught.value) == (
        "net.mlir:2:1: nn.relu: rule 'rule': replaces (tensor<4xf32>) by (tensor<2x2xf32>), "
        "but the type must stay"
    )


def test_an_invalid_new_operation_is_reported_with_its_rule() -> None:
    steps = """%flat = pdl.type : tensor<5xf32>
    %wrong = pdl.operation "nn.relu" (%x : !pdl.value) -> (%flat : !pdl.type)
    pdl.replace %root with (%x : !pdl.value)"""
    body = f"%a = {RELU.format('%x')}\nfunc.return %a : tensor<4xf32>"
    with pytest.raises(CorelowerError, match=r"rule 'rule': makes an invalid 'nn\.relu': .*shape"):
        rewritten(body, relu_to(steps))


@pytest.fixture
def natives() -> NativeFunctions:
    """The project's functions, and a place for those of a test."""
    return NATIVES.copy()


RETURN_RELU = f"%a = {RELU.format('%x')}\nfunc.return %a : tensor<4xf32>"


def _is_argument(value: SSAValue) -> bool:
    return not isinstance(value.owner, Operation)


def test_a_native_constraint_decides_on_a_match(natives: NativeFunctions) -> None:
    natives.native_constraint("is_argument")(_is_argument)
    match = 'pdl.apply_native_constraint "is_argument" (%x : !pdl.value)'
    assert names(rewritten(TWO_RELUS, relu_to(DOUBLE, match=match), natives)) == [
        "nn.add",
        "nn.relu",
        "func.return",
    ]


def test_a_constraint_does_not_hold_for_arguments_of_other_classes(
    natives: NativeFunctions,
) -> None:
    natives.native_constraint("always")(_is_string)
    match = 'pdl.apply_native_constraint "always" (%type : !pdl.type)'
    assert "nn.relu" in names(rewritten(RETURN_RELU, relu_to(DROP, match=match), natives))


def _is_string(attribute: StringAttr) -> bool:
    return True


def test_native_rewrites_compute_on_trained_tensors() -> None:
    body = """%one = trained.tensor [1.0, 2.0, 3.0, 4.0] : tensor<4xf32>
%two = trained.tensor [0.5] : tensor<1xf32>
%a = nn.add %x, %one : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
%b = nn.add %a, %two {golden = "sum"} : (tensor<4xf32>, tensor<1xf32>) -> tensor<4xf32>
func.return %b : tensor<4xf32>"""
    constant, add, _ = rewritten(body, ADD_CONSTANTS)
    data = constant_of(constant.results[0])
    assert data is not None
    assert np.array_equal(data.array, [1.5, 2.5, 3.5, 4.5])
    assert golden_name(add) == "sum"
    assert describe_location(constant.location) == "net.mlir:5:1"
    assert describe_location(add.location) == "net.mlir:5:1"


def _fail(value: SSAValue) -> SSAValue:
    raise CorelowerError("cannot do that")


def _doubt(value: SSAValue) -> bool:
    raise CorelowerError("cannot tell")


def test_an_error_of_a_native_function_has_a_place_and_a_rule(natives: NativeFunctions) -> None:
    natives.native_rewrite("fail")(_fail)
    natives.native_constraint("doubt")(_doubt)
    steps = f"""%y = pdl.apply_native_rewrite "fail" (%x : !pdl.value) : !pdl.value
    {DROP}"""
    with pytest.raises(CorelowerError) as caught:
        rewritten(RETURN_RELU, relu_to(steps), natives)
    assert str(caught.value) == (
        "net.mlir:2:1: nn.relu: rule 'rule': native rewrite 'fail': cannot do that"
    )
    match = 'pdl.apply_native_constraint "doubt" (%x : !pdl.value)'
    with pytest.raises(CorelowerError) as caught:
        rewritten(RETURN_RELU, relu_to(DROP, match=match), natives)
    assert str(caught.value) == (
        "net.mlir:2:1: nn.relu: rule 'rule': native constraint 'doubt': cannot tell"
    )


def _relu(value: SSAValue) -> SSAValue:
    return ReluOp(value).result


def _first_result(op: Operation) -> SSAValue:
    return op.results[0]


@pytest.mark.parametrize(
    ("results", "name", "types", "message"),
    [
        ("%a", "relu", "!pdl.operation", "gave OpResult for !pdl.operation"),
        ("%a, %b", "relu", "!pdl.value, !pdl.value", "gave 1 values, the rule names 2"),
        ("%a", "first", "!pdl.value", "does not take a BlockArgument as argument 1"),
    ],
)
def test_what_a_native_rewrite_takes_and_gives_is_checked(
    natives: NativeFunctions, results: str, name: str, types: str, message: str
) -> None:
    natives.native_rewrite("relu")(_relu)
    natives.native_rewrite("first")(_first_result)
    steps = f"""{results} = pdl.apply_native_rewrite "{name}" (%x : !pdl.value) : {types}
    {DROP}"""
    with pytest.raises(CorelowerError, match=f"native rewrite '{name}' {message}"):
        rewritten(RETURN_RELU, relu_to(steps), natives)


def _quadruple(value: SSAValue) -> SSAValue:
    double = AddOp(value, value)
    return AddOp(double.result, double.result).result


def test_all_that_a_native_rewrite_makes_is_inserted(natives: NativeFunctions) -> None:
    natives.native_rewrite("quadruple")(_quadruple)
    steps = """%y = pdl.apply_native_rewrite "quadruple" (%x : !pdl.value) : !pdl.value
    pdl.replace %root with (%y : !pdl.value)"""
    operations = rewritten(RETURN_RELU, relu_to(steps), natives)
    assert names(operations) == ["nn.add", "nn.add", "func.return"]
    assert [describe_location(op.location) for op in operations[:2]] == ["net.mlir:2:1"] * 2


def test_with_operands_keeps_attributes_but_no_golden_name() -> None:
    body = """%a = nn.relu %x : (tensor<4xf32>) -> tensor<4xf32>
%b = nn.softmax %a axis 0 {golden = "p", note = "kept"} : (tensor<4xf32>) -> tensor<4xf32>
%c = nn.relu %b : (tensor<4xf32>) -> tensor<4xf32>
func.return %c : tensor<4xf32>"""
    rule = """
pdl.pattern @hoist_softmax : benefit(1) {
  %type = pdl.type
  %axis = pdl.attribute
  %x = pdl.operand
  %softmax = pdl.operation "nn.softmax" (%x : !pdl.value) {"axis" = %axis} -> (%type : !pdl.type)
  %y = pdl.result 0 of %softmax
  %root = pdl.operation "nn.relu" (%y : !pdl.value) -> (%type : !pdl.type)
  pdl.rewrite %root {
    %relu = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
    %value = pdl.result 0 of %relu
    %copy = pdl.apply_native_rewrite "with_operands"
      (%softmax, %value : !pdl.operation, !pdl.value) : !pdl.operation
    pdl.replace %root with %copy
  }
}
"""
    _, _, softmax, _ = rewritten(body, rule)
    assert softmax.attributes == {"note": StringAttr("kept")}
    assert describe_location(softmax.location) == "net.mlir:4:1"


def test_a_native_function_is_registered_once_and_with_annotations(
    natives: NativeFunctions,
) -> None:
    natives.native_constraint("mine")(_is_string)
    with pytest.raises(ValueError, match="'mine' is registered already"):
        natives.native_constraint("mine")(_is_string)
    with pytest.raises(TypeError, match="'obj' has no annotation"):
        natives.native_constraint("other")(callable)
    assert "mine" not in NATIVES.constraints


def test_the_projects_functions_on_trained_tensors_check_what_they_get() -> None:
    left = DataAttr(TensorData(np.array([1, 2], np.float32)))
    right = DataAttr(TensorData(np.array([[3], [4]], np.float32)))
    assert natives_module.can_broadcast(left, right)
    product = natives_module.multiply(left, right)
    assert np.array_equal(product.data.array, [[3, 6], [4, 8]])
    assert str(natives_module.type_of(product)) == "tensor<2x2xf32>"
    for other in (np.zeros(3, np.float32), np.zeros(2)):
        assert not natives_module.can_broadcast(left, DataAttr(TensorData(other)))
        with pytest.raises(CorelowerError, match="do not broadcast"):
            natives_module.add(left, DataAttr(TensorData(other)))
