"""
The `tianji` dialect: TianJi's cores as they are loaded, graded or spiking, and what the host reads.

No wiring is left here: every axon of every core says which signal it listens to. What every
operation means is in `targets/jax/tianji.py`; why it is as it is, in `docs/rationale_tianji.md`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from math import prod
from typing import cast

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    IntAttr,
    ModuleOp,
    TensorType,
    i8,
    i32,
)
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, Dialect, Operation, ParametrizedAttribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.pattern_rewriter import RewritePattern
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .core_op import CodeType, CoreOperation, code_of, element_of, target_for, target_of
from .nn import Shape, shape_of
from .support.target import Target
from .support.weight_values import too_many_values
from .trained import TrainedConstants, constant_of

Integers = npt.NDArray[np.int32]

NOTHING = -1
"""The index of an axon that listens to nothing."""

LARGEST_CUT = 23
"""The lowest bit of a result in the 24-bit sum."""

MESH_ATTRIBUTE = "tianji.mesh"
"""The module's attribute that holds the mesh."""


@irdl_attr_definition
class MeshAttr(ParametrizedAttribute):
    """
    The chips that a module is mapped onto: a grid of `columns` x `rows`; `tianji-map` sets it.

    ```mlir
    #tianji.mesh<4 x 3, cores 6>
    ```

    Core `c` is on chip `c / cores`, chips are numbered along the rows.
    """

    name = "tianji.mesh"

    columns: IntAttr
    rows: IntAttr
    cores: IntAttr

    def __init__(self, columns: int, rows: int, cores: int):
        super().__init__(IntAttr(columns), IntAttr(rows), IntAttr(cores))

    @property
    def size(self) -> int:
        """All cores."""
        return self.columns.data * self.rows.data * self.cores.data

    def verify(self) -> None:
        for what in (self.columns, self.rows, self.cores):
            if what.data < 1:
                raise VerifyException(f"a mesh has 1 or more of each, not {what.data}")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            columns = parser.parse_integer(allow_boolean=False)
            parser.parse_keyword("x")
            rows = parser.parse_integer(allow_boolean=False)
            parser.parse_punctuation(",")
            parser.parse_keyword("cores")
            cores = parser.parse_integer(allow_boolean=False)
        return MeshAttr(columns, rows, cores).parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.columns.data} x {self.rows.data}, cores {self.cores.data}")


@irdl_attr_definition
class PlacementAttr(ParametrizedAttribute):
    """
    Where and when a layer works; `tianji-map` sets it.

    ```mlir
    #tianji.placement<phase 2, cores [12, 13, 7]>
    ```

    Group `g` is on core `cores[g]` of the mesh. The layer takes in signals during `phase`: those
    of a phase are sent to the next one, and wait in the axon where their reader's comes later.
    """

    name = "tianji.placement"

    phase: IntAttr
    cores: ArrayAttr[IntAttr]

    def __init__(self, phase: int, cores: Sequence[int]):
        super().__init__(IntAttr(phase), ArrayAttr([IntAttr(core) for core in cores]))

    @property
    def places(self) -> tuple[int, ...]:
        """The core of each group."""
        return tuple(core.data for core in self.cores)

    def verify(self) -> None:
        if self.phase.data < 0:
            raise VerifyException(f"phases are numbered from 0, not {self.phase.data}")
        places = self.places
        if min(places, default=0) < 0:
            raise VerifyException(f"cores are numbered from 0, not {min(places)}")
        if len(set(places)) != len(places):
            raise VerifyException("two groups on one core")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            parser.parse_keyword("phase")
            phase = parser.parse_integer(allow_boolean=False)
            parser.parse_punctuation(",")
            parser.parse_keyword("cores")
            cores = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: parser.parse_integer(allow_boolean=False)
            )
        return PlacementAttr(phase, cores).parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            cores = ", ".join(map(str, self.places))
            printer.print_string(f"phase {self.phase.data}, cores [{cores}]")


