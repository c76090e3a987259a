"""
The `core_op` dialect: a network as dot products within the constraints of a chip's core.

One operation computes, `core_op.vmm`; the rest is wiring, which moves values and computes nothing.
Values are real (`f32`) or codes (`!core_op.code`). Images are channels last. What every operation
means is in `targets/jax/core_op.py`; why it is as it is, in `docs/rationale_core_op.md`.

The operations are defined by subject in the modules `core_op_*`; this one is the dialect, and the
only one that others import.
"""

from xdsl.ir import Dialect

from .core_op_base import CoreOperation
from .core_op_border import DecodeOp, EncodeOp
from .core_op_code import (
    LARGEST_NUMBER,
    LARGEST_UNITS,
    CodeType,
    code_of,
    element_of,
    ticks_of,
    units_of,
)
from .core_op_product import Activation, ActivationAttr, MaxOp, VmmOp
from .core_op_targets import (
    ALTERNATE_ATTRIBUTE,
    GRADED,
    MODE_ATTRIBUTE,
    SPIKING,
    TARGET_ATTRIBUTE,
    TargetAttr,
    set_target,
    spiking_target_of,
    target_for,
    target_of,
    targets_of,
    times_taken,
)
from .core_op_wiring import (
    ConcatOp,
    GatherOp,
    PadOp,
    PermuteOp,
    RepeatOp,
    ReshapeOp,
    SliceOp,
    WindowOp,
    WiringOperation,
)
from .trained import TrainedConstants

__all__ = [
    "ALTERNATE_ATTRIBUTE",
    "GRADED",
    "LARGEST_NUMBER",
    "LARGEST_UNITS",
    "MODE_ATTRIBUTE",
    "SPIKING",
    "TARGET_ATTRIBUTE",
    "Activation",
    "ActivationAttr",
    "CodeType",
    "ConcatOp",
    "CoreOp",
    "CoreOperation",
    "DecodeOp",
    "EncodeOp",
    "GatherOp",
    "MaxOp",
    "PadOp",
    "PermuteOp",
    "RepeatOp",
    "ReshapeOp",
    "SliceOp",
    "TargetAttr",
    "VmmOp",
    "WindowOp",
    "WiringOperation",
    "code_of",
    "element_of",
    "set_target",
    "spiking_target_of",
    "target_for",
    "target_of",
    "targets_of",
    "ticks_of",
    "times_taken",
    "units_of",
]

CoreOp = Dialect(
    "core_op",
    [
        EncodeOp,
        DecodeOp,
        VmmOp,
        MaxOp,
        WindowOp,
        PadOp,
        SliceOp,
        ConcatOp,
        PermuteOp,
        ReshapeOp,
        RepeatOp,
        GatherOp,
    ],
    [CodeType, TargetAttr, ActivationAttr],
    [TrainedConstants()],
)
