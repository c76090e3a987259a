"""What cannot be imported: every node at fault, in one error."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...dialects.support.errors import CorelowerError


class NodeError(Exception):
    """A conversion's refusal of its node; the importer collects it as a `Problem`."""


class UnknownShapeError(Exception):
    """An operand comes from a node that is at fault itself: nothing can be said about this one."""


@dataclass(frozen=True)
class Problem:
    """A node that cannot be imported: its operator (`domain.Name`), its name, and why."""

    operator: str
    node: str
    reason: str


class ModelError(CorelowerError):
    """The nodes of a model that cannot be imported, all in one message."""

    def __init__(self, problems: Sequence[Problem], operators: Iterable[str], where: str | None):
        self.problems = tuple(problems)
        count = "1 node" if len(problems) == 1 else f"{len(problems)} nodes"
        text = f"cannot import {count}: {'; '.join(_grouped(problems))}"
        if any(problem.reason == NO_CONVERSION for problem in problems):
            text += f" (supported operators: {', '.join(sorted({'Constant', *operators}))})"
        super().__init__(text, where)


NO_CONVERSION = "unsupported operator"


def _grouped(problems: Sequence[Problem]) -> Iterable[str]:
    nodes: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        nodes.setdefault((problem.operator, problem.reason), []).append(f"'{problem.node}'")
    for (operator, reason), names in nodes.items():
        yield f"{operator} {', '.join(names)}: {reason}"
