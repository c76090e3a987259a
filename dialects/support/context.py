"""xDSL's context, plus what a run of Corelower carries along."""

from collections.abc import Callable
from dataclasses import dataclass, field

from xdsl.context import Context

from .samples import Samples
from .tensor_data import TensorStore


@dataclass
class CorelowerContext(Context):
    """Registered dialects, the trained tensors at hand, the remarks that passes made, the data."""

    tensors: TensorStore = field(default_factory=TensorStore)
    remarks: list[str] = field(default_factory=list[str])
    calibration: Samples | None = None
    """Samples for the passes that look at data and were given no file."""
    progress: Callable[[str, int, int], None] | None = None
    """Told how far a long pass is: its name, steps done, steps in all."""

    def clone(self) -> "CorelowerContext":
        """A copy with its own registrations; tensors and remarks are shared."""
        return CorelowerContext(
            self.allow_unregistered,
            self._loaded_dialects.copy(),
            self._loaded_ops.copy(),
            self._loaded_attrs.copy(),
            self._loaded_types.copy(),
            self._registered_dialects.copy(),
            self.tensors,
            self.remarks,
            self.calibration,
            self.progress,
        )
