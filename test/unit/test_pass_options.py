"""Options of a pass are read by the type of their field, as people write them."""

from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.arg_spec import parse_pipeline as xdsl_parse_pipeline

from corelower.dialects.support.errors import CorelowerError
from corelower.passes.options import PassOption
from corelower.passes.pass_base import CorelowerPass
from corelower.tools.pipeline_spec import parse_pipeline


@dataclass(frozen=True)
class Example(CorelowerPass):
    """Does nothing, e.g. here. This second sentence is no help."""

    name = "example"

    count: int = field(metadata={"help": "how many"})
    rate: float = 0.5
    fast: bool = False
    data: str = ""
    limit: int | None = None
    sizes: tuple[int, ...] = ()
    pair: tuple[int, float] = (1, 2.0)
    method: Literal["layerwise", "end-to-end"] = "layerwise"

    def __post_init__(self) -> None:
        if self.rate < 0:
            raise ValueError("rate is negative")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        pass


def example(options: str) -> Example:
    """The pass with these options, through Corelower's parser."""
    (call,) = parse_pipeline(f"example{{{options}}}")
    built = call.build(Example)
    assert isinstance(built, Example)
    return built


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("count=3", Example(3)),
        ("count=-3 rate=1", Example(-3, rate=1.0)),
        ("count=3 rate=1e-3", Example(3, rate=0.001)),
        ("count=3 fast", Example(3, fast=True)),
        ("count=3 fast=false", Example(3)),
        ("count=3 data=007", Example(3, data="007")),
        ("count=3 data=a/b.npz:images", Example(3, data="a/b.npz:images")),
        ("count=3 limit=2", Example(3, limit=2)),
        ("count=3 limit", Example(3)),
        ("count=3 sizes=1,2,3", Example(3, sizes=(1, 2, 3))),
        ("count=3 sizes=1", Example(3, sizes=(1,))),
        ("count=3 pair=2,3", Example(3, pair=(2, 3.0))),
        ("count=3 method=end-to-end", Example(3, method="end-to-end")),
    ],
)
def test_an_option_reads_as_its_field_holds_it(options: str, expected: Example):
    assert example(options) == expected
    assert type(example(options).rate) is float


@pytest.mark.parametrize("options", ["count=3 rate=1e-3", "count=3 rate=1", "count=3 fast"])
def test_options_read_the_same_from_the_parser_of_xdsl(options: str):
    (spec,) = xdsl_parse_pipeline(f"example{{{options}}}")
    assert Example.from_spec(spec) == example(options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "example: option 'count' is required"),
        ("count=many", "example: option 'count' expects integer, got 'many'"),
        ("count=1.5", "example: option 'count' expects integer, got '1.5'"),
        ("count=1 rate", "example: option 'rate' expects number, got no value"),
        ("count=1 rate=nan", "example: option 'rate' expects number, got 'nan'"),
        ("count=1 rate=1,2", "example: option 'rate' expects number, got '1,2'"),
        ("count=1 fast=2", "example: option 'fast' expects true|false, got '2'"),
        ("count=1 sizes=1,x", "example: option 'sizes' expects list of integer, got '1,x'"),
        ("count=1 pair=1", "example: option 'pair' expects integer,number, got '1'"),
        ("count=1 method=all", "expects layerwise|end-to-end, got 'all'"),
        ("count=1 rate=-1", "example: rate is negative"),
        ("count=1 rat=1", "example: no option 'rat' (options: count, rate, fast, "),
        ("count=1 rat=1", "; did you mean 'rate'?"),
    ],
)
def test_a_wrong_option_names_pass_option_value_and_what_is_expected(options: str, message: str):
    with pytest.raises(CorelowerError) as caught:
        example(options)
    assert message in caught.value.message
    assert caught.value.where == "pass-pipeline:1:1"


@given(
    st.builds(
        Example,
        count=st.integers(),
        rate=st.floats(0, 1e300),
        fast=st.booleans(),
        data=st.text(st.characters(categories=("L", "N"), include_characters=" ,{}=/:")),
        limit=st.none() | st.integers(),
        sizes=st.lists(st.integers()).map(tuple),
        pair=st.tuples(st.integers(), st.floats(-1e9, 1e9)),
        method=st.sampled_from(["layerwise", "end-to-end"]),
    )
)
def test_a_pass_prints_as_a_pipeline_that_makes_it_again(original: Example):
    (call,) = parse_pipeline(str(original))
    assert call.build(Example) == original


def test_help_describes_the_pass_and_its_options():
    assert Example.summary() == "Does nothing, e.g. here."
    assert Example.options()[:3] == (
        PassOption("count", "integer", None, "how many"),
        PassOption("rate", "number", "0.5", ""),
        PassOption("fast", "true|false", "false", ""),
    )
