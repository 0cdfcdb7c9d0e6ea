"""`podium anomaly`: what is strange in a series of numbers, and where its trend leads; a module started by its name."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from ._app import app, start_module

_MODULE = "podium.health.anomaly.main"

series = App(name="anomaly", help="Look at a series of numbers: anomalies and trends. Needs no server.")
app.command(series)


@series.command(
    help_epilogue="""\
Examples:
  podium anomaly detect cpu.csv | sort -t, -k3 -r | head
  tail -f cpu.csv | podium anomaly detect -

Rows are written back with their score, 0 to 1, as soon as they are read; a missing value scores 0.
Exit codes: 0 done, 2 a file or a row that cannot be read.""",
)
def detect(file: str, /) -> int:
    """Score each row of a series: near 0 what is usual, above 0.5 what is worth a look.

    Parameters
    ----------
    file
        CSV with a timestamp (ISO, or seconds since 1970) and a value in each row; - for the standard input
    """
    return start_module(_MODULE, "detect", "--", _unmarked(file))


@series.command(
    help_epilogue="""\
Example:
  podium anomaly forecast disk.csv --threshold 90 --half-life 86400

Exit codes: 0 done, 2 a file or a row that cannot be read.""",
)
def forecast(
    file: str,
    /,
    *,
    threshold: float,
    half_life: Annotated[float | None, Parameter(help="seconds after which a row counts half [3600]")] = None,
    confidence: Annotated[float | None, Parameter(help="that the interval holds the true time [0.9]")] = None,
) -> int:
    """Say when the trend of a series reaches a threshold, with an interval; nothing if it does not lead there.

    Parameters
    ----------
    file
        CSV with a timestamp (ISO, or seconds since 1970) and a value in each row; - for the standard input
    threshold
        the value
    """
    chosen = {"--threshold": threshold, "--half-life": half_life, "--confidence": confidence}
    options = [f"{name}={value!r}" for name, value in chosen.items() if value is not None]
    return start_module(_MODULE, "forecast", *options, "--", _unmarked(file))


def _unmarked(file: str) -> str:
    """A lone hyphen reaches the commands as @-."""
    return "-" if file == "@-" else file
