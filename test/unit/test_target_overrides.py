"""`--override` changes fields of a target, and says what is wrong with one that it cannot."""

from dataclasses import fields

import pytest

from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.target import FieldValue, Target
from corelower.targets.registry import find_target
from corelower.tools.cli_options import Mode, Reset, constraints
from corelower.tools.target_overrides import parse_overrides


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("signal_bits=4", {"signal_bits": 4}),
        (" signal-bits = 4 , cores=0,", {"signal_bits": 4, "cores": 0}),
        ("weights=-7:7", {"weights": (-7, 7)}),
        ("weight_bits=4", {"weights": (-7, 7)}),
        ("weight_bits=8", {"weights": (-127, 127)}),
        ("gain=neuron,shares_positions=false", {"gain": "neuron", "shares_positions": False}),
        ("functions=relu", {"functions": ("relu",)}),
        ("functions=linear:relu", {"functions": ("linear", "relu")}),
    ],
)
def test_what_is_meant(text: str, expected: dict[str, FieldValue]):
    assert parse_overrides(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("signal_bits", "override 'signal_bits' is not of the form name=value"),
        ("signal_bits=", "override 'signal_bits=' is not of the form name=value"),
        ("signal_bits=six", "signal_bits is a whole number, not 'six'"),
        ("weights=a:b", "weights is a whole number, not 'a'"),
        ("weight_bits=x", "weight_bits is a whole number, not 'x'"),
        ("shares_positions=yes", "shares_positions is true or false, not 'yes'"),
        ("name=other", "no field 'name' of a target"),
        ("bits=4", "no field 'bits' of a target; there are fan_in, fan_out"),
    ],
)
def test_what_is_wrong(text: str, expected: str):
    with pytest.raises(CorelowerError) as caught:
        parse_overrides(text)
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("text", ["weights=7", "weight_bits=1", "weight_bits=-3", "fan_in=0"])
def test_values_that_no_chip_can_have(text: str):
    with pytest.raises(CorelowerError):
        find_target("prime").with_fields(parse_overrides(text))


@pytest.mark.parametrize(("name", "mode"), [("prime", None), ("tianji", "ann"), ("tianji", "snn")])
def test_every_field_can_be_overridden_by_its_own_value(name: str, mode: str | None):
    target = find_target(name, mode)
    for field in fields(Target):
        if field.name == "name":
            continue
        value: FieldValue = getattr(target, field.name)
        text = ":".join(map(str, value)) if isinstance(value, tuple) else str(value)
        text = text.lower() if isinstance(value, bool) else text
        changed = target.with_fields(parse_overrides(f"{field.name}={text}"))
        assert changed == target, field.name


@pytest.mark.parametrize(
    ("override", "mode", "message"),
    [
        ("", None, "--window, --reset and --firing are of spikes; they need --mode snn"),
        ("", Mode.ann, "--window, --reset and --firing are of spikes; they need --mode snn"),
        ("window=4", Mode.snn, "window is given twice, by --window and by --override"),
    ],
)
def test_options_of_spikes(override: str, mode: Mode | None, message: str) -> None:
    with pytest.raises(CorelowerError, match=message):
        constraints(override, mode, 8, None)
    given = constraints("fan_in=64", Mode.snn, 8, Reset.subtract)
    assert given == {"fan_in": 64, "window": 8, "reset": "subtract"}
