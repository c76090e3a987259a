"""A node of the graph, its attributes read with their types checked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from onnx import AttributeProto, NodeProto, TensorProto

from .problems import NodeError


@dataclass(frozen=True, eq=False)
class Node:
    """
    An ONNX node under the version of its operator set.

    `name` is never empty: a node without one is called after its first output.
    """

    proto: NodeProto
    name: str
    domain: str
    version: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, AttributeProto] = field(repr=False)

    @classmethod
    def of(cls, proto: NodeProto, index: int, versions: dict[str, int]) -> "Node":
        """The node at `index` of its graph; `versions` are the operator sets by domain."""
        domain = normal_domain(proto.domain)
        outputs = tuple(proto.output)
        name = proto.name or next(filter(None, outputs), f"{proto.op_type}_{index}")
        attributes = {attribute.name: attribute for attribute in proto.attribute}
        version = versions.get(domain, 0)
        return cls(proto, name, domain, version, tuple(proto.input), outputs, attributes)

    @property
    def operator(self) -> str:
        """The operator's name, with the domain in front where it is not ONNX's own."""
        return f"{self.domain}.{self.proto.op_type}" if self.domain else self.proto.op_type

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        attribute = self._attribute(name, AttributeProto.INT)
        return default if attribute is None else attribute.i

    def integers(self, name: str) -> tuple[int, ...] | None:
        """An attribute that is a list of integers, or `None` where it is absent."""
        attribute = self._attribute(name, AttributeProto.INTS)
        return None if attribute is None else tuple(attribute.ints)

    def real(self, name: str, default: float) -> float:
        """A number."""
        attribute = self._attribute(name, AttributeProto.FLOAT)
        return default if attribute is None else attribute.f

    def reals(self, name: str) -> Sequence[float]:
        """A list of numbers, empty where it is absent."""
        attribute = self._attribute(name, AttributeProto.FLOATS)
        return () if attribute is None else tuple(attribute.floats)

    def text(self, name: str, default: str) -> str:
        """A string attribute."""
        attribute = self._attribute(name, AttributeProto.STRING)
        return default if attribute is None else attribute.s.decode(errors="replace")

    def tensor(self, name: str) -> TensorProto | None:
        """A tensor attribute."""
        attribute = self._attribute(name, AttributeProto.TENSOR)
        return None if attribute is None else attribute.t

    def _attribute(self, name: str, kind: AttributeProto.AttributeType) -> AttributeProto | None:
        attribute = self.attributes.get(name)
        # Models of IR versions before 3 may leave the type out.
        if attribute is not None and attribute.type not in (kind, AttributeProto.UNDEFINED):
            actual = AttributeProto.AttributeType.Name(attribute.type)
            raise NodeError(f"attribute '{name}' is of type {actual}")
        return attribute


def normal_domain(domain: str) -> str:
    """ONNX's own domain has two spellings."""
    return "" if domain == "ai.onnx" else domain
