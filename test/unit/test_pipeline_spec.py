"""A pipeline reads the same in xDSL's form and in MLIR's, and what is wrong has a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdsl.passes import ModulePass
from xdsl.transforms import get_all_passes
from xdsl.transforms.convert_scf_to_openmp import ConvertScfToOpenMPPass
from xdsl.utils.arg_spec import ArgSpec
from xdsl.utils.arg_spec import parse_pipeline as xdsl_parse_pipeline

from corelower.dialects.support.errors import CorelowerError
from corelower.tools.pipeline_spec import (
    PassCall,
    Word,
    build_passes,
    expand_pipelines,
    parse_pipeline,
)

NAMES = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True)
VALUES = st.one_of(
    st.integers(),
    st.booleans(),
    st.floats(0.001, 1000),
    st.text(
        st.characters(min_codepoint=32, exclude_characters='"\\', categories=("L", "Zs", "Po"))
    ),
)
SPECS = st.builds(
    ArgSpec, NAMES, st.dictionaries(NAMES, st.lists(VALUES, max_size=3).map(tuple), max_size=3)
)


@given(st.lists(SPECS, max_size=3))
def test_what_xdsl_prints_reads_as_xdsl_reads_it(specs: list[ArgSpec]):
    text = ",".join(map(str, specs))
    assert [call.spec(raw=False) for call in parse_pipeline(text)] == list(
        xdsl_parse_pipeline(text)
    )


@given(st.lists(SPECS, max_size=3))
def test_mlir_form_is_the_same_pipeline(specs: list[ArgSpec]):
    text = " , ".join(map(str, specs))
    assert parse_pipeline(f"\n builtin.module( {text}\n) ") == parse_pipeline(text)


@given(st.text(alphabet='ab-,={}()"\\ \n1.[', max_size=30))
def test_any_text_is_read_or_refused_with_its_place(text: str):
    try:
        parse_pipeline(text)
    except CorelowerError as error:
        assert error.where is not None
        assert error.where.startswith("pass-pipeline:")
        assert "\n" not in error.message


@pytest.mark.parametrize(
    "text",
    ["1e-3", "../a/b-c_1.npz:array", "C:/x.mlir", "~/data(1).npz", "2d-slice", "[3]", "x*y"],
)
def test_values_need_no_quotes(text: str):
    (call,) = parse_pipeline(f"a{{x={text} flag}}")
    assert call == PassCall("a", options={"x": (Word(text),), "flag": ()})


def test_quotes_keep_what_would_separate():
    (call,) = parse_pipeline(r'a{x="b, {c}=\"d\"\n",e}')
    assert call.options == {"x": (Word('b, {c}="d"\n', quoted=True), Word("e"))}


def test_spaces_and_line_breaks_stand_between_options():
    (call,) = parse_pipeline("a { x=1\n  y=2\t}")
    assert call.spec(raw=False) == ArgSpec("a", {"x": (1,), "y": (2,)})


def test_xdsl_form_of_an_mlir_pipeline_is_kept():
    text = "cse,mlir-opt[canonicalize,func.func(cse)]"
    assert [call.spec(raw=False) for call in parse_pipeline(text)] == list(
        xdsl_parse_pipeline(text)
    )


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("a b", "1:3", "expected ',' between passes"),
        ("a,,b", "1:3", "expected a pass name"),
        ("a{x=}", "1:5", "expected a value of option 'x'"),
        ("a{x=1", "1:6", "expected a space or '}' after option 'x'"),
        ("a{x=1, y=2}", "1:7", "options are separated by spaces"),
        ("a{x=1,y=2}", "1:8", "options are separated by spaces, not commas"),
        ('a{x="b}', "1:5", "expected a value of option 'x'"),
        ("a{x-y=1 x_y=2}", "1:12", "option 'x_y' is given twice"),
        ("a,\n  b{=}", "2:5", "expected an option of b, or '}'"),
        ("builtin.module(a", "1:17", "expected ',' or ')' after a pass"),
        ("builtin.module(func.func(a))", "1:25", "cannot nest"),
        ("builtin.module(a),b", "1:18", "expected ',' between passes"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, where: str, message: str):
    with pytest.raises(CorelowerError) as caught:
        parse_pipeline(text)
    assert caught.value.where == f"pass-pipeline:{where}"
    assert message in caught.value.message


def test_a_named_pipeline_stands_where_a_pass_may():
    pipelines = {"inner": "b{x=1}", "outer": "a,inner,c"}
    calls = expand_pipelines(parse_pipeline("builtin.module(outer,inner)"), pipelines)
    assert [call.name for call in calls] == ["a", "b", "c", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loop", "pipeline 'loop' contains itself"),
        ("plain{x=1}", "pipeline 'plain' takes no options"),
    ],
)
def test_a_named_pipeline_is_refused(text: str, message: str):
    pipelines = {"loop": "a,turn", "turn": "loop", "plain": "a"}
    with pytest.raises(CorelowerError, match=message):
        list(expand_pipelines(parse_pipeline(text), pipelines))


def built(text: str) -> list[ModulePass]:
    """The passes of a pipeline of stock xDSL."""
    return list(build_passes(text, get_all_passes(), {"tidy": "canonicalize,dce"}))


def test_passes_of_xdsl_get_values_of_their_types():
    (convert,) = built("convert-scf-to-openmp{collapse=2 schedule=dynamic nested=true}")
    assert convert == ConvertScfToOpenMPPass(collapse=2, schedule="dynamic", nested=True)
    assert [passed.name for passed in built("cse,tidy")] == ["cse", "canonicalize", "dce"]


def test_an_unknown_pass_is_refused_with_the_nearest_name():
    with pytest.raises(CorelowerError, match=r"no pass or pipeline 'tidi'; did you mean 'tidy'\?"):
        built("cse,tidi")


def test_a_wrong_option_of_a_pass_of_xdsl_is_one_error():
    with pytest.raises(CorelowerError, match="cse"):
        built("cse{limit=3}")
