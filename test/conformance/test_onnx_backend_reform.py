"""
The ONNX project's own backend tests, reformed to dot products and wiring, and run once more.

A case whose function cannot be reformed stands by name, with the reason, in
`onnx_backend_not_reformed.txt`; one that is listed there and passes is an error too. Run this file
to write the list anew.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from nn_networks import context
from onnx_backend_cases import (
    Case,
    cases,
    expected_of,
    import_case,
    listed,
    samples_of,
)
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.samples import Preprocessing, Samples
from corelower.passes.pipelines import PIPELINES, reform_pipeline
from corelower.passes.reform_limits import ReformError
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

ERROR = 1e-3
"""What a function that is approximated may differ by, as a part of its span."""

REFORM = reform_pipeline(approximate=f"error={ERROR}")
"""The one place that says what a reform is."""

EXACT = 1e-5
"""Relative to the largest magnitude of an output, as all errors here."""

APPROXIMATE = 3 * ERROR
"""For each approximated function: a span is up to twice the magnitude, and sums add errors up."""

BEYOND = "the error is larger than its bound"

HERE = Path(__file__)
LEFT_OUT = listed(HERE.with_name("onnx_backend_left_out.txt"))
NOT_REFORMED_FILE = HERE.with_name("onnx_backend_not_reformed.txt")
NOT_REFORMED = listed(NOT_REFORMED_FILE)
HEADING = (
    "# Cases of the ONNX backend tests that no dot products and wiring compute, with the reason."
)

NAMES = [name for name in cases() if name not in LEFT_OUT]


@dataclass(frozen=True)
class Reformed:
    """What a function computed before its reform, and computes after it."""

    before: tuple[npt.NDArray[np.generic], ...]
    after: tuple[npt.NDArray[np.generic], ...]
    approximated: int
    """Functions that are no more than near."""


def reform(case: Case) -> Reformed:
    """The case's results on both levels. Raises `CorelowerError` where there is no reform."""
    module = import_case(case)
    function = find_function(module)
    samples = samples_of(case, function)
    before = Evaluator(function).run(*samples)
    remarks = run_reform(module, samples)
    after = Evaluator(find_function(module)).run(*samples)
    return Reformed(before, after, sum("hinges" in remark for remark in remarks))


@cache
def passes() -> tuple[ModulePass, ...]:
    """The passes of the reform."""
    return tuple(build_passes(REFORM, full_universe().all_passes, PIPELINES))


def run_reform(module: ModuleOp, samples: list[npt.NDArray[np.float32]]) -> list[str]:
    """Run the passes, calibrated with the case's own input; their remarks."""
    ctx = context()
    ctx.calibration = Samples(samples[0], Preprocessing())
    for one in passes():
        one.apply(ctx, module)
    module.verify()
    return ctx.remarks


def compare(case: Case) -> None:
    """Assert that a reform changes nothing, neither for the evaluator nor for the case."""
    results = reform(case)
    tolerance = results.approximated * APPROXIMATE or EXACT
    for actual, expected in zip(results.after, results.before, strict=True):
        assert actual.shape == expected.shape
        assert difference(actual, expected) <= tolerance, BEYOND
    for actual, expected in expected_of(case, results.after):
        # As without the reform, which may add an error of its own.
        allowed = 1e-5 + tolerance * magnitude(expected)
        np.testing.assert_allclose(actual, expected, rtol=case.tolerance, atol=allowed)


def difference(actual: npt.NDArray[np.generic], expected: npt.NDArray[np.generic]) -> float:
    """The largest difference, relative to the largest magnitude; of infinities there is none."""
    mine, theirs = (np.asarray(array, np.float64) for array in (actual, expected))
    other = ~((mine == theirs) | (np.isnan(mine) & np.isnan(theirs)))
    if not other.any():
        return 0.0
    largest = magnitude(theirs)
    return float(np.abs(mine[other] - theirs[other]).max() / largest) if largest else np.inf


def magnitude(array: npt.NDArray[np.float64]) -> float:
    """The largest finite magnitude."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def reason_of(error: Exception) -> str:
    """Why a case cannot be reformed, in one line."""
    if isinstance(error, ReformError):
        found = {
            obstacle.op.name: obstacle.reason or obstacle.remedy for obstacle in error.obstacles
        }
        return "; ".join(f"{name}: {reason}" for name, reason in found.items())
    text = error.message if isinstance(error, CorelowerError) else str(error)
    return text.splitlines()[0] if text else type(error).__name__


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_REFORMED])
def test_case(name: str) -> None:
    compare(cases()[name])


@pytest.mark.parametrize("name", [name for name in NAMES if name in NOT_REFORMED])
def test_case_that_is_not_reformed_cannot_pass(name: str) -> None:
    with pytest.raises((CorelowerError, AssertionError)):
        compare(cases()[name])


def test_the_list_names_cases() -> None:
    assert NOT_REFORMED.keys() <= set(NAMES)


def main() -> None:
    """Write the list of what cannot be reformed; reasons for large errors stay as they are."""
    lines = [HEADING]
    for name in NAMES:
        try:
            compare(cases()[name])
        except (CorelowerError, AssertionError) as error:
            reason = NOT_REFORMED.get(name) if isinstance(error, AssertionError) else None
            lines.append(f"{name}: {reason or reason_of(error)}")
    NOT_REFORMED_FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