class ListeningOperation(CoreOperation, ABC):
    """
    An operation that listens to signals: the elements of its sources, one source after the other.

    An index is an element's place among them, in row-major order; -1 is no signal.
    """

    sources = var_operand_def(base(TensorType[Attribute]))

    @property
    @abstractmethod
    def listens(self) -> SSAValue:
        """The indices."""

    @property
    def signals(self) -> int:
        """How many there are to listen to."""
        return sum(prod(shape_of(source)) for source in self.sources)

    @property
    def source_code(self) -> CodeType:
        """The code of every signal."""
        code = code_of(self.sources[0])
        assert code is not None
        return code

    def source_offsets(self) -> Iterator[tuple[SSAValue, int]]:
        """Every source and the index of its first signal."""
        offset = 0
        for source in self.sources:
            yield source, offset
            offset += prod(shape_of(source))

    def verify_sources(self) -> None:
        """Raise `VerifyException` where the sources or the indices do not fit."""
        if not self.sources:
            raise VerifyException("no signals to listen to")
        for source in self.sources:
            _verify_plain_code(source, "a source")
            if (other := element_of(source)) != (first := element_of(self.sources[0])):
                raise VerifyException(f"sources with different codes, {first} and {other}")
        if element_of(self.listens) != i32:
            raise VerifyException(f"indices must be i32, not {element_of(self.listens)}")
        indices = known(self.listens)
        if indices is None or not indices.size:
            return
        for index in (int(indices.min()), int(indices.max())):
            if not NOTHING <= index < self.signals:
                raise VerifyException(
                    f"index {index}, the sources have {self.signals} signals (-1 is none)"
                )


