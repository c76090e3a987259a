"""Every pass and dialect is registered once, and xDSL's own tools find them."""

import importlib
import pkgutil
import subprocess
import sys

import pytest
from xdsl.passes import ModulePass
from xdsl.universe import Universe

import corelower.dialects
import corelower.passes
from corelower.passes.options import describe_options
from corelower.passes.pass_base import CorelowerPass
from corelower.passes.pipelines import PIPELINES
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import CORELOWER_PASSES, CORELOWER_UNIVERSE, full_universe


def passes_in_folder() -> dict[str, type[ModulePass]]:
    """Every pass that a module of passes/ defines, by its name."""
    found: dict[str, type[ModulePass]] = {}
    for module_info in pkgutil.iter_modules(corelower.passes.__path__):
        module = importlib.import_module(f"corelower.passes.{module_info.name}")
        members: list[object] = list(vars(module).values())
        for member in members:
            if (
                isinstance(member, type)
                and issubclass(member, ModulePass)
                and member.__module__ == module.__name__
                and "name" in vars(member)
            ):
                assert member.name.replace("-", "_") == module_info.name
                found[member.name] = member
    return found


def test_every_pass_is_registered():
    registered = {name: factory() for name, factory in CORELOWER_PASSES.items()}
    assert registered == passes_in_folder()


@pytest.mark.parametrize("name", sorted(CORELOWER_PASSES))
def test_a_pass_says_what_it_does_and_what_each_option_means(name: str):
    pass_type = CORELOWER_PASSES[name]()
    assert issubclass(pass_type, CorelowerPass)
    assert pass_type.summary().endswith(".")
    assert not pass_type.summary().startswith(f"{pass_type.__name__}(")
    assert [option.name for option in describe_options(pass_type) if not option.help] == []


@pytest.mark.parametrize("name", sorted(CORELOWER_UNIVERSE.all_dialects))
def test_a_dialect_has_the_name_it_is_registered_under(name: str):
    assert CORELOWER_UNIVERSE.all_dialects[name]().name == name


def test_every_dialect_is_registered():
    modules = [
        module.name
        for module in pkgutil.iter_modules(corelower.dialects.__path__)
        if not module.ispkg
    ]
    # The parts of a dialect that is too long for one file are named after it.
    split = ("nn", "core_op")
    files = {name for name in modules if not name.startswith(tuple(f"{one}_" for one in split))}
    assert files == set(CORELOWER_UNIVERSE.all_dialects)


def test_named_pipelines_consist_of_passes_that_exist():
    for text in PIPELINES.values():
        assert list(build_passes(text, full_universe().all_passes, PIPELINES))


def test_no_name_is_taken_from_xdsl():
    # A second pass of one name, through the entry point, stops every tool of xDSL.
    from xdsl.universe import XDSL_UNIVERSE

    assert not XDSL_UNIVERSE.all_passes.keys() & CORELOWER_UNIVERSE.all_passes.keys()
    assert not XDSL_UNIVERSE.all_dialects.keys() & CORELOWER_UNIVERSE.all_dialects.keys()


def test_an_installed_corelower_is_found_by_xdsl():
    universe = Universe.get_multiverse()
    assert universe.all_passes.keys() >= CORELOWER_UNIVERSE.all_passes.keys()


def test_xdsl_opt_reads_the_dialects_and_runs_the_passes():
    text = "%w = trained.tensor [1.0] : tensor<1xf32>"
    command = [sys.executable, "-m", "xdsl.tools.xdsl_opt", "-p", "nn-fold-batch-norm,dce"]
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip() == "builtin.module {\n}"
