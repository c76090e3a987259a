"""How one rule matches and rewrites: xDSL's PDL interpreter, mended and extended."""

from typing import NoReturn, cast

from xdsl.context import Context
from xdsl.dialects import pdl
from xdsl.dialects.builtin import UNKNOWN_LOC
from xdsl.interpreter import Interpreter, PythonValues, impl, register_impls
from xdsl.interpreters.pdl import PDLMatcher, PDLRewriteFunctions
from xdsl.ir import Attribute, Operation, OpResult, SSAValue, TypeAttribute
from xdsl.utils.exceptions import VerifyException

from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.provenance import GOLDEN_VALUE, provenance_of
from .native_functions import NativeFunction, NativeFunctions, NativeRewrite, NativeValue

_PYTHON_TYPES: dict[type[Attribute], type] = {
    pdl.AttributeType: Attribute,
    pdl.TypeType: TypeAttribute,
    pdl.ValueType: SSAValue,
    pdl.OperationType: Operation,
}


class RuleMatcher(PDLMatcher):
    """xDSL's matcher, with the one thing mended that a loader cannot refuse."""

    def match_result(self, ssa_val: SSAValue, pdl_op: pdl.ResultOp, xdsl_operand: SSAValue) -> bool:
        # xDSL takes any result of the right operation for the one that the rule names.
        if not isinstance(xdsl_operand, OpResult):
            return False
        if xdsl_operand.index != pdl_op.index.value.data:
            return False
        return super().match_result(ssa_val, pdl_op, xdsl_operand)


@register_impls
class RuleFunctions(PDLRewriteFunctions):
    """xDSL's rewrites, with native ones, the root's location and golden name, and checks."""

    root: Operation

    def __init__(self, ctx: Context, natives: NativeFunctions, rule_name: str):
        super().__init__(ctx)
        self.natives = natives
        self.rule_name = rule_name

    def forget(self) -> None:
        """Hold on to nothing of the network: a rule may live as long as the process."""
        self._rewriter = None
        del self.root

    @impl(pdl.OperationOp)
    def run_operation(
        self, interpreter: Interpreter, op: pdl.OperationOp, args: PythonValues
    ) -> PythonValues:
        (created,) = super().run_operation(interpreter, op, args).values
        assert isinstance(created, Operation)
        self._finish(created)
        return (created,)

    @impl(pdl.ApplyNativeRewriteOp)
    def run_native_rewrite(
        self, interpreter: Interpreter, op: pdl.ApplyNativeRewriteOp, args: PythonValues
    ) -> PythonValues:
        function = self.natives.rewrites[op.constraint_name.data]
        results = self._call(function, args)
        if len(results) != len(op.results):
            self._fail(
                f"native rewrite '{function.name}' gave {len(results)} values, "
                f"the rule names {len(op.results)}"
            )
        for value, result in zip(results, op.results, strict=True):
            if not isinstance(value, _PYTHON_TYPES[type(result.type)]):
                self._fail(
                    f"native rewrite '{function.name}' gave {type(value).__name__} "
                    f"for {result.type}"
                )
            if isinstance(value, OpResult):
                self._insert(value.op)
            elif isinstance(value, Operation):
                self._insert(value)
        return results

    @impl(pdl.ReplaceOp)
    def run_replace(
        self, interpreter: Interpreter, op: pdl.ReplaceOp, args: PythonValues
    ) -> PythonValues:
        new_results: tuple[SSAValue, ...]
        if op.repl_operation is not None:
            (replacement,) = interpreter.get_values((op.repl_operation,))
            new_results = tuple(cast(Operation, replacement).results)
        else:
            new_results = interpreter.get_values(op.repl_values)
        self._check_replacement(new_results)
        if new_results:
            _keep_golden_name(self.root, new_results[0])
        self.rewriter.replace(self.root, new_ops=(), new_results=new_results)
        return ()

    @impl(pdl.EraseOp)
    def run_erase(
        self, interpreter: Interpreter, op: pdl.EraseOp, args: PythonValues
    ) -> PythonValues:
        self.rewriter.erase(self.root)
        return ()

    def _call(
        self, function: NativeFunction[NativeRewrite], arguments: PythonValues
    ) -> tuple[NativeValue, ...]:
        if (index := function.first_mismatch(arguments)) is not None:
            self._fail(
                f"native rewrite '{function.name}' does not take a "
                f"{type(arguments[index]).__name__} as argument {index + 1}"
            )
        try:
            results = function.call(*arguments)
        except CorelowerError as error:
            self._fail(f"native rewrite '{function.name}': {error}")
        return results if isinstance(results, tuple) else (results,)

    def _insert(self, op: Operation) -> None:
        """Insert before the root what a native rewrite made, operands first."""
        if op.parent is not None:
            return
        for operand in op.operands:
            if isinstance(operand, OpResult):
                self._insert(operand.op)
        self.rewriter.insert(op)
        self._finish(op)

    def _finish(self, created: Operation) -> None:
        if created.location == UNKNOWN_LOC:
            created.location = self.root.location
        try:
            created.verify()
        except VerifyException as error:
            self._fail(f"makes an invalid '{created.name}': {error}")

    def _check_replacement(self, new_results: tuple[SSAValue, ...]) -> None:
        old_types = list(self.root.result_types)
        new_types = [value.type for value in new_results]
        if old_types != new_types:
            old, new = (", ".join(map(str, types)) for types in (old_types, new_types))
            self._fail(f"replaces ({old}) by ({new}), but the type must stay")

    def _fail(self, message: str) -> NoReturn:
        raise OperationError(self.root, f"rule '{self.rule_name}': {message}")


def _keep_golden_name(old: Operation, new_value: SSAValue) -> None:
    # The name belongs to an operation's first result only.
    if not isinstance(new_value, OpResult) or new_value.index != 0:
        return
    if GOLDEN_VALUE not in new_value.op.attributes:
        new_value.op.attributes.update(provenance_of(old))
