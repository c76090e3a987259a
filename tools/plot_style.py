"""How plots look: SVG that goes into an HTML page and takes its colours and font from there."""

# Matplotlib is typed in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

WIDTH = 7.6
"""Inches; the page scales a plot to its own width."""

LONGEST_NAME = 34
"""Characters of a layer's name in a plot; the table has all of them."""

# Matplotlib writes colours as they are; these stand for what the page's style sheet says.
INK, ACCENT, WARN, GOOD, BAD, EXTRA = (f"#01020{number}" for number in range(3, 9))
_CSS = {
    INK: "currentColor",
    ACCENT: "var(--accent)",
    WARN: "var(--warn)",
    GOOD: "var(--good)",
    BAD: "var(--bad)",
    EXTRA: "var(--extra)",
}


@contextmanager
def draw_figure(
    height: float, rows: int, columns: int = 1
) -> "Generator[tuple[Figure, Sequence[Axes]]]":
    """A figure of `height` inches with its axes, row by row, in the page's style."""
    # Deferred: half a second that only a report needs. No pyplot: it would choose a window system.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    style: dict[RcKeyType, str | int | float | bool] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "corelower",
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": INK,
        "grid.alpha": 0.12,
        "grid.linewidth": 0.6,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with rc_context(style):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        yield figure, [figure.add_subplot(rows, columns, at + 1) for at in range(rows * columns)]


def to_svg(figure: "Figure", title: str) -> str:
    """The figure as an `<svg>` element; `title` is for those who cannot see it."""
    stream = StringIO()
    # Without a date, equal results are equal pages.
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    for colour, style in _CSS.items():
        text = text.replace(colour, style)
    # Its own font and style sheet would meddle with the page's, and its metadata says nothing.
    text = re.sub(r"font-family: [^;\"]*; ", "", text)
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" class="plot" ', 1)


def shortened(name: str) -> str:
    """A name that leaves room for the plot."""
    if len(name) <= LONGEST_NAME:
        return name
    kept = LONGEST_NAME // 2 - 1
    return f"{name[:kept]}…{name[-kept:]}"
