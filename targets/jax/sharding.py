"""Data-parallel work: samples are dealt out to the devices that JAX has, parameters are on each."""

import jax
import numpy as np
import numpy.typing as npt
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from .typed import FunctionT, jit_onto

Array = npt.NDArray[np.generic]

AXIS = "samples"


class Devices:
    """
    All devices, of all hosts where `jax.distributed` was initialized; one needs no sharding.

    Every host must hold the same samples and take the same steps, as the same seed makes it do.
    """

    def __init__(self) -> None:
        devices = jax.devices()
        self.count = len(devices)
        self._mesh = Mesh(np.array(devices), (AXIS,)) if self.count > 1 else None

    def divisible(self, samples: int) -> int:
        """So many samples that every device gets as many as each other, one at least."""
        return max(self.count, samples // self.count * self.count)

    def everywhere(self, array: Array) -> jax.Array:
        """The array on every device."""
        return jax.device_put(array, self._sharding())

    def compile(self, function: FunctionT) -> FunctionT:
        """See `jax.jit`; the results are on every device, and so on every host."""
        return jit_onto(function, self._sharding())

    def shared(self, array: Array) -> jax.Array | Array:
        """The array with its first axis dealt out; as it is where that cannot be dealt out."""
        if self._mesh is None or len(array) % self.count:
            return array
        return jax.device_put(array, self._sharding(AXIS))

    def by_sample(self, array: jax.Array) -> jax.Array:
        """While traced: let each device have its part of the samples."""
        if self._mesh is None:
            return array
        return jax.lax.with_sharding_constraint(array, self._sharding(AXIS))

    def _sharding(self, *axes: str) -> NamedSharding | None:
        return NamedSharding(self._mesh, PartitionSpec(*axes)) if self._mesh is not None else None
