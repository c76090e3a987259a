"""Networks of published shapes as `nn` modules, with weights that nobody trained."""

from collections.abc import Callable
from math import prod, sqrt

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region, SSAValue

from corelower.dialects import nn
from corelower.dialects.nn import shape_of
from corelower.dialects.support.provenance import set_golden
from corelower.dialects.trained import TensorOp

FloatArray = npt.NDArray[np.float32]
WeightMaker = Callable[[tuple[int, ...], int], FloatArray]
"""Makes a tensor of a shape for a layer of so many inputs an output."""


def random_weights(seed: int = 0) -> WeightMaker:
    """Normal weights whose variance keeps the size of signals from layer to layer (He et al.)."""
    generator = np.random.default_rng(seed)

    def make(shape: tuple[int, ...], fan_in: int) -> FloatArray:
        weights = generator.standard_normal(shape, np.float32)
        weights *= np.float32(sqrt(2 / fan_in))
        return weights

    return make


def numbered_weights(shape: tuple[int, ...], fan_in: int) -> FloatArray:
    """Zeros but for one number an output, which costs no time and makes no two outputs alike."""
    weights = np.zeros(shape, np.float32)
    flat = weights.reshape(shape[0], -1)
    flat[:, 0] = np.arange(1, len(flat) + 1)
    return weights


