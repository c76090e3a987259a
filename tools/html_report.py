"""The report as one HTML page that needs nothing else."""

from .compile_report import Report


def render_report(report: Report) -> str:
    """A self-contained page."""
    return f"<html><body><pre>{report}</pre></body></html>"
