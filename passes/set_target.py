"""Chooses the chip: puts its constraints on the module."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.arg_spec import ArgSpec

from ..dialects import core_op
from ..dialects.support.errors import CorelowerError
from ..dialects.support.location import parse_module
from ..dialects.support.target import FieldValue, Target, change_both
from ..targets.registry import find_targets
from .options import PassOption
from .pass_base import CorelowerPass


@dataclass(frozen=True)
class SetTargetPass(CorelowerPass):
    """
    Puts a chip's constraints on the module: those of a known chip, or those in a file.

    Every other option changes one field of the target; without `name` and `file` it is the target
    that the module has already. A file holds a module with the attribute `core_op.target`.

    A mixed network has two targets, of the same cores: with `alternate`, or of a file with the
    attribute `core_op.alternate_target`. Which layers are lowered to the second one,
    `core-op-assign-modes` says. Fields are changed where they belong: the window and the reset of
    neurons that spike, the bits of graded signals, gains of the first target, all else of both.
    """

    name = "set-target"

    chip: str | None = field(default=None, metadata={"help": "a chip that Corelower knows"})
    mode: str | None = field(
        default=None, metadata={"help": "one of the modes of a chip that has several"}
    )
    alternate: str | None = field(
        default=None, metadata={"help": "the mode of the layers that are not in that mode"}
    )
    file: str | None = field(
        default=None, metadata={"help": "a module whose `core_op.target` is the chip's"}
    )
    weight_bits: int | None = field(
        default=None, metadata={"help": "symmetric signed weights of so many bits"}
    )
    # From here on as the fields of `Target`, each by its name; a unit test compares the two.
    fan_in: int | None = field(default=None, metadata={"help": "rows of a core"})
    fan_out: int | None = field(default=None, metadata={"help": "columns of a core"})
    signal_bits: int | None = field(default=None, metadata={"help": "bits of a signal"})
    weights: tuple[int, ...] | None = field(
        default=None, metadata={"help": "least and largest weight"}
    )
    accumulator_bits: int | None = field(
        default=None, metadata={"help": "bits of the signed sum, 0 for an analog one"}
    )
    weight_values: int | None = field(
        default=None, metadata={"help": "different weights of a core, 0 for no limit"}
    )
    bias_rows: int | None = field(default=None, metadata={"help": "rows that carry the bias"})
    spare_bias_rows: bool | None = field(
        default=None, metadata={"help": "whether rows that are left free can carry it too"}
    )
    bias_bits: int | None = field(
        default=None, metadata={"help": "bits of a neuron's bias register, 0 for none"}
    )
    gain: str | None = field(default=None, metadata={"help": "what has a gain: core or neuron"})
    gain_values: str | None = field(
        default=None, metadata={"help": "free, power_of_two or reciprocal"}
    )
    rounding: str | None = field(default=None, metadata={"help": "nearest or floor"})
    functions: tuple[str, ...] | None = field(
        default=None, metadata={"help": "what a core applies to its sums: linear, relu"}
    )
    max_inputs: int | None = field(
        default=None, metadata={"help": "inputs of the core's own maximum, 0 for none"}
    )
    neuron: str | None = field(default=None, metadata={"help": "rate or lif"})
    window: int | None = field(
        default=None, metadata={"help": "ticks in which a neuron's spikes are counted"}
    )
    reset: str | None = field(
        default=None, metadata={"help": "what a spike does to the potential: zero or subtract"}
    )
    firing: str | None = field(
        default=None, metadata={"help": "when a neuron fires: at any tick, or window after window"}
    )
    threshold_bits: int | None = field(
        default=None, metadata={"help": "bits of a neuron's threshold register, 0 for no limit"}
    )
    shares_positions: bool | None = field(
        default=None, metadata={"help": "whether positions take turns on one core"}
    )
    neuron_fan_out: int | None = field(
        default=None, metadata={"help": "cores that a neuron may feed, 0 for no limit"}
    )
    synapse_bits: int | None = field(
        default=None, metadata={"help": "bits of a core's weight memory, 0 for no limit"}
    )
    cores: int | None = field(default=None, metadata={"help": "cores at hand, 0 for no limit"})

    def __post_init__(self) -> None:
        if self.chip is not None and self.file is not None:
            raise ValueError("name and file are two targets; give one of them")
        if self.mode is not None and self.chip is None:
            raise ValueError("mode is that of a chip; give its name")
        if self.alternate is not None and self.chip is None:
            raise ValueError("alternate is a mode of a chip; give its name")
        if self.weight_bits is not None and self.weights is not None:
            raise ValueError("weights and weight-bits say the same thing; give one of them")
        if self.weight_bits is not None and not 2 <= self.weight_bits <= 16:
            raise ValueError(f"weight-bits is 2 to 16, not {self.weight_bits}")

    @classmethod
    def from_spec(cls, spec: ArgSpec) -> Self:
        """As of any pass; the option `name` is the field `chip`, since a pass has a name itself."""
        given = {("chip" if key == "name" else key): v for key, v in spec.parameters.items()}
        return super().from_spec(ArgSpec(spec.name, given))

    @classmethod
    def options(cls) -> tuple[PassOption, ...]:
        """Every option, `chip` under the name that a user writes."""
        options = super().options()
        return tuple(o._replace(name="name") if o.name == "chip" else o for o in options)

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        changes = self._changes()
        if self.chip is not None:
            core_op.set_target(op, *find_targets(self.chip, self.mode, self.alternate, changes))
            return
        targets = core_op.targets_of(op) if self.file is None else read_targets(ctx, self.file)
        if not targets:
            raise CorelowerError("set-target: the module has no target yet; give name or file")
        if len(targets) > 1:
            core_op.set_target(op, *change_both(targets[0], targets[1], changes))
            return
        core_op.set_target(op, targets[0].with_fields(changes) if changes else targets[0])

    def _changes(self) -> dict[str, FieldValue]:
        names = [field.name for field in fields(Target) if field.name != "name"]
        changes = {name: v for name in names if (v := getattr(self, name)) is not None}
        if self.weight_bits is not None:
            largest = (1 << (self.weight_bits - 1)) - 1
            changes["weights"] = (-largest, largest)
        return changes


def read_targets(ctx: Context, path: str) -> Sequence[Target]:
    """The target on the module in a text file, and any alternate. Raises `CorelowerError`."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise CorelowerError(f"cannot read the target: {error.strerror}", path) from error
    except UnicodeDecodeError as error:
        raise CorelowerError(f"not a text in UTF-8 (byte {error.start})", path) from None
    targets = core_op.targets_of(parse_module(ctx, text, path))
    if not targets:
        raise CorelowerError(
            f"the module has no attribute {core_op.TARGET_ATTRIBUTE}; write "
            f"`module attributes {{{core_op.TARGET_ATTRIBUTE} = #core_op.target<...>}} {{}}`",
            path,
        )
    return targets
