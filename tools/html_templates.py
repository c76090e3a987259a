"""The templates of the pages that are written."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def html_templates() -> "Environment":
    """Templates that escape what they are given, and refuse to leave anything out."""
    # Deferred: tools that write no page import this too.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("corelower.tools", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
