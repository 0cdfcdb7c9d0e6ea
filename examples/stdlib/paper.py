"""The report in words and tables, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .report import Kill, Report, Spread
from .survey import FEW, Survey

LOST_SHOWN: Final = 8
WORDS: Final = ("by", "begun", "of task")
"""Columns that are not numbers."""


def write(report: Report, console: Console, *, is_up: bool) -> None:
    """Print all of it. `is_up`: podium still runs, and can be asked at once."""
    _survey(report.survey, console)
    _work(report, console)
    if report.kill is not None:
        _kill(report.kill, report, console)
    _verdict(report, console)
    _asking(report, console, is_up)


def _survey(found: Survey, console: Console) -> None:
    _title(console, "What the modules say")
    console.print(
        f"{found.modules:,} modules, {found.lines:,} lines, {found.classes:,} classes, {found.functions:,} functions "
        f"of mean complexity {found.mean_complexity:.1f}; {found.documented:,} of {found.public:,} public names have a "
        f"docstring ({_percent(found.documented, found.public)})"
    )
    _table(
        console,
        "Slowest modules (processor time of all analyses, and of parsing once)",
        ("module", "lines", "ms", "parsing ms"),
        ((of.module, f"{of.lines:,}", f"{of.seconds * 1e3:.0f}", f"{of.parsing * 1e3:.0f}") for of in found.slowest),
    )
    _table(
        console,
        "Most complex functions (McCabe)",
        ("function", "line", "complexity"),
        ((f"{of.module}.{of.function}", str(of.line), str(of.complexity)) for of in found.most_complex),
    )
    _table(
        console,
        f"Least documented packages (of those with {FEW} public names or more)",
        ("package", "public", "documented", "share"),
        (
            (of.package, str(of.public), str(of.documented), _percent(of.documented, of.public))
            for of in found.least_documented
        ),
    )
    _table(
        console,
        f"Most imported modules ({found.imports:,} imports between the modules, {found.cycles} cycles)",
        ("module", "imported by"),
        ((module, str(count)) for module, count in found.most_imported),
    )
    if found.cycle:
        console.print(
            f"Largest import cycle, imports within functions included: {len(found.cycle)} modules", style="dim"
        )
    for broken in found.unreadable:
        place = f"line {broken.line}" if broken.line is not None else "no place"
        console.print(f"Not Python: {broken.module} ({place}): {broken.error}", style="yellow", markup=False)


def _work(report: Report, console: Console) -> None:
    _title(console, "Who did what")
    skills = sorted({skill for share in report.agents for skill in share.by_skill})
    _table(
        console,
        None,
        ("agent", "slots", "tasks", *skills, "tasks a slot", "s at work", "lost"),
        (
            (
                share.agent + (" †" if share.killed else ""),
                str(share.slots),
                f"{share.tasks:,}",
                *(_blank(share.by_skill.get(skill, 0)) for skill in skills),
                f"{share.tasks / share.slots:.0f}",
                f"{share.working:.1f}",
                _blank(share.lost),
            )
            for share in report.agents
        ),
    )
    console.print(f"Evenness of tasks a slot (Jain's index, 1 is even): {report.evenness:.2f}", style="dim")
    seconds = report.seconds
    console.print(
        f"\n{report.tally.completed:,} tasks in {seconds['work']:.1f} s: {report.tasks_per_second:,.0f} tasks/s; "
        f"podium was up after {seconds['podium']:.1f} s, the agents {seconds['agents']:.1f} s later; "
        f"{seconds['total']:.1f} s in all"
    )
    _table(
        console,
        "Latencies in ms",
        ("from … to", "p50", "p90", "p99", "max"),
        (
            _latency("submitted … assigned", report.latencies["waited"]),
            _latency("assigned … started", report.latencies["handed"]),
            _latency("started … done", report.latencies["worked"]),
            _latency("submitted … done", report.latencies["whole"]),
        ),
    )
    for restart in report.restarts:
        console.print(f"On the way: {restart}", style="yellow", markup=False)


def _kill(kill: Kill, report: Report, console: Console) -> None:
    _title(console, "What the kill cost")
    console.print(
        f"{kill.agent} got SIGKILL {kill.after:.1f} s after the first task was submitted, with {kill.finished:,} tasks "
        f"done and {kill.held} in its hands; {len(kill.lost)} attempts were lost with it."
    )
    if kill.lost:
        noticed = max(lost.noticed for lost in kill.lost)
        codes = ", ".join(sorted({lost.code for lost in kill.lost}))
        console.print(
            f"Its heartbeats stopped; podium gave the attempts up within {noticed:.1f} s ({codes}) and the tasks to "
            f"others. Extra attempts of the whole run: {report.tally.extra}."
        )
    _table(
        console,
        None,
        ("noticed s", "reassigned s", "done s", "by", "lost attempt", "begun", "of task"),
        (
            (
                f"{lost.noticed:.2f}",
                _seconds(lost.reassigned),
                _seconds(lost.done),
                lost.to or "",
                str(lost.attempt),
                "yes" if lost.started else "no",
                lost.task_id,
            )
            for lost in kill.lost[:LOST_SHOWN]
        ),
    )
    if len(kill.lost) > LOST_SHOWN:
        console.print(f"and {len(kill.lost) - LOST_SHOWN} more", style="dim")


def _verdict(report: Report, console: Console) -> None:
    _title(console, "All there?")
    tally = report.tally
    console.print(
        f"{tally.submitted:,} submitted, {tally.completed:,} completed, {tally.twice} twice, {tally.failed} failed; "
        f"{tally.results:,} results, {tally.attempts:,} attempts; the read model has {tally.agreed:,} completed"
    )
    for task_id, failure in list(report.failed.items())[:LOST_SHOWN]:
        console.print(f"{task_id}: {failure}", style="red", markup=False)
    if report.complete:
        console.print("Every task was completed exactly once, and every result is there.", style="bold green")
    else:
        console.print("Something is missing.", style="bold red")


def _asking(report: Report, console: Console, is_up: bool) -> None:
    _title(console, "Ask podium what happened")
    if not is_up:
        console.print("It is all on disk. Start podium again in one terminal")
        _command(console, report.reopen)
        console.print("and ask in another")
    for line in report.ask:
        _command(console, line)


def _command(console: Console, line: str) -> None:
    console.print(f"    {line}", style="cyan", markup=False, highlight=False, soft_wrap=True)


def _title(console: Console, title: str) -> None:
    console.print(f"\n{title}", style="bold underline", highlight=False)


def _table(console: Console, title: str | None, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 or column in WORDS else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if table.row_count:
        if title is not None:
            console.print(f"\n{title}", style="bold", highlight=False)
        console.print(table)


def _latency(name: str, spread: Spread) -> tuple[str, ...]:
    return (name, *(f"{value * 1e3:,.1f}" for value in (spread.p50, spread.p90, spread.p99, spread.max)))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def _blank(number: int) -> str:
    return f"{number:,}" if number else ""


def _seconds(value: float | None) -> str:
    return f"{value:.2f}" if value is not None else "never"
