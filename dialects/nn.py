"""
The `nn` dialect: a trained network as its author knows it.

A function describes one sample, so no value has a batch axis; images are channels first, as in
ONNX. What every operation means is in `targets/jax/nn.py`.

The operations are defined by subject in the modules `nn_*`, since one file of all would be too long
to read; this one is the dialect, and the only one that others import.
"""

from xdsl.ir import Attribute, Dialect, Operation

from .nn_base import (
    FEATURES,
    IntegerArray,
    NnOperation,
    Shape,
    Tensor,
    integers,
    shape_of,
)
from .nn_elementwise import (
    AddOp,
    BinaryFunction,
    BinaryFunctionAttr,
    BinaryOp,
    QuantizeOp,
    ReluOp,
    Rounding,
    RoundingAttr,
    ToRealOp,
    UnaryFunction,
    UnaryFunctionAttr,
    UnaryOp,
    code_range,
)
from .nn_linear import ConvOp, ConvTransposeOp, DenseOp, MatMulOp
from .nn_movement import (
    ConcatOp,
    GatherOp,
    PadMode,
    PadModeAttr,
    PadOp,
    ReshapeOp,
    SliceOp,
    TileOp,
    TransposeOp,
)
from .nn_normalization import BatchNormOp, LrnOp, NormalizeOp
from .nn_pooling import AveragePoolOp, LpPoolOp, MaxPoolOp, PoolOperation
from .nn_recurrent import Cell, CellAttr, GateFunction, GateFunctionAttr, RecurrentOp
from .nn_reduction import ArgMaxOp, LogSoftmaxOp, ReduceOp, Reduction, ReductionAttr, SoftmaxOp
from .trained import TrainedConstants

__all__ = [
    "FEATURES",
    "AddOp",
    "ArgMaxOp",
    "AveragePoolOp",
    "BatchNormOp",
    "BinaryFunction",
    "BinaryFunctionAttr",
    "BinaryOp",
    "Cell",
    "CellAttr",
    "ConcatOp",
    "ConvOp",
    "ConvTransposeOp",
    "DenseOp",
    "GateFunction",
    "GateFunctionAttr",
    "GatherOp",
    "IntegerArray",
    "LogSoftmaxOp",
    "LpPoolOp",
    "LrnOp",
    "MatMulOp",
    "MaxPoolOp",
    "Nn",
    "NnOperation",
    "NormalizeOp",
    "PadMode",
    "PadModeAttr",
    "PadOp",
    "PoolOperation",
    "QuantizeOp",
    "RecurrentOp",
    "ReduceOp",
    "Reduction",
    "ReductionAttr",
    "ReluOp",
    "ReshapeOp",
    "Rounding",
    "RoundingAttr",
    "Shape",
    "SliceOp",
    "SoftmaxOp",
    "Tensor",
    "TileOp",
    "ToRealOp",
    "TransposeOp",
    "UnaryFunction",
    "UnaryFunctionAttr",
    "UnaryOp",
    "code_range",
    "integers",
    "shape_of",
]

_OPERATIONS: list[type[Operation]] = [
    ConvOp,
    ConvTransposeOp,
    DenseOp,
    MatMulOp,
    BatchNormOp,
    NormalizeOp,
    LrnOp,
    ReluOp,
    AddOp,
    UnaryOp,
    BinaryOp,
    QuantizeOp,
    ToRealOp,
    MaxPoolOp,
    AveragePoolOp,
    LpPoolOp,
    ReshapeOp,
    TransposeOp,
    SliceOp,
    PadOp,
    ConcatOp,
    TileOp,
    GatherOp,
    ReduceOp,
    RecurrentOp,
    SoftmaxOp,
    LogSoftmaxOp,
    ArgMaxOp,
]

_ATTRIBUTES: list[type[Attribute]] = [
    UnaryFunctionAttr,
    BinaryFunctionAttr,
    RoundingAttr,
    PadModeAttr,
    ReductionAttr,
    CellAttr,
    GateFunctionAttr,
]

Nn = Dialect("nn", _OPERATIONS, _ATTRIBUTES, [TrainedConstants()])
