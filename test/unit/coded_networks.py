"""
Coded `core_op` networks that Hypothesis draws, and an int64 reference of what they compute.

The reference shares no code with what it is compared with.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck
from hypothesis import strategies as st
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint

from corelower.dialects import core_op
from corelower.dialects.nn import shape_of
from corelower.dialects.support.target import Target
from corelower.dialects.support.window import Window

Integers = npt.NDArray[np.int64]
LARGEST_DRAWN = 600
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@dataclass(repr=False)
class Network:
    """A drawn network twice: as IR, and as functions on int64 codes of one sample."""

    target: Target
    module: ModuleOp
    builder: Builder
    value: SSAValue
    reference: list[Callable[[Integers], Integers]] = field(
        default_factory=list[Callable[[Integers], Integers]]
    )

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self.value)

    @property
    def code(self) -> core_op.CodeType:
        code = core_op.code_of(self.value)
        assert code is not None
        return code

    @classmethod
    def begin(cls, target: Target, shape: tuple[int, ...], code: core_op.CodeType) -> "Network":
        """A function of one argument of `shape`, encoded."""
        module = ModuleOp([])
        core_op.set_target(module, target)
        function = FuncOp("main", ([TensorType(f32, shape)], []))
        module.body.block.add_op(function)
        builder = Builder(InsertPoint.at_end(function.body.block))
        encode = builder.insert(core_op.EncodeOp(function.body.block.args[0], code))
        return cls(target, module, builder, encode.result)

    def finish(self) -> None:
        """Decode the last value and return it."""
        decode = self.builder.insert(core_op.DecodeOp(self.value))
        self.builder.insert(ReturnOp(decode.result))
        function = self.module.body.block.first_op
        assert isinstance(function, FuncOp)
        function.update_function_type()
        self.module.verify()

    def add(self, op: core_op.CoreOperation, meaning: Callable[[Integers], Integers]) -> None:
        self.builder.insert(op)
        self.value = op.result
        self.reference.append(meaning)

    def run_reference(self, image: npt.NDArray[np.float32], code: core_op.CodeType) -> Integers:
        inverse = np.float32(1.0 / code.scale.data)
        codes = np.empty(image.shape, np.int64)
        for index, real in np.ndenumerate(image):
            nearest = round(float(np.float32(real * inverse)))
            codes[index] = min(max(nearest + code.zero.data, 0), 2**code.bits.data - 1)
        for meaning in self.reference:
            codes = meaning(codes)
        return codes


def dot(
    weight: Integers, bias: Integers, gain: npt.NDArray[np.float32], bits: int, rounding: str
) -> Callable[[Integers], Integers]:
    def meaning(x: Integers) -> Integers:
        groups, fan_in, outputs = weight.shape
        y = np.zeros((*x.shape[:-1], outputs), np.int64)
        for index in np.ndindex(x.shape[:-2]):
            for g in range(groups):
                for n in range(outputs):
                    total = int(bias[g, n])
                    for m in range(fan_in):
                        total += int(x[(*index, g, m)]) * int(weight[g, m, n])
                    # A float64 holds the product exactly: one rounding to float32, as on the chip.
                    factor = gain[g, n] if gain.ndim == 2 else gain[g]
                    product = float(np.float32(float(total) * float(factor)))
                    nearest = int(product // 1) if rounding == "floor" else round(product)
                    y[(*index, g, n)] = min(max(nearest, 0), 2**bits - 1)
        return y

    return meaning


def windows(window: Window, zero: int) -> Callable[[Integers], Integers]:
    def meaning(x: Integers) -> Integers:
        (kh, kw), (sh, sw), (dh, dw) = window.kernel, window.strides, window.dilations
        top, left, bottom, right = window.pads
        height, width, groups, channels = x.shape
        rows = (height + top + bottom - dh * (kh - 1) - 1) // sh + 1
        columns = (width + left + right - dw * (kw - 1) - 1) // sw + 1
        y = np.full((rows, columns, groups, kh * kw * channels), zero, np.int64)
        for r, c, g, i, j, k in np.ndindex(rows, columns, groups, kh, kw, channels):
            at, on = r * sh + i * dh - top, c * sw + j * dw - left
            if 0 <= at < height and 0 <= on < width:
                y[r, c, g, (i * kw + j) * channels + k] = x[at, on, g, k]
        return y

    return meaning


def add_window(draw: st.DrawFn, network: Network) -> None:
    shape = network.shape
    if len(shape) != 4 or 0 in shape:
        return
    kernel = [draw(st.integers(1, min(2, extent))) for extent in shape[:2]]
    window = Window.of(
        kernel,
        [draw(st.integers(1, 2)) for _ in range(2)],
        [draw(st.integers(0, 1)) for _ in range(4)],
        [draw(st.integers(1, 2)) if k == 1 else 1 for k in kernel],
    )
    if prod(window.output(shape[:2])) * window.size * shape[2] * shape[3] > LARGEST_DRAWN:
        return
    op = core_op.WindowOp(network.value, window)
    network.add(op, windows(window, network.code.zero.data))


def add_pad(draw: st.DrawFn, network: Network) -> None:
    low, high = ([draw(st.integers(0, 1)) for _ in network.shape] for _ in range(2))
    zero, old = network.code.zero.data, network.shape
    if prod(n + 2 for n in old) > LARGEST_DRAWN:
        return

    def meaning(x: Integers) -> Integers:
        y = np.full([a + n + z for a, n, z in zip(low, old, high, strict=True)], zero, np.int64)
        y[tuple(slice(a, a + n) for a, n in zip(low, old, strict=True))] = x
        return y

    network.add(core_op.PadOp(network.value, low, high), meaning)


def add_slice(draw: st.DrawFn, network: Network) -> None:
    offsets = [draw(st.integers(0, extent - 1)) for extent in network.shape]
    sizes = [draw(st.integers(1, n - o)) for n, o in zip(network.shape, offsets, strict=True)]

    def meaning(x: Integers) -> Integers:
        y = np.zeros(sizes, np.int64)
        for index in np.ndindex(*sizes):
            y[index] = x[tuple(o + i for o, i in zip(offsets, index, strict=True))]
        return y

    network.add(core_op.SliceOp(network.value, offsets, sizes), meaning)


def add_concat(draw: st.DrawFn, network: Network) -> None:
    if not network.shape or 2 * prod(network.shape) > LARGEST_DRAWN:
        return
    axis = draw(st.integers(0, len(network.shape) - 1))
    network.add(
        core_op.ConcatOp([network.value, network.value], axis),
        lambda x: np.moveaxis(np.array([*np.moveaxis(x, axis, 0)] * 2), 0, axis),
    )


def add_permute(draw: st.DrawFn, network: Network) -> None:
    order = draw(st.permutations(range(len(network.shape))))
    network.add(
        core_op.PermuteOp(network.value, order), lambda x: np.moveaxis(x, order, range(x.ndim))
    )


def add_reshape(draw: st.DrawFn, network: Network) -> None:
    size = prod(network.shape)
    columns = draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))
    shape = (size // columns, columns)
    network.add(
        core_op.ReshapeOp(network.value, shape),
        lambda x: np.array([*x.flat], np.int64).reshape(shape),
    )


def add_repeat(draw: st.DrawFn, network: Network) -> None:
    times = draw(st.integers(1, 3))
    if not network.shape or times * prod(network.shape) > LARGEST_DRAWN:
        return
    axis = draw(st.integers(0, len(network.shape) - 1))
    network.add(
        core_op.RepeatOp(network.value, axis, times),
        lambda x: np.moveaxis(
            np.array([row for row in np.moveaxis(x, axis, 0) for _ in range(times)]), 0, axis
        ),
    )


def add_gather(draw: st.DrawFn, network: Network) -> None:
    if not network.shape:
        return
    axis = draw(st.integers(0, len(network.shape) - 1))
    places = st.integers(0, network.shape[axis] - 1)
    indices = draw(st.lists(places, min_size=1, max_size=4))
    if len(indices) * prod(network.shape) > LARGEST_DRAWN:
        return
    network.add(
        core_op.GatherOp(network.value, axis, indices),
        lambda x: np.moveaxis(np.array([np.moveaxis(x, axis, 0)[i] for i in indices]), 0, axis),
    )


def add_max(draw: st.DrawFn, network: Network) -> None:
    if not network.shape or network.shape[-1] > network.target.max_inputs:
        return
    network.add(core_op.MaxOp(network.value), lambda x: np.array(sorted_last(x), np.int64)[..., -1])


def sorted_last(x: Integers) -> Integers:
    return np.sort(x, axis=-1)
