"""Data-parallel work: samples are dealt out to the devices that JAX has, parameters are on each."""

import jax
import numpy as np
import numpy.typing as npt
from jax.sharding import NamedSharding, PartitionSpec

from .typed import FunctionT, constrain, jit_onto, mesh_of_all_devices, place

Array = npt.NDArray[np.generic]

AXIS = "samples"


class Devices:
    """
    All devices, of all hosts where `jax.distributed` was initialized; one needs no sharding.

    Every host must hold the same samples and take the same steps, as the same seed makes it do.
    """

    def __init__(self) -> None:
        self._mesh = mesh_of_all_devices(AXIS)
        self.count = self._mesh.size if self._mesh is not None else 1

    def divisible(self, samples: int) -> int:
        """So many samples that every device gets as many as each other, one at least."""
        return max(self.count, samples // self.count * self.count)

    def everywhere(self, array: Array) -> jax.Array:
        """The array on every device."""
        return place(array, self._sharding())

    def compile(self, function: FunctionT) -> FunctionT:
        """See `jax.jit`; the results are on every device, and so on every host."""
        return jit_onto(function, self._sharding())

    def shared(self, array: Array) -> jax.Array | Array:
        """The array with its first axis dealt out; as it is where that cannot be dealt out."""
        if self._mesh is None or len(array) % self.count:
            return array
        return place(array, self._sharding(AXIS))

    def by_sample(self, array: jax.Array) -> jax.Array:
        """While traced: let each device have its part of the samples."""
        sharding = self._sharding(AXIS)
        return array if sharding is None else constrain(array, sharding)

    def _sharding(self, *axes: str) -> NamedSharding | None:
        return NamedSharding(self._mesh, PartitionSpec(*axes)) if self._mesh is not None else None
