"""How to compile a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..dialects.core_op import LARGEST_UNITS
from ..dialects.support.errors import CorelowerError
from ..dialects.support.target import FieldValue
from ..passes.weight_units import MOST_UNITS


@dataclass(frozen=True)
class CompileOptions:
    """See `compiler.compile_model`. Raises `CorelowerError` where an option is not one."""

    target: str = "prime"
    overrides: Mapping[str, FieldValue] = field(default_factory=dict[str, FieldValue])
    tune: bool = True
    seed: int = 0
    samples: int = 1024
    max_pool: str = "auto"
    output: str = "decisions"
    error: float = 0.001
    verify_all: bool = False
    units: int | str = 1
    attribution: bool = False
    mode: str | None = None
    coding: str = "auto"
    graded_layers: tuple[str, ...] = ()
    spiking_layers: tuple[str, ...] = ()
    steps: int | None = None
    simulate: int | None = None
    weight_units: int | str = "auto"

    def __post_init__(self) -> None:
        units, rows = self.units, self.weight_units
        if isinstance(units, int) and not 1 <= units <= LARGEST_UNITS:
            raise CorelowerError(f"units must be 1 to {LARGEST_UNITS}, or auto, not {units}")
        if isinstance(rows, int) and not 1 <= rows <= MOST_UNITS:
            raise CorelowerError(f"weight-units must be 1 to {MOST_UNITS}, or auto, not {rows}")
        if self.steps is not None and self.steps < 1:
            raise CorelowerError(f"steps must be 1 or more, not {self.steps}")
        if self.simulate is not None and self.simulate < 1:
            raise CorelowerError(f"simulate must be 1 or more, not {self.simulate}")

    @property
    def is_mixed(self) -> bool:
        """Whether some layers are to be of another mode than the others."""
        return bool(self.graded_layers or self.spiking_layers)
