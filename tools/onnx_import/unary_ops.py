"""Functions of one value, element by element."""

from collections.abc import Callable, Mapping

from ...dialects import nn
from ...dialects.nn import BinaryFunction, UnaryFunction
from .arithmetic_ops import combine
from .conversion import Conversion
from .node_scope import NodeScope
from .problems import NodeError
from .values import Features


def convert_relu(scope: NodeScope) -> Features:
    """The rectifier."""
    features = scope.features(0, batch_anywhere=True)
    return features.with_value(scope.emit(nn.ReluOp(features.value)).result)


def convert_gelu(scope: NodeScope) -> Features:
    """The Gaussian error linear unit, or its approximation by a tanh."""
    match scope.node.text("approximate", "none"):
        case "none":
            return unary(scope, UnaryFunction.GELU)
        case "tanh":
            return unary(scope, UnaryFunction.GELU_TANH)
        case other:
            raise NodeError(f"approximate '{other}' is not one of ONNX's")


def convert_clip(scope: NodeScope) -> Features:
    """
    Two bounds, either of which may be missing or computed.

    From 0 on it is the rectifier.
    """
    features = scope.features(0, batch_anywhere=True)
    if scope.node.version < 11:
        least = scope.node.real("min", float("-inf"))
        greatest = scope.node.real("max", float("inf"))
        return _clip(scope, features, max(least, -_LARGEST), min(greatest, _LARGEST))
    if any(scope.has(index) and not scope.is_constant(index) for index in (1, 2)):
        for index, function in ((1, BinaryFunction.MAX), (2, BinaryFunction.MIN)):
            if scope.has(index):
                features = combine(scope, function, features, index)
        return features
    least = scope.number(1, "least value") if scope.has(1) else -_LARGEST
    greatest = scope.number(2, "greatest value") if scope.has(2) else _LARGEST
    return _clip(scope, features, max(least, -_LARGEST), min(greatest, _LARGEST))


_LARGEST = 3.4028234663852886e38
"""The largest 32-bit number: a bound that bounds nothing."""


def _clip(scope: NodeScope, features: Features, least: float, greatest: float) -> Features:
    if (least, greatest) == (-_LARGEST, _LARGEST):
        return features
    if (least, greatest) == (0, _LARGEST):
        return features.with_value(scope.emit(nn.ReluOp(features.value)).result)
    op = nn.UnaryOp(UnaryFunction.CLIP, features.value, least, greatest)
    return features.with_value(scope.emit(op).result)


def unary(scope: NodeScope, function: UnaryFunction, *parameters: float) -> Features:
    """A function of the first input."""
    features = scope.features(0, batch_anywhere=True)
    op = nn.UnaryOp(function, features.value, *parameters)
    return features.with_value(scope.emit(op).result)


def _converted(
    function: UnaryFunction, defaults: Mapping[str, float]
) -> Callable[[NodeScope], Features]:
    def convert(scope: NodeScope) -> Features:
        parameters = [scope.node.real(name, default) for name, default in defaults.items()]
        return unary(scope, function, *parameters)

    return convert


_FUNCTIONS: Mapping[str, UnaryFunction] = {
    "Abs": UnaryFunction.ABS,
    "Ceil": UnaryFunction.CEIL,
    "Erf": UnaryFunction.ERF,
    "Exp": UnaryFunction.EXP,
    "Floor": UnaryFunction.FLOOR,
    "HardSwish": UnaryFunction.HARD_SWISH,
    "Log": UnaryFunction.LOG,
    "Mish": UnaryFunction.MISH,
    "Neg": UnaryFunction.NEG,
    "Reciprocal": UnaryFunction.RECIPROCAL,
    "Round": UnaryFunction.ROUND,
    "Sigmoid": UnaryFunction.SIGMOID,
    "Sign": UnaryFunction.SIGN,
    "Softplus": UnaryFunction.SOFTPLUS,
    "Softsign": UnaryFunction.SOFTSIGN,
    "Sqrt": UnaryFunction.SQRT,
    "Tanh": UnaryFunction.TANH,
}

_FAMILIES: Mapping[str, tuple[UnaryFunction, Mapping[str, float]]] = {
    "Celu": (UnaryFunction.CELU, {"alpha": 1.0}),
    "Elu": (UnaryFunction.ELU, {"alpha": 1.0}),
    "HardSigmoid": (UnaryFunction.HARD_SIGMOID, {"alpha": 0.2, "beta": 0.5}),
    "LeakyRelu": (UnaryFunction.LEAKY_RELU, {"alpha": 0.01}),
    "Selu": (UnaryFunction.SELU, {"alpha": 1.6732632423543772, "gamma": 1.0507009873554805}),
}
"""ONNX's attributes and their defaults, in the order of `nn.unary`'s parameters."""

UNARY_OPS: Mapping[str, Conversion] = {
    **{name: _converted(function, {}) for name, function in _FUNCTIONS.items()},
    **{name: _converted(function, names) for name, (function, names) in _FAMILIES.items()},
    "Clip": convert_clip,
    "Gelu": convert_gelu,
    "Relu": convert_relu,
}
