"""What a measurement gives: figures with their rounds, as a table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Literal

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from .machine import Machine, Moment


class Goal(Struct, frozen=True):
    """What the figure should be at the least, or at the most."""

    kind: Literal["least", "most"]
    value: float

    def text(self) -> str:
        return f"{'≥' if self.kind == 'least' else '≤'} {number(self.value)}"

    def is_met(self, value: float) -> bool:
        return value >= self.value if self.kind == "least" else value <= self.value


class Figure(Struct, frozen=True):
    """One number, measured in several rounds.

    Attributes:
        values: one for each round, in order.
        ratio: the median beside that of the figure `ratio_to`.
        system: which of several that are compared.
    """

    name: str
    unit: str
    values: list[float]
    goal: Goal | None = None
    ratio: float | None = None
    ratio_to: str | None = None
    system: str = ""

    @property
    def median(self) -> float:
        return median(self.values)


class Grid(Struct, frozen=True):
    """Figures as a table with a row for each system."""

    headings: list[str]
    rows: list[list[str]]


class Result(Struct, frozen=True):
    """One measurement.

    Attributes:
        setting: what was measured how, and how durable it was, in a sentence or two.
        began, ended: how it was with the machine.
        seconds: how long it took.
        grid: the figures of the systems, to be read side by side.
        notes: system → its versions, how durable it was, what else there is to know; or why it was not run.
    """

    name: str
    title: str
    setting: str
    figures: list[Figure]
    began: Moment
    ended: Moment
    seconds: float
    grid: Grid | None = None
    notes: dict[str, str] = {}

    @property
    def rows(self) -> list[Figure]:
        """The figures that are not in the grid."""
        return [figure for figure in self.figures if self.grid is None or not figure.system]


class Report(Struct, frozen=True):
    """A run of several measurements."""

    started: str
    machine: Machine
    rounds: int
    quick: bool
    results: list[Result]


def beside(figure: Figure, other: Figure) -> Figure:
    """The figure with its ratio to another, if that is not nothing."""
    if not other.median:
        return figure
    return msgspec.structs.replace(figure, ratio=figure.median / other.median, ratio_to=other.name)


def number(value: float) -> str:
    """To three significant digits, and thousands with commas."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def about(report: Report) -> str:
    """The machine and the versions."""
    machine = report.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    lines = [
        f"{machine.processor}, {machine.cores} cores, {machine.memory:g} GB, {machine.system}",
        versions,
        *(["", "Quick: sizes are a tenth of what is said."] if report.quick else []),
    ]
    return "\n".join([*lines, ""])


def print_result(console: Console, result: Result) -> None:
    table = Table(title=result.title, title_justify="left", title_style="bold", caption_justify="left")
    began, ended = result.began, result.ended
    table.caption = (
        f"{result.setting}\nLoad average {began.load:.1f} to {ended.load:.1f}, "
        f"the machine's pace {began.pace:.0f} to {ended.pace:.0f} ms."
    )
    for heading in ("", "median", "min", "max", "goal", "ratio"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=bool(heading))
    for figure in result.rows:
        table.add_row(*_cells(figure))
    if result.grid is not None:
        side_by_side = Table(*result.grid.headings)
        for row in result.grid.rows:
            side_by_side.add_row(*row)
        console.print(side_by_side)
    for system, note in result.notes.items():
        console.print(f"{system}: {note}", highlight=False)
    console.print(table)
    console.print()


def markdown(results: Sequence[Result]) -> str:
    """The tables as a page of docs has them."""
    lines: list[str] = []
    for result in results:
        lines += [f"**{result.title}.** {result.setting}", ""]
        if result.grid is not None:
            headings = result.grid.headings
            lines += [f"| {' | '.join(headings)} |", f"|---|{'---:|' * (len(headings) - 1)}"]
            lines += [f"| {' | '.join(row)} |" for row in result.grid.rows]
            lines.append("")
        if result.notes:
            lines += [*(f"- {system}: {note}" for system, note in result.notes.items()), ""]
        lines += ["| | median | min | max | goal | |", "|---|---:|---:|---:|---:|---|"]
        lines += [f"| {' | '.join(_cells(figure))} |" for figure in result.rows]
        lines.append("")
    return "\n".join(lines)


def write_json(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = msgspec.to_builtins(report)
    for result, entry in zip(report.results, content["results"], strict=True):
        for figure, row in zip(result.figures, entry["figures"], strict=True):
            row["median"] = figure.median
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content)) + b"\n")


def _cells(figure: Figure) -> tuple[str, ...]:
    goal = "" if figure.goal is None else f"{figure.goal.text()}{' ✓' if figure.goal.is_met(figure.median) else ' ✗'}"
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f} × {figure.ratio_to}"
    values = (number(figure.median), number(min(figure.values)), number(max(figure.values)))
    return (f"{figure.name} ({figure.unit})" if figure.unit else figure.name, *values, goal, ratio)
