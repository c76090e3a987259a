"""
The parts of PyTorch and SpikingJelly that the peer needs, with types; both are optional.

Importing this module imports them: look first whether they are there, see `is_installed`.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class Tensor(Protocol):
    """An array of PyTorch's."""

    def sum(self, axis: int, /) -> "Tensor": ...
    def expand(self, *shape: int) -> "Tensor": ...
    def numpy(self) -> FloatArray: ...


class Module(Protocol):
    """A layer or a network."""

    def __call__(self, x: Tensor, /) -> Tensor: ...
    def eval(self) -> "Module": ...
    def load_state_dict(self, state: Mapping[str, Tensor], /) -> object: ...


class _MakeConvolution(Protocol):
    def __call__(
        self,
        channels: int,
        outputs: int,
        kernel: tuple[int, ...],
        /,
        *,
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        dilation: tuple[int, ...],
        groups: int,
        bias: bool,
    ) -> Module: ...


class _MakeLinear(Protocol):
    def __call__(self, inputs: int, outputs: int, /, *, bias: bool) -> Module: ...


class _MakePooling(Protocol):
    def __call__(
        self, kernel: tuple[int, ...], /, *, stride: tuple[int, ...], padding: tuple[int, ...]
    ) -> Module: ...


class _MakeFlatten(Protocol):
    def __call__(self) -> Module: ...


class _MakeSequential(Protocol):
    def __call__(self, *modules: Module) -> Module: ...


class _MakeNode(Protocol):
    def __call__(self, *, v_reset: float | None) -> Module: ...


class _MakeRecipe(Protocol):
    def __call__(
        self,
        dataloader: Iterable[Tensor],
        /,
        *,
        mode: str,
        channel_wise: bool,
        half_threshold: bool,
    ) -> object: ...


class _Converter(Protocol):
    def convert(self, network: Module, /) -> Module: ...


class _MakeConverter(Protocol):
    def __call__(self, *, recipe: object, device: str) -> _Converter: ...


class _SetStepMode(Protocol):
    def __call__(self, network: Module, mode: str, /) -> None: ...


@dataclass(frozen=True)
class Layers:
    """What makes the layers of a network, as one module of PyTorch's or SpikingJelly's has it."""

    convolution: _MakeConvolution
    linear: _MakeLinear
    average: _MakePooling
    maximum: _MakePooling
    flatten: _MakeFlatten


def _layers(module: str) -> Layers:
    found = import_module(module)
    return Layers(found.Conv2d, found.Linear, found.AvgPool2d, found.MaxPool2d, found.Flatten)


_SPIKING = "spikingjelly.activation_based"
plain_layers = _layers("torch.nn")
"""Layers of samples."""
spiking_layers = _layers(f"{_SPIKING}.layer")
"""Layers of ticks of samples, once `set_step_mode` says `m`."""
rectifier: Callable[[], Module] = import_module("torch.nn").ReLU
sequential: _MakeSequential = import_module("torch.nn").Sequential
node: _MakeNode = import_module(f"{_SPIKING}.neuron").IFNode
"""Neurons that integrate and fire; `v_reset` of `None` subtracts the threshold."""
set_step_mode: _SetStepMode = import_module(f"{_SPIKING}.functional").set_step_mode
reset_network: Callable[[Module], None] = import_module(f"{_SPIKING}.functional").reset_net
"""Forget what the neurons have integrated."""
rate_coding: _MakeRecipe = import_module(f"{_SPIKING}.ann2snn").RateCodingRecipe
converter: _MakeConverter = import_module(f"{_SPIKING}.ann2snn").Converter
tensor: Callable[[FloatArray], Tensor] = import_module("torch").from_numpy
compiled: Callable[[Module], Module] = import_module("torch").compile
inference: Callable[[], AbstractContextManager[object]] = import_module("torch").inference_mode
set_threads: Callable[[int], None] = import_module("torch").set_num_threads
