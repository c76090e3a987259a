"""Element-wise operations as a function from numbers to numbers."""

from collections.abc import Iterable

import jax
import numpy as np
import numpy.typing as npt
from xdsl.ir import Operation, SSAValue

from .evaluator import Parameters, Program, Values
from .typed import float32, jit
from .windows import materialize

FloatArray = npt.NDArray[np.float32]

CHUNK = 4096
"""Numbers at a time: one shape means one compilation."""


class ElementFunction:
    """
    What operations compute of each element of `argument`, in the evaluator's own arithmetic.

    `operations`, in order, hold all constants that they use. They need not be for so many
    elements, unless one of them names its shape.
    """

    def __init__(self, operations: Iterable[Operation], argument: SSAValue, result: SSAValue):
        program = Program(operations)
        self._parameters: Parameters = program.load_parameters()

        def compute(parameters: Parameters, numbers: jax.Array) -> jax.Array:
            values: Values = {argument: numbers}
            program.run(parameters, values)
            return materialize(values[result]).reshape(-1)

        self._compute = jit(compute)

    def __call__(self, numbers: npt.NDArray[np.floating]) -> FloatArray:
        """A number for each of a vector's, both float32."""
        filled = -(-len(numbers) // CHUNK) * CHUNK
        padded = np.pad(numbers.astype(np.float32), (0, filled - len(numbers)), mode="edge")
        parts = [
            np.asarray(self._compute(self._parameters, float32(chunk)))
            for chunk in padded.reshape(-1, CHUNK)
        ]
        return np.concatenate(parts)[: len(numbers)]
