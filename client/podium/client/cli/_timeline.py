"""A run as a Gantt chart on a terminal: a bar for each step, and the chain that determined how long it took."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from podium.contracts.workflow_insights import CriticalAnswer
from podium.contracts.workflow_queries import StepRow

SHOWN: Final = 60
"""Steps; of more those of the chain and the longest ones."""

_STYLES: Final = {"completed": "green", "running": "cyan", "failed": "red", "skipped": "dim"}


def show(critical: CriticalAnswer, steps: Sequence[StepRow], console: Console | None = None) -> None:
    """Times run from left to right, from the run's start to its end or to now."""
    console = console or Console()
    run = critical.run
    start = run.started_at
    end = time.time() if run.ended_at is None else run.ended_at
    chain = {step.step: step for step in critical.path}
    width = max(20, min(100, console.width - 60))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("step", f"0 to {end - start:.4g} s", "began", "took", "waited"):
        table.add_column(column, justify="left" if column == "step" or " to " in column else "right", no_wrap=True)
    for step in _chosen(steps, chain.keys(), end):
        over = end if step.ended_at is None else step.ended_at
        on_chain = chain.get(step.step)
        worked = step.started_at if on_chain is None or on_chain.worked_at is None else on_chain.worked_at
        waited = "" if on_chain is None else f"{max(0.0, worked - on_chain.ready_at):.3g}"
        name = Text(("▸ " if on_chain else "  ") + step.step, style="bold" if on_chain else "")
        bar = _bar(step.started_at - start, worked - start, over - start, end - start, width)
        began, took = f"{step.started_at - start:.3g}", f"{over - worked:.3g}"
        table.add_row(name, Text(bar, style=_STYLES[step.phase]), began, took, waited)
    console.print(table)
    hidden = max(0, len(steps) - SHOWN)
    if hidden:
        console.print(f"  and {hidden} shorter steps", style="dim")
    console.print(
        f"\n▸ the longest chain: {len(critical.path) + critical.omitted} steps, "
        f"{critical.work:.4g} s of work, {critical.waited:.4g} s of waiting for agents or a turn"
    )


def _chosen(steps: Sequence[StepRow], chain: Collection[str], end: float) -> list[StepRow]:
    if len(steps) <= SHOWN:
        return list(steps)

    def weight(step: StepRow) -> tuple[bool, float]:
        return (step.step in chain, (end if step.ended_at is None else step.ended_at) - step.started_at)

    longest = {step.step for step in sorted(steps, key=weight, reverse=True)[:SHOWN]}
    return [step for step in steps if step.step in longest]


def _bar(began: float, worked: float, ended: float, whole: float, width: int) -> str:
    """Dots while it waits for an agent, a line while one is at work."""
    if whole <= 0:
        return "━"
    a, b, c = (round(min(max(at / whole, 0.0), 1.0) * width) for at in (began, worked, ended))
    a = min(a, width - 1)
    return " " * a + "·" * (b - a) + "━" * max(1, c - max(a, b))
