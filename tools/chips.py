"""What the tools need of each chip, by its name: its pipeline, its image and its simulator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import ModuleOp

from ..dialects.support.errors import CorelowerError

Array = npt.NDArray[np.generic]
Progress = Callable[[int, int], None]


class ChipSimulator(Protocol):
    """A chip with an image loaded."""

    def run(self, *inputs: Array, progress: Progress | None = None) -> tuple[Array, ...]:
        """The network's outputs on a batch."""
        ...

    def chip_outputs(self, *inputs: Array, progress: Progress | None = None) -> tuple[Array, ...]:
        """The codes that leave the chip on a batch."""
        ...


@dataclass(frozen=True)
class MappingFigures:
    """What a mapped network takes; every name is a key of the report."""

    cores: int
    weight_cores: int
    utilisation: float
    details: dict[str, float | int | str]


@dataclass(frozen=True)
class ChipTools:
    """One chip's part of the compiler driver."""

    pipeline: str
    """From coded `core_op` to the mapped chip."""
    image_name: str
    largest_number: int
    """The largest number of a signal that an image holds."""
    write_image: Callable[[ModuleOp, Path], None]
    load: Callable[[Path], ChipSimulator]
    figures: Callable[[ModuleOp], MappingFigures]


def find_chip(name: str) -> ChipTools:
    """The tools of the chip `name`. Raises `CorelowerError` where it has no image or simulator."""
    if name not in _CHIPS:
        raise CorelowerError(
            f"no target '{name}' to compile to (targets: {', '.join(_CHIPS)}); "
            "nn-opt lowers to the constraints of any chip described in a file"
        )
    return _CHIPS[name]()


def chip_names() -> Sequence[str]:
    """The chips that can be compiled to, down to an image."""
    return tuple(_CHIPS)


def _prime() -> ChipTools:
    from dataclasses import asdict

    from ..passes.prime_map import mapping_summary
    from ..targets.prime.image import read_image
    from ..targets.prime.image_writer import LARGEST_BITS, write_image
    from ..targets.prime.simulator import Simulator

    def figures(module: ModuleOp) -> MappingFigures:
        summary = mapping_summary(module)
        return MappingFigures(
            summary.cores, summary.weight_cores, summary.utilisation, asdict(summary)
        )

    return ChipTools(
        pipeline="core-op-to-prime",
        image_name="network.prime",
        largest_number=(1 << LARGEST_BITS) - 1,
        write_image=lambda module, path: write_image(module, path),
        load=lambda path: Simulator(read_image(path)),
        figures=figures,
    )


def _tianji() -> ChipTools:
    from dataclasses import asdict

    from ..passes.tianji_summary import mapping_summary
    from ..targets.tianji.image_writer import write_image
    from ..targets.tianji.steps import LARGEST_NUMBER

    def figures(module: ModuleOp) -> MappingFigures:
        summary = mapping_summary(module)
        return MappingFigures(
            summary.cores, summary.weight_cores, summary.utilisation, asdict(summary)
        )

    def load(path: Path) -> ChipSimulator:
        # Its simulator computes with JAX, which is loaded when it is used.
        from ..targets.tianji.image import read_image
        from ..targets.tianji.simulator import Simulator

        return Simulator(read_image(path))

    return ChipTools(
        pipeline="core-op-to-tianji",
        image_name="network.tianji",
        largest_number=LARGEST_NUMBER,
        write_image=lambda module, path: write_image(module, path),
        load=load,
        figures=figures,
    )


_CHIPS: dict[str, Callable[[], ChipTools]] = {"prime": _prime, "tianji": _tianji}
