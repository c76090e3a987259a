"""Small functions in the IR for tests that run them."""

from collections.abc import Callable, Sequence
from typing import overload

from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

Operations = Sequence[Operation]


def tensor(*shape: int, element: Attribute = f32) -> TensorType[Attribute]:
    """A tensor type."""
    return TensorType(element, shape)


@overload
def function_of(build: Callable[[], Operations], /) -> FuncOp: ...
@overload
def function_of(build: Callable[[SSAValue], Operations], first: Attribute, /) -> FuncOp: ...
@overload
def function_of(
    build: Callable[[SSAValue, SSAValue], Operations], first: Attribute, second: Attribute, /
) -> FuncOp: ...
def function_of(build: Callable[..., Operations], /, *types: Attribute) -> FuncOp:
    """
    `@main` with inputs of these types, in a verified module of its own.

    `build` takes the inputs and gives operations in order; the last one's results are returned.
    """
    block = Block(arg_types=types)
    operations = build(*block.args)
    block.add_ops(operations)
    results: Sequence[SSAValue] = operations[-1].results
    block.add_op(ReturnOp(*results))
    outputs = [result.type for result in results]
    function = FuncOp("main", (types, outputs), Region(block))
    ModuleOp([function]).verify()
    return function
