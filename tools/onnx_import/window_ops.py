"""Convolution and pooling."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...dialects import nn
from ...dialects.support.window import Window
from .conversion import Conversion
from .node_scope import NodeScope
from .problems import NodeError
from .values import Features


def convert_conv(scope: NodeScope) -> Features:
    """A convolution over one to three axes."""
    node = scope.node
    features = scope.images(0)
    weights = scope.weights(1, "weight")
    kernel = weights.shape[2:]
    if not 1 <= len(kernel) <= 3:
        raise NodeError(f"a kernel of {len(kernel)} axes; one to three are supported")
    if (stated := node.integers("kernel_shape")) not in (None, kernel):
        raise NodeError(f"kernel_shape {list(stated or ())} is not its weight's {list(kernel)}")
    window = _read_window(scope, features, kernel)
    weight = scope.trained(weights, 1)
    bias = scope.trained(scope.weights(2, "bias"), 2) if scope.has(2) else None
    op = nn.ConvOp(
        features.value,
        weight,
        bias,
        strides=_unless_all(1, window.strides),
        pads=_unless_all(0, window.pads),
        dilations=_unless_all(1, window.dilations),
        groups=node.integer("group", 1),
    )
    return Features(scope.emit(op).result, batched=True)


def convert_max_pool(scope: NodeScope) -> Features:
    """The largest value under a window; ceil_mode becomes padding, which does not count."""
    features = scope.images(0)
    window = _read_window(scope, features, _kernel_shape(scope))
    window = replace(window, pads=_pads_of_ceil_mode(scope, features, window))
    op = nn.MaxPoolOp(
        features.value,
        window.kernel,
        strides=_unless_all(1, window.strides),
        pads=_unless_all(0, window.pads),
        dilations=_unless_all(1, window.dilations),
    )
    return Features(scope.emit(op).result, batched=True)


def convert_average_pool(scope: NodeScope) -> Features:
    """
    The mean under a window.

    What ceil_mode adds at the end never counts; where count_include_pad counts what is beside it,
    that is padded before.
    """
    features = scope.images(0)
    window = _read_window(scope, features, _kernel_shape(scope))
    pads = _pads_of_ceil_mode(scope, features, window)
    count_pad = bool(scope.node.integer("count_include_pad", 0)) and window.has_padding
    if count_pad and pads != window.pads:
        low, high = window.pads[: window.rank], window.pads[window.rank :]
        padded = scope.emit(nn.PadOp(features.value, [0, *low], [0, *high]))
        features = features.with_value(padded.result)
        pads = tuple(mine - done for mine, done in zip(pads, window.pads, strict=True))
        count_pad = False
    op = nn.AveragePoolOp(
        features.value,
        window.kernel,
        strides=_unless_all(1, window.strides),
        pads=_unless_all(0, pads),
        dilations=_unless_all(1, window.dilations),
        count_pad=count_pad,
    )
    return Features(scope.emit(op).result, batched=True)


def convert_lp_pool(scope: NodeScope) -> Features:
    """The p-norm under a window; what lies outside is zero, so that ceil_mode is padding."""
    features = scope.images(0)
    window = _read_window(scope, features, _kernel_shape(scope))
    op = nn.LpPoolOp(
        features.value,
        scope.node.integer("p", 2),
        window.kernel,
        strides=_unless_all(1, window.strides),
        pads=_unless_all(0, _pads_of_ceil_mode(scope, features, window)),
        dilations=_unless_all(1, window.dilations),
    )
    return Features(scope.emit(op).result, batched=True)


def convert_global_lp_pool(scope: NodeScope) -> Features:
    """The p-norm of each channel."""
    features = scope.images(0)
    op = nn.LpPoolOp(features.value, scope.node.integer("p", 2), features.shape[1:])
    return Features(scope.emit(op).result, batched=True)


def convert_conv_transpose(scope: NodeScope) -> Features:
    """A transposed convolution over one to three axes."""
    node = scope.node
    features = scope.images(0)
    weights = scope.weights(1, "weight")
    kernel = weights.shape[2:]
    if not 1 <= len(kernel) <= 3 or len(features.shape) != len(kernel) + 1:
        raise NodeError(f"a kernel of {len(kernel)} axes over {len(features.shape) - 1}")
    window = Window.of(kernel, node.integers("strides"), None, node.integers("dilations"))
    window.verify()
    pads, extra = _transposed_pads(scope, features, window)
    op = nn.ConvTransposeOp(
        features.value,
        scope.trained(weights, 1),
        scope.trained(scope.weights(2, "bias"), 2) if scope.has(2) else None,
        strides=_unless_all(1, window.strides),
        pads=_unless_all(0, pads),
        output_pads=_unless_all(0, extra),
        dilations=_unless_all(1, window.dilations),
        groups=node.integer("group", 1),
    )
    return Features(scope.emit(op).result, batched=True)


def _transposed_pads(
    scope: NodeScope, features: Features, window: Window
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Pads and output pads as stated, or those that give the shape that is stated."""
    node, spatial = scope.node, features.shape[1:]
    extra = node.integers("output_padding") or (0,) * window.rank
    automatic = node.text("auto_pad", "NOTSET")
    shape = node.integers("output_shape")
    if shape is not None:
        shape = shape[-window.rank :]
    elif automatic in ("SAME_UPPER", "SAME_LOWER"):
        shape = tuple(n * s for n, s in zip(spatial, window.strides, strict=True))
    if shape is None:
        stated = None if automatic == "VALID" else node.integers("pads")
        return stated or window.pads, extra
    begins: list[int] = []
    ends: list[int] = []
    more: list[int] = []
    sizes = zip(spatial, window.strides, _reaches(window), extra, shape, strict=True)
    for extent, stride, reach, added, wanted in sizes:
        total = stride * (extent - 1) + added + reach - wanted
        # The odd one goes to the end for SAME_UPPER, and to the begin otherwise.
        begin = total // 2 if automatic == "SAME_UPPER" else total - total // 2
        begins.append(begin if total >= 0 else 0)
        ends.append(total - begin if total >= 0 else 0)
        more.append(added + max(-total, 0))
    return (*begins, *ends), tuple(more)


