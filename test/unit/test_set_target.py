"""The options of `set-target`, and the chips that it knows."""

from dataclasses import fields
from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp
from xdsl.parser import Parser
from xdsl.utils.arg_spec import parse_spec

from corelower.dialects.core_op import set_target, target_of
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.target import Target
from corelower.passes.set_target import SetTargetPass
from corelower.targets.registry import MODES, TARGETS, find_target
from corelower.tools.ir_files import make_context


def applied(spec: str) -> Target:
    module = ModuleOp([])
    SetTargetPass.from_spec(parse_spec(spec)).apply(make_context(), module)
    target = target_of(module)
    assert target is not None
    return target


def test_every_field_of_a_target_is_an_option() -> None:
    wanted = {field.name for field in fields(Target)}
    options = {option.name.replace("-", "_") for option in SetTargetPass.options()}
    assert options == wanted | {"mode", "alternate", "file", "weight_bits"}


@pytest.mark.parametrize("name", TARGETS)
def test_a_registered_chip_is_found_under_its_own_name(name: str) -> None:
    assert find_target(name).name == name


@pytest.mark.parametrize(
    ("name", "mode"), [(n, mode) for n, modes in MODES.items() for mode in modes]
)
def test_a_mode_is_found_and_keeps_the_name(name: str, mode: str) -> None:
    assert find_target(name, mode).name == name
    assert applied(f"set-target{{name={name} mode={mode}}}") == find_target(name, mode)


def test_reset_and_firing_are_chosen_apart() -> None:
    target = applied("set-target{name=tianji mode=snn reset=subtract window=8}")
    assert (target.reset, target.firing, target.window) == ("subtract", "window", 8)
    assert target.with_fields({"reset": "zero"}).firing == "window"
    given = target.with_fields({"reset": "subtract", "firing": "tick"})
    assert (given.reset, given.firing) == ("subtract", "tick")


def test_a_threshold_that_is_the_leak_too_fits_both_and_the_potential() -> None:
    target = find_target("tianji", "snn").with_fields({"reset": "zero", "firing": "window"})
    assert target.largest_threshold == 32767
    assert target.with_fields({"bias_bits": 12}).largest_threshold == 2047
    assert target.with_fields({"accumulator_bits": 16}).largest_threshold == 32767 // 64
    tick = {"firing": "tick", "bias_bits": 12}
    assert target.with_fields(dict(tick)).largest_threshold == 32767


def test_a_modes_target_is_printed_and_read_again() -> None:
    ctx, module = make_context(), ModuleOp([])
    set_target(module, find_target("tianji", "snn"))
    assert target_of(Parser(ctx, str(module)).parse_module()) == find_target("tianji", "snn")


def test_no_option_leaves_a_chip_as_it_is() -> None:
    assert applied("set-target{name=prime}") == find_target("prime")


def test_zero_and_false_are_values_too() -> None:
    target = applied("set-target{name=prime bias_rows=0 shares_positions=false cores=0}")
    assert (target.bias_rows, target.shares_positions, target.cores) == (0, False, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("name=prime file=x", "name and file are two targets; give one of them"),
        ("name=prime weight_bits=4 weights=-7,7", "say the same thing; give one of them"),
        ("name=prime weight_bits=1", "weight-bits is 2 to 16, not 1"),
        ("signal_bits=3", "the module has no target yet; give name or file"),
        ("name=prime signal_bits=33", "signal_bits = 33 is out of range; it must be at most 16"),
        ("name=prime weights=3", "weights = [3] is out of range"),
        ("name=prime rows=3", "no option 'rows' (options: name, mode, alternate,"),
        ("mode=snn", "mode is that of a chip; give its name"),
        ("name=prime mode=snn", "target 'prime' has no mode 'snn'; it has no modes"),
        ("name=tianji mode=cnn", "target 'tianji' has no mode 'cnn'; its modes are ann, snn"),
        ("name=tianji mode=snn firing=late", "firing = late is out of range; it must be tick or"),
        ("name=tianji mode=snn window=0", "window = 0 is out of range; it must be 1 to 1024 ticks"),
        ("name=tianji mode=snn signal_bits=2", "signal_bits = 2 is out of range"),
        ("name=tianji mode=snn threshold_bits=1", "threshold_bits = 1 is out of range"),
        ("name=tianji mode=snn reset=half", "reset = half is out of range; it must be zero or"),
        ("name=prime window=4", "window = 4 is out of range; it must be 1 of a neuron that is not"),
        ("name=prime neuron=lif", "must be 1 of a lif neuron: spikes"),
        ("name=prime gain_values=reciprocal", "it must be another, or neuron lif"),
        ("name=none", "no target 'none' (targets: "),
    ],
)
def test_a_wrong_option_is_one_line(options: str, message: str) -> None:
    with pytest.raises(CorelowerError) as error:
        applied(f"set-target{{{options}}}")
    assert message in error.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing, binary, text = (tmp_path / name for name in ("missing", "binary", "text"))
    binary.write_bytes(b"\xff\xfe")
    text.write_text('module attributes {core_op.target = #core_op.target<"x">} {}')
    for path, message in (
        (missing, "cannot read the target: No such file"),
        (binary, "not a text in UTF-8"),
        (text, "a target needs fan_in, fan_out, signal_bits, weights"),
    ):
        with pytest.raises(CorelowerError) as error:
            SetTargetPass(file=str(path)).apply(make_context(), ModuleOp([]))
        assert message in error.value.message
        assert str(path) in str(error.value)


def test_what_limits_thresholds_is_named() -> None:
    target = find_target("tianji", "snn")
    assert target.threshold_limit == "threshold_bits"
    assert target.with_fields({"bias_bits": 12}).threshold_limit == "bias_bits"
    assert target.with_fields({"accumulator_bits": 16}).threshold_limit == "accumulator_bits"