@irdl_op_definition
class CoresOp(ListeningOperation, HasCanonicalizationPatternsInterface):
    """
    A layer's cores, one a group: axons that listen, synapses, and neurons.

    Graded: a neuron cuts its result out of the 24-bit sum, `2^bits - 1` at most, from bit `cut`
    of its core on: `clamp(floor((sum_m x[m] * w[m, n] + bias[n]) / 2^cut), 0, 2^bits - 1)`.

    ```mlir
    // 3 cores of 25 axons and 6 neurons
    %y = tianji.cores %image axons %a synapses %w bias %b cut %c
      : (tensor<28x28x!in>, tensor<3x25xi32>, tensor<3x25x6xi8>, tensor<3x6xi32>, tensor<3xi32>)
        -> tensor<3x6x!out>
    ```

    Spiking, where the result's code has ticks: in every tick a neuron's potential, `initial` at the
    start of a window, grows by the synapses of the axons that spike and by its `bias`, the leak;
    where it reaches the `threshold`, a core's or a neuron's, the neuron spikes.

    ```mlir
    %y = tianji.cores %image axons %a synapses %w bias %b threshold %t initial %v : ...
    ```
    """

    name = "tianji.cores"

    sources = var_operand_def(base(TensorType[Attribute]))
    axons = operand_def(base(TensorType[Attribute]))
    synapses = operand_def(base(TensorType[Attribute]))
    bias = opt_operand_def(base(TensorType[Attribute]))
    cut = opt_operand_def(base(TensorType[Attribute]))
    threshold = opt_operand_def(base(TensorType[Attribute]))
    initial = opt_operand_def(base(TensorType[Attribute]))
    placement = opt_prop_def(PlacementAttr)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())

    def __init__(
        self,
        sources: Sequence[SSAValue],
        axons: SSAValue,
        synapses: SSAValue,
        code: CodeType,
        *,
        bias: SSAValue | None = None,
        cut: SSAValue | None = None,
        threshold: SSAValue | None = None,
        initial: SSAValue | None = None,
        placement: PlacementAttr | None = None,
    ):
        groups, _, neurons = shape_of(synapses)
        optional = [
            [value] if value is not None else [] for value in (bias, cut, threshold, initial)
        ]
        super().__init__(
            operands=[sources, axons, synapses, *optional],
            properties={"placement": placement},
            result_types=[TensorType(code, (groups, neurons))],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "CoresOp":
        start = parser.pos
        operands = parser.parse_comma_separated_list(
            parser.Delimiter.NONE, parser.parse_unresolved_operand
        )
        segments = [len(operands)]
        for keyword, needed in _KEYWORDS.items():
            if needed:
                parser.parse_keyword(keyword)
            elif parser.parse_optional_keyword(keyword) is None:
                segments.append(0)
                continue
            operands.append(parser.parse_unresolved_operand())
            segments.append(1)
        properties: dict[str, Attribute] = {
            "operandSegmentSizes": DenseArrayBase.from_list(i32, segments)
        }
        if parser.parse_optional_keyword("placement") is not None:
            properties["placement"] = PlacementAttr.new(PlacementAttr.parse_parameters(parser))
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        signature = parser.parse_function_type()
        return cls.create(
            operands=parser.resolve_operands(operands, signature.inputs.data, start),
            result_types=signature.outputs.data,
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_list(self.sources, printer.print_operand)
        values = (self.axons, self.synapses, self.bias, self.cut, self.threshold, self.initial)
        for keyword, operand in zip(_KEYWORDS, values, strict=True):
            if operand is not None:
                printer.print_string(f" {keyword} ")
                printer.print_operand(operand)
        if self.placement is not None:
            printer.print_string(" placement ")
            self.placement.print_parameters(printer)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)

    def rebuilt(
        self,
        *,
        sources: Sequence[SSAValue] | None = None,
        axons: SSAValue | None = None,
        has_bias: bool = True,
        has_initial: bool = True,
        placement: PlacementAttr | None = None,
    ) -> "CoresOp":
        """The same cores with some parts changed or left out."""
        op = CoresOp(
            sources if sources is not None else self.sources,
            axons if axons is not None else self.axons,
            self.synapses,
            self.code,
            bias=self.bias if has_bias else None,
            cut=self.cut,
            threshold=self.threshold,
            initial=self.initial if has_initial else None,
            placement=placement if placement is not None else self.placement,
        )
        op.attributes.update(self.attributes)
        return op

    @property
    def listens(self) -> SSAValue:
        return self.axons

    @property
    def groups(self) -> int:
        """Groups: cores."""
        return shape_of(self.synapses)[0]

    @property
    def axon_count(self) -> int:
        """Axons a core."""
        return shape_of(self.synapses)[1]

    @property
    def neurons(self) -> int:
        """Neurons a core."""
        return shape_of(self.synapses)[2]

    @property
    def is_spiking(self) -> bool:
        """Whether the neurons spike, rather than cut out a graded result."""
        return self.cut is None

    @property
    def code(self) -> CodeType:
        """The code of the results."""
        code = code_of(self.result)
        assert code is not None
        return code

    def infer_shape(self) -> Shape:
        synapses = shape_of(self.synapses)
        if len(synapses) != 3:
            raise VerifyException(f"synapses are cores x axons x neurons, not {list(synapses)}")
        groups, axons, neurons = synapses
        core, neuron = (groups,), (groups, neurons)
        for value, what, shapes in (
            (self.axons, "axons", ((groups, axons),)),
            (self.bias, "bias", (neuron,)),
            (self.cut, "cut", (core,)),
            (self.threshold, "threshold", (core, neuron)),
            (self.initial, "initial", (neuron,)),
        ):
            if value is not None and (shape := shape_of(value)) not in shapes:
                wanted = " or ".join(str(list(one)) for one in shapes)
                raise VerifyException(f"{what} has shape {list(shape)}, not {wanted}")
        return neuron

    def verify_elements(self) -> None:
        self.verify_sources()
        _verify_plain_code(self.result, "the result")
        if element_of(self.synapses) != i8:
            raise VerifyException(f"synapses must be i8, not {element_of(self.synapses)}")
        registers = (self.bias, self.cut, self.threshold, self.initial)
        for keyword, value in zip(tuple(_KEYWORDS)[2:], registers, strict=True):
            if value is not None and element_of(value) != i32:
                raise VerifyException(f"{keyword} must be i32, not {element_of(value)}")
        self._verify_neurons()
        if (target := target_of(self)) is not None:
            self._verify_target(target)

    def _verify_neurons(self) -> None:
        if (self.cut is None) == (self.threshold is None):
            raise VerifyException("neurons either cut their sums or have a threshold")
        if self.cut is not None and self.initial is not None:
            raise VerifyException("an initial potential belongs to spiking neurons")
        cut, threshold = known(self.cut), known(self.threshold)
        if cut is not None and cut.size and not 0 <= cut.min() <= cut.max() <= LARGEST_CUT:
            raise VerifyException(f"a cut is 0 to {LARGEST_CUT}")
        if threshold is not None and threshold.size and threshold.min() < 1:
            raise VerifyException(f"a threshold is 1 or more, not {threshold.min()}")

    def _verify_target(self, target: Target) -> None:
        if self.axon_count > target.fan_in:
            raise VerifyException(f"{self.axon_count} axons exceed the core's {target.fan_in}")
        if self.neurons > target.fan_out:
            raise VerifyException(f"{self.neurons} neurons exceed the core's {target.fan_out}")
        for code, what in ((self.source_code, "a source"), (self.code, "the result")):
            bits = (target_for(self, code) or target).signal_bits
            if code.bits.data > bits:
                raise VerifyException(
                    f"{what} has {code.bits.data} bits, the core's signals {bits}"
                )
        synapses = known(self.synapses)
        if synapses is not None and (wrong := too_many_values(synapses, target.weight_values)):
            raise VerifyException(wrong)
        _verify_register(self.bias, "bias", target.bias_bits)
        _verify_register(self.initial, "initial potential", target.accumulator_bits)
        if target.ramps and self.is_spiking:
            self._verify_ramp()
        self._verify_placement(target)

    def _verify_ramp(self) -> None:
        """Where neurons return to zero behind a window, their numbers are exact by their leak."""
        bias, threshold = known(self.bias), known(self.threshold)
        if threshold is None or (bias is None and self.bias is not None):
            return
        threshold = threshold if threshold.ndim == 2 else threshold[:, None]
        if bias is None or not (bias == threshold).all():
            raise VerifyException(
                "a neuron that fires behind its window and returns to zero has its threshold as "
                "its leak; here they differ"
            )

    def _verify_placement(self, target: Target) -> None:
        if self.placement is None:
            return
        places = self.placement.places
        if len(places) != self.groups:
            raise VerifyException(f"{self.groups} groups on {len(places)} cores")
        mesh = mesh_of(self)
        cores = mesh.size if mesh is not None else target.cores
        if cores and max(places, default=0) >= cores:
            raise VerifyException(f"it is placed on core {max(places)}, there are {cores} cores")

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import tianji

        return (
            tianji.SilenceUselessAxons(),
            tianji.DropEmptyRegisters(),
            tianji.DropUnusedSources(),
        )


@irdl_op_definition
class ReadOp(ListeningOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    What the host takes from the chip: signals in any order; an index of -1 is the zero point.

    ```mlir
    %y = tianji.read %cores index %i : (tensor<2x8x!code>, tensor<10xi32>) -> tensor<10x!code>
    ```
    """

    name = "tianji.read"

    sources = var_operand_def(base(TensorType[Attribute]))
    index = operand_def(base(TensorType[Attribute]))

    traits = traits_def(Pure())

    assembly_format = "$sources `index` $index attr-dict `:` functional-type(operands, results)"

    def __init__(self, sources: Sequence[SSAValue], index: SSAValue):
        super().__init__(
            operands=[sources, index],
            result_types=[TensorType(element_of(sources[0]), shape_of(index))],
        )

    @property
    def listens(self) -> SSAValue:
        return self.index

    def infer_shape(self) -> Shape:
        return shape_of(self.index)

    def verify_elements(self) -> None:
        self.verify_sources()
        if (source := element_of(self.sources[0])) != (result := element_of(self.result)):
            raise VerifyException(f"{source} in, {result} out: the elements must be the same")

    def fold(self) -> tuple[SSAValue] | None:
        if len(self.sources) != 1 or self.sources[0].type != self.result.type:
            return None
        indices = known(self.index)
        if indices is None or not np.array_equal(indices.ravel(), np.arange(indices.size)):
            return None
        return (self.sources[0],)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import tianji

        return (tianji.DropUnusedSources(),)


_KEYWORDS = {
    "axons": True,
    "synapses": True,
    "bias": False,
    "cut": False,
    "threshold": False,
    "initial": False,
}
"""Of the operands of `tianji.cores` behind the sources, in order, and whether each is needed."""


def known(value: SSAValue | None) -> Integers | None:
    """A constant's integers; `None` where there is none, or its weights file is not given."""
    data = constant_of(value) if value is not None else None
    if data is None or not data.is_resolved:
        return None
    # They may be narrower, which makes no difference to those who look at them.
    return cast(Integers, data.array)


def mesh_of(op: Operation) -> MeshAttr | None:
    """The mesh that the module around `op` is mapped onto."""
    module = op
    while (parent := module.parent_op()) is not None:
        module = parent
    attribute = module.attributes.get(MESH_ATTRIBUTE)
    return attribute if isinstance(attribute, MeshAttr) else None


def set_mesh(module: ModuleOp, mesh: MeshAttr) -> None:
    """Note what `module` is mapped onto."""
    module.attributes[MESH_ATTRIBUTE] = mesh


def _verify_register(value: SSAValue | None, what: str, bits: int) -> None:
    numbers = known(value)
    if numbers is None or not numbers.size or not bits:
        return
    least, largest = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    for number in (int(numbers.min()), int(numbers.max())):
        if not least <= number <= largest:
            raise VerifyException(f"{what} {number} is outside [{least}, {largest}]")


def _verify_plain_code(value: SSAValue, what: str) -> None:
    code = code_of(value)
    if code is None:
        raise VerifyException(f"{what} must be codes, not {element_of(value)}")
    if code.units.data != 1:
        raise VerifyException(f"{what} must be codes of one unit each, not {element_of(value)}")


Tianji = Dialect("tianji", [CoresOp, ReadOp], [MeshAttr, PlacementAttr], [TrainedConstants()])