def convert_global_average_pool(scope: NodeScope) -> Features:
    """The mean of each channel."""
    features = scope.images(0)
    op = nn.AveragePoolOp(features.value, features.shape[1:])
    return Features(scope.emit(op).result, batched=True)


def convert_global_max_pool(scope: NodeScope) -> Features:
    """The largest value of each channel."""
    features = scope.images(0)
    op = nn.MaxPoolOp(features.value, features.shape[1:])
    return Features(scope.emit(op).result, batched=True)


def _kernel_shape(scope: NodeScope) -> tuple[int, ...]:
    kernel = scope.node.integers("kernel_shape")
    if kernel is None:
        raise NodeError("kernel_shape is missing")
    return kernel


def _read_window(scope: NodeScope, features: Features, kernel: Sequence[int]) -> Window:
    """The window of the node's attributes, auto_pad resolved to pads."""
    node = scope.node
    window = Window.of(kernel, node.integers("strides"), None, node.integers("dilations"))
    window.verify()
    spatial = features.shape[1:]
    if len(spatial) != window.rank:
        raise NodeError(f"a kernel of {window.rank} axes over {len(spatial)} spatial axes")
    match node.text("auto_pad", "NOTSET"):
        case "NOTSET" | "":
            stated = node.integers("pads")
            window = window if stated is None else replace(window, pads=stated)
            window.verify()
            return window
        case "VALID":
            return window
        case "SAME_UPPER":
            return replace(window, pads=_same_pads(window, spatial, more_at_end=True))
        case "SAME_LOWER":
            return replace(window, pads=_same_pads(window, spatial, more_at_end=False))
        case other:
            raise NodeError(f"auto_pad '{other}' is not one of ONNX's")


def _same_pads(window: Window, spatial: Sequence[int], more_at_end: bool) -> tuple[int, ...]:
    """The pads that give `ceil(extent / stride)` positions, as even as they can be."""
    begins: list[int] = []
    ends: list[int] = []
    for extent, stride, reach in zip(spatial, window.strides, _reaches(window), strict=True):
        total = max((-(-extent // stride) - 1) * stride + reach - extent, 0)
        begin = total // 2 if more_at_end else total - total // 2
        begins.append(begin)
        ends.append(total - begin)
    return (*begins, *ends)


def _pads_of_ceil_mode(scope: NodeScope, features: Features, window: Window) -> tuple[int, ...]:
    """
    The pads with which floor gives the positions that ceil_mode asks for.

    A last window that would begin beyond the input and its leading pad is dropped.
    """
    automatic = scope.node.text("auto_pad", "NOTSET") not in ("NOTSET", "")
    if automatic or not scope.node.integer("ceil_mode", 0):
        return window.pads
    ends: list[int] = []
    sizes = zip(features.shape[1:], window.strides, _reaches(window), strict=True)
    for (extent, stride, reach), (begin, end) in zip(sizes, window.pad_pairs(), strict=True):
        rest = extent + begin + end - reach
        last = -(-rest // stride) * stride
        grows = rest > 0 and rest % stride and last < extent + begin
        ends.append(last + reach - extent - begin if grows else end)
    return (*window.pads[: window.rank], *ends)


def _unless_all(default: int, values: tuple[int, ...]) -> tuple[int, ...] | None:
    """Nothing where the values are the default, which the text then leaves out."""
    return values if any(value != default for value in values) else None


def _reaches(window: Window) -> list[int]:
    """The elements an axis from the window's first to its last."""
    return [d * (k - 1) + 1 for k, d in zip(window.kernel, window.dilations, strict=True)]


WINDOW_OPS: Mapping[str, Conversion] = {
    "AveragePool": convert_average_pool,
    "Conv": convert_conv,
    "ConvTranspose": convert_conv_transpose,
    "GlobalAveragePool": convert_global_average_pool,
    "GlobalMaxPool": convert_global_max_pool,
    "GlobalLpPool": convert_global_lp_pool,
    "LpPool": convert_lp_pool,
    "MaxPool": convert_max_pool,
}