class NetworkBuilder:
    """A function `@main` of one image or vector, written layer by layer."""

    def __init__(self, shape: tuple[int, ...], weights: WeightMaker):
        self.block = Block(arg_types=[TensorType(f32, shape)])
        self.value: SSAValue = self.block.args[0]
        self.weights = weights
        self.weight_count = 0
        """Weights of dot products and their biases; parameters of batch norms are not counted."""
        self.bias_count = 0
        self._layers = 0

    def conv(
        self,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        pad: int = 0,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        """A square convolution."""
        shape = (outputs, shape_of(self.value)[0] // groups, kernel, kernel)
        weight, offset = self._parameters(shape, prod(shape[1:]), outputs, bias)
        self._add(
            nn.ConvOp(
                self.value, weight, offset, strides=[stride] * 2, pads=[pad] * 4, groups=groups
            )
        )

    def dense(self, outputs: int, *, bias: bool = True) -> None:
        """A dense layer over everything so far."""
        count = prod(shape_of(self.value))
        if len(shape_of(self.value)) > 1:
            self._add(nn.ReshapeOp(self.value, [count]))
        weight, offset = self._parameters((count, outputs), count, outputs, bias)
        self._add(nn.DenseOp(self.value, weight, offset))

    def relu(self) -> None:
        """A rectifier."""
        self._add(nn.ReluOp(self.value))

    def max_pool(self, kernel: int, stride: int, pad: int = 0) -> None:
        """Maxima over squares."""
        pads = [pad] * 4 if pad else None
        self._add(nn.MaxPoolOp(self.value, [kernel] * 2, strides=[stride] * 2, pads=pads))

    def global_average_pool(self) -> None:
        """One mean a channel."""
        self._add(nn.AveragePoolOp(self.value, shape_of(self.value)[1:]))

    def batch_norm(self) -> None:
        """A batch normalisation with parameters that change little."""
        channels = shape_of(self.value)[0]
        one = np.linspace(0.9, 1.1, channels, dtype=np.float32)
        small = np.linspace(-0.1, 0.1, channels, dtype=np.float32)
        parameters = [self._constant(array) for array in (one, small, -small, one)]
        self._add(nn.BatchNormOp(self.value, *parameters))

    def add(self, other: SSAValue) -> None:
        """A residual addition."""
        self._add(nn.AddOp(self.value, other))

    def finish(self) -> ModuleOp:
        """The module; the network is complete."""
        self.block.add_op(ReturnOp(self.value))
        types = list(self.block.arg_types), [self.value.type]
        module = ModuleOp([FuncOp("main", types, Region(self.block))])
        module.verify()
        return module

    def _parameters(
        self, shape: tuple[int, ...], fan_in: int, outputs: int, bias: bool
    ) -> tuple[SSAValue, SSAValue | None]:
        weight = self._constant(self.weights(shape, fan_in))
        self.weight_count += prod(shape)
        if not bias:
            return weight, None
        self.bias_count += outputs
        return weight, self._constant(np.linspace(-0.05, 0.05, outputs, dtype=np.float32))

    def _constant(self, array: FloatArray) -> SSAValue:
        op = TensorOp(array)
        self.block.add_op(op)
        return op.result

    def _add(self, op: nn.NnOperation) -> None:
        self._layers += 1
        set_golden(op, f"{op.name.removeprefix('nn.')}_{self._layers}")
        self.block.add_op(op)
        self.value = op.result


def mlp(weights: WeightMaker, *widths: int) -> NetworkBuilder:
    """A perceptron: dense layers with rectifiers between."""
    net = NetworkBuilder(widths[:1], weights)
    for outputs in widths[1:-1]:
        net.dense(outputs)
        net.relu()
    net.dense(widths[-1])
    return net


def lenet_caffe(weights: WeightMaker) -> NetworkBuilder:
    """LeNet as Caffe's example has it, on 28 x 28."""
    net = NetworkBuilder((1, 28, 28), weights)
    for channels in (20, 50):
        net.conv(channels, 5)
        net.max_pool(2, 2)
    net.dense(500)
    net.relu()
    net.dense(10)
    return net


def lenet5(weights: WeightMaker) -> NetworkBuilder:
    """LeNet-5 with rectifiers, on 28 x 28 (LeCun et al., 1998; all maps connected)."""
    net = NetworkBuilder((1, 28, 28), weights)
    for channels, pad in ((6, 2), (16, 0)):
        net.conv(channels, 5, pad=pad)
        net.relu()
        net.max_pool(2, 2)
    for outputs in (120, 84):
        net.dense(outputs)
        net.relu()
    net.dense(10)
    return net


def alexnet(weights: WeightMaker) -> NetworkBuilder:
    """AlexNet in two groups, without local response normalisation (Krizhevsky et al., 2012)."""
    net = NetworkBuilder((3, 227, 227), weights)
    net.conv(96, 11, stride=4)
    net.relu()
    net.max_pool(3, 2)
    net.conv(256, 5, pad=2, groups=2)
    net.relu()
    net.max_pool(3, 2)
    for channels, groups in ((384, 1), (384, 2), (256, 2)):
        net.conv(channels, 3, pad=1, groups=groups)
        net.relu()
    net.max_pool(3, 2)
    return _classifier(net)


def vgg(weights: WeightMaker, *convolutions: int) -> NetworkBuilder:
    """VGG on 224 x 224 with so many convolutions in its five blocks (Simonyan, Zisserman, 2014)."""
    net = NetworkBuilder((3, 224, 224), weights)
    for channels, count in zip((64, 128, 256, 512, 512), convolutions, strict=True):
        for _ in range(count):
            net.conv(channels, 3, pad=1)
            net.relu()
        net.max_pool(2, 2)
    return _classifier(net)


def vgg11(weights: WeightMaker) -> NetworkBuilder:
    """VGG's configuration A."""
    return vgg(weights, 1, 1, 2, 2, 2)


def vgg16(weights: WeightMaker) -> NetworkBuilder:
    """VGG's configuration D."""
    return vgg(weights, 2, 2, 3, 3, 3)


def resnet18(weights: WeightMaker) -> NetworkBuilder:
    """ResNet-18 on 224 x 224, with batch normalisation (He et al., 2015)."""
    net = NetworkBuilder((3, 224, 224), weights)
    net.conv(64, 7, stride=2, pad=3, bias=False)
    net.batch_norm()
    net.relu()
    net.max_pool(3, 2, pad=1)
    for stage, channels in enumerate((64, 128, 256, 512)):
        for block in range(2):
            _residual_block(net, channels, 2 if stage and not block else 1)
    net.global_average_pool()
    net.dense(1000)
    return net


def resnet50(weights: WeightMaker) -> NetworkBuilder:
    """ResNet-50 on 224 x 224, with batch normalisation (He et al., 2015)."""
    net = NetworkBuilder((3, 224, 224), weights)
    net.conv(64, 7, stride=2, pad=3, bias=False)
    net.batch_norm()
    net.relu()
    net.max_pool(3, 2, pad=1)
    for stage, (channels, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            _bottleneck(net, channels, 2 if stage and not block else 1, widens=not block)
    net.global_average_pool()
    net.dense(1000)
    return net


NETWORKS: dict[str, Callable[[WeightMaker], NetworkBuilder]] = {
    "vgg16": vgg16,
    "vgg11": vgg11,
    "resnet18": resnet18,
    "resnet50": resnet50,
    "alexnet": alexnet,
    "lenet-caffe": lenet_caffe,
    "lenet5": lenet5,
    "mlp": lambda weights: mlp(weights, 784, 100, 10),
    "mlp3": lambda weights: mlp(weights, 784, 500, 100, 10),
}
"""Every network by its name on the command line."""


def _classifier(net: NetworkBuilder) -> NetworkBuilder:
    for _ in range(2):
        net.dense(4096)
        net.relu()
    net.dense(1000)
    return net


def _residual_block(net: NetworkBuilder, channels: int, stride: int) -> None:
    shortcut = source = net.value
    if stride > 1:
        net.conv(channels, 1, stride=stride, bias=False)
        net.batch_norm()
        shortcut, net.value = net.value, source
    net.conv(channels, 3, stride=stride, pad=1, bias=False)
    net.batch_norm()
    net.relu()
    net.conv(channels, 3, pad=1, bias=False)
    net.batch_norm()
    net.add(shortcut)
    net.relu()


def _bottleneck(net: NetworkBuilder, channels: int, stride: int, *, widens: bool) -> None:
    shortcut = source = net.value
    if widens:
        net.conv(4 * channels, 1, stride=stride, bias=False)
        net.batch_norm()
        shortcut, net.value = net.value, source
    net.conv(channels, 1, bias=False)
    net.batch_norm()
    net.relu()
    net.conv(channels, 3, stride=stride, pad=1, bias=False)
    net.batch_norm()
    net.relu()
    net.conv(4 * channels, 1, bias=False)
    net.batch_norm()
    net.add(shortcut)
    net.relu()
