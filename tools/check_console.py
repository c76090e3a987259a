"""The outcome of a check, as a table on the terminal."""

from rich.console import Console
from rich.table import Table

from .model_check import Form, ModelCheck, NodeForm

PIPED_WIDTH = 200
"""Columns where the output is no terminal, so that what reads it finds a node a line."""

STYLES = {
    Form.EXACT: "green",
    Form.CONSTANT: "green",
    Form.HOST: "cyan",
    Form.APPROXIMATED: "yellow",
    Form.UNSUPPORTED: "red",
    Form.UNKNOWN: "red",
}


def print_check(check: ModelCheck) -> None:
    """Every node, every constraint, the choices, and the verdict."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=PIPED_WIDTH)
    console.print(_nodes(check))
    if check.constraints:
        console.print(_constraints(check))
    for choice in check.choices:
        console.print(choice, soft_wrap=True)
    console.print(_verdict(check), soft_wrap=True)


def _nodes(check: ModelCheck) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("node", "operator", "form"):
        table.add_column(name, overflow="fold")
    table.add_column("error", justify="right")
    table.add_column("cores", justify="right")
    table.add_column("how, or why not", overflow="fold")
    for entry in check.nodes:
        table.add_row(*_cells(entry), style=STYLES[entry.form])
    return table


def _cells(entry: NodeForm) -> tuple[str, ...]:
    error = "" if entry.error is None else f"{entry.error:.3%}"
    cores = "" if entry.cores is None else str(entry.cores)
    return entry.node, entry.operator, entry.form.value, error, cores, entry.detail


def _constraints(check: ModelCheck) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("constraint", "needed", f"{check.target} has", "met by"):
        table.add_column(name, overflow="fold")
    for entry in check.constraints:
        style = "green" if entry.is_met else "red"
        table.add_row(entry.name, entry.needed, entry.limit, entry.answer, style=style)
    return table


def _verdict(check: ModelCheck) -> str:
    counts = {form: sum(entry.form is form for entry in check.nodes) for form in Form}
    parts = [f"{count} {form.value}" for form, count in counts.items() if count]
    ends = "can be compiled" if check.can_compile else "cannot be compiled as it is"
    return f"{check.model}: {', '.join(parts) or 'no nodes'}; it {ends} for {check.target}"
