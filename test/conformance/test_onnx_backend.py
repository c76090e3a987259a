"""
The ONNX project's own backend tests, run through the importer and the evaluator.

Every case whose operators the importer knows takes part. What it may refuse stands by name, with
the reason, in `onnx_backend_left_out.txt`; a case that is listed there and passes is an error too.
"""

from pathlib import Path

import numpy as np
import pytest
from onnx_backend_cases import Case, cases, expected_of, import_case, listed, samples_of

from corelower.dialects.support.errors import CorelowerError
from corelower.targets.jax.evaluator import Evaluator, find_function

LEFT_OUT = listed(Path(__file__).with_name("onnx_backend_left_out.txt"))


def compare(case: Case) -> None:
    module = import_case(case)
    module.verify()
    function = find_function(module)
    actual = Evaluator(function).run(*samples_of(case, function))
    for mine, expected in expected_of(case, actual):
        np.testing.assert_allclose(mine, expected, rtol=case.tolerance, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in cases() if name not in LEFT_OUT])
def test_case(name: str):
    compare(cases()[name])


@pytest.mark.parametrize("name", [name for name in LEFT_OUT if name in cases()])
def test_case_that_is_left_out_cannot_pass(name: str):
    with pytest.raises((CorelowerError, AssertionError)):
        compare(cases()[name])


def test_enough_cases_take_part():
    assert len(cases()) - len(LEFT_OUT) >= 700
