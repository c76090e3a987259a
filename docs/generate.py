"""Writes the pass reference, `docs/passes.md`, from the passes themselves; `--check` compares."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from corelower.passes.options import PassOption, describe_options
from corelower.passes.pipelines import PIPELINES
from corelower.tools.universe import CORELOWER_PASSES

REFERENCE = Path(__file__).parent / "passes.md"

INTRODUCTION = """\
# Passes

<!-- Written by docs/generate.py from the passes' docstrings and options: edit those. -->

`nn-opt --list-passes` shows the same on the terminal. A pass stands in a pipeline as
`name{option=value other=1,2,3 flag}`; values need quotes only where they hold spaces or one of
`, = { } "`.
"""


def reference() -> str:
    """The whole page."""
    sections = [INTRODUCTION, *_pass_sections(), *_pipeline_section()]
    return "\n".join(sections)


def main() -> None:
    """Write the page, or with `--check` fail where it is out of date."""
    text = reference()
    if sys.argv[1:] != ["--check"]:
        REFERENCE.write_text(text)
    elif not REFERENCE.exists() or REFERENCE.read_text() != text:
        sys.exit("docs/passes.md is out of date: run python docs/generate.py")


def _pass_sections() -> Iterator[str]:
    for name, factory in sorted(CORELOWER_PASSES.items()):
        pass_type = factory()
        yield f"## `{name}`\n\n{inspect.cleandoc(pass_type.__doc__ or '')}\n"
        options = describe_options(pass_type)
        if options:
            rows = ["| option | value | default | meaning |", "|---|---|---|---|"]
            rows += [_option_row(option) for option in options]
            yield "\n".join(rows) + "\n"


def _option_row(option: PassOption) -> str:
    default = "required" if option.default is None else f"`{option.default}`"
    cells = (f"`{option.name}`", option.expected, default, option.help)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _pipeline_section() -> Iterator[str]:
    if PIPELINES:
        yield "# Pipelines\n\nA pipeline's name may stand wherever a pass may.\n"
    for name, passes in PIPELINES.items():
        yield f"## `{name}`\n\n    {passes}\n"


if __name__ == "__main__":
    main()
