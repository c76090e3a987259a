"""The text of a target: its name, then `field = value` for each field that is not its default."""

from dataclasses import MISSING, fields

from xdsl.parser import AttrParser
from xdsl.printer import Printer

from .errors import CorelowerError
from .target import FieldValue, Target


def parse_target(parser: AttrParser) -> Target:
    """Parse `<"name", field = value, ...>`."""
    values: dict[str, FieldValue] = {}
    known = {field.name: field.type for field in fields(Target)}
    with parser.in_angle_brackets():
        start = parser.pos
        values["name"] = parser.parse_str_literal(" as the target's name")
        while parser.parse_optional_punctuation(",") is not None:
            start = parser.pos
            name = parser.parse_identifier(" of a target's field")
            if name not in known or name == "name":
                others = ", ".join(field for field in known if field != "name")
                parser.raise_error(f"a target has no field '{name}'; it has {others}", start)
            if name in values:
                parser.raise_error(f"field '{name}' is given twice", start)
            parser.parse_punctuation("=")
            values[name] = _parse_value(parser, str(known[name]))
    required = [f.name for f in fields(Target) if f.default is MISSING and f.name not in values]
    if required:
        parser.raise_error(f"a target needs {', '.join(required)}", start)
    try:
        return Target(**values)  # pyright: ignore[reportArgumentType]
    except CorelowerError as error:
        parser.raise_error(error.message, start)


def print_target(printer: Printer, target: Target) -> None:
    """Print what `parse_target` reads."""
    parts = [f'"{target.name}"']
    for field in fields(target):
        value: FieldValue = getattr(target, field.name)
        if field.name == "name" or (field.default is not MISSING and value == field.default):
            continue
        parts.append(f"{field.name} = {_value_text(value)}")
    with printer.in_angle_brackets():
        printer.print_string(", ".join(parts))


def _parse_value(parser: AttrParser, kind: str) -> FieldValue:
    delimiter = parser.Delimiter.SQUARE
    if kind.endswith("bool'>") or kind == "bool":
        return parser.parse_boolean()
    if "tuple[int" in kind:
        return tuple(parser.parse_comma_separated_list(delimiter, parser.parse_integer))
    if "tuple[str" in kind:
        return tuple(parser.parse_comma_separated_list(delimiter, parser.parse_identifier))
    if kind.endswith("str'>") or kind == "str":
        return parser.parse_identifier()
    return parser.parse_integer(allow_boolean=False)


def _value_text(value: FieldValue) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return "[" + ", ".join(map(str, value)) + "]"
        case _:
            return str(value)
