"""Settings of a coded network's switches: which cause of error is at work where."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xdsl.ir import Operation

from ..targets.attribution import CLIPPING, PARTIAL_SUMS, SIGNAL, WEIGHTS

if TYPE_CHECKING:
    from ..targets.jax.attribution import Case
    from ..targets.jax.network_parts import Part


@dataclass(frozen=True)
class CaseMaker:
    """
    Makes cases for a network cut into `parts`.

    `places` says which entry of the switches is whose. The codes of `on_grid` parts are the golden
    network's own: they stay as they are. What `exact` parts construct is right for every code, and
    for no other number, so they count as the function itself where they get or give others.
    """

    parts: tuple["Part", ...]
    places: Mapping[Operation, int]
    on_grid: Set[int] = frozenset()
    exact: Set[int] = frozenset()

    def chip(self) -> "Case":
        """Everything as on the chip."""
        from ..targets.jax.attribution import Case

        return Case.chip(len(self.places), len(self.parts))

    def golden(self, causes: Iterable[str] = ()) -> "Case":
        """The golden network, with some causes at work everywhere."""
        from ..targets.jax.attribution import Case

        case = Case.golden(len(self.places), len(self.parts))
        for cause in (SIGNAL, CLIPPING):
            case = self._switched(case, cause, self.on_grid, on=True)
        for cause in causes:
            case = self._switched(case, cause, range(len(self.parts)), on=True)
        return self._finished(case)

    def local(self, causes: Iterable[str]) -> "Case":
        """Some causes alone, and each part fed with golden values, so that nothing is inherited."""
        return self._finished(replace(self.golden(causes), fed=True))

    def without(self, cause: str, parts: Iterable[int]) -> "Case":
        """The chip without a cause in some parts."""
        if cause in (SIGNAL, CLIPPING):
            parts = [number for number in parts if number not in self.on_grid]
        return self._finished(self._switched(self.chip(), cause, parts, on=False))

    def finer_codes(self, entries: Iterable[int]) -> "Case":
        """The chip with twice the levels, over the same span, in the codes of some operations."""
        levels = self.chip().levels.copy()
        levels[list(entries)] = 2
        return self._finished(replace(self.chip(), levels=levels))

    def finer_weights(self, entries: Iterable[int]) -> "Case":
        """The chip with weights on half steps in some operations."""
        from ..targets.jax.switches import FINER

        weights = self.chip().weights.copy()
        weights[list(entries)] = FINER
        return replace(self.chip(), weights=weights)

    def entries(self, operations: Iterable[Operation]) -> list[int]:
        """The entries of operations."""
        return [self.places[op] for op in operations]

    def _switched(self, case: "Case", cause: str, parts: Iterable[int], *, on: bool) -> "Case":
        from ..targets.jax.switches import INTEGER, REAL

        rounding, clipping = case.rounding.copy(), case.clipping.copy()
        weights, constructed = case.weights.copy(), case.constructed.copy()
        for number in parts:
            part = self.parts[number]
            signal, inner = self.entries(part.signal), self.entries(part.inner)
            if cause == SIGNAL:
                rounding[signal] = on
            elif cause == CLIPPING:
                clipping[signal] = on
            elif cause == PARTIAL_SUMS:
                rounding[inner] = clipping[inner] = on
            elif cause == WEIGHTS:
                weights[[*signal, *inner]] = INTEGER if on else REAL
            else:
                constructed[number] = on
        return replace(
            case, rounding=rounding, clipping=clipping, weights=weights, constructed=constructed
        )

    def _finished(self, case: "Case") -> "Case":
        """Exact parts as what they construct only where all that they compute with are codes."""
        constructed = case.constructed.copy()
        for number in self.exact:
            part = self.parts[number]
            before = [op for source in part.sources for op in self.parts[source].signal]
            entries = self.entries((*part.operations, *before))
            at_work = [case.rounding, case.clipping, case.levels]
            codes = all((switch[entries] == 1).all() for switch in at_work)
            constructed[number] *= codes and not case.fed
        return replace(case, constructed=constructed)
