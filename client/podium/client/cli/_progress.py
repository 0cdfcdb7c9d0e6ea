"""A run on a terminal while it goes: a line for each step, the latest at the end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from rich.console import RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from podium.contracts.definitions import Step
from podium.contracts.workflows import (
    RUN_CLOSING,
    StepCompleted,
    StepContinued,
    StepFailed,
    StepSkipped,
    StepStarted,
    WorkflowPaused,
    WorkflowResumed,
    WorkflowStarted,
)

SHOWN: Final = 30
"""Lines; of the other steps how many they are."""

_OTHER_WORK: Final = ("fallback", "compensation")
_MARKS: Final = {"completed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "dim")}


class _Line(Struct):
    began: float
    state: str = "running"
    seconds: float = 0.0
    note: str = ""
    begun: int = 0
    items: int | None = None


class Progress:
    """What rich shows: it is asked for its lines again and again.

    Attributes:
        steps: of the definition, by id, so far as it is known.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self.steps: Mapping[str, Step] = {}
        self._lines: dict[str, _Line] = {}
        self._state = "running"

    def add(self, event: object, at: float) -> bool:
        """Take an event in; whether it closes the run."""
        match event:
            case WorkflowStarted():
                self._state = f"{event.workflow}, version {event.version}"
            case WorkflowPaused():
                self._state = "paused"
            case WorkflowResumed():
                self._state = "running"
            case StepStarted():
                note = _waits_for(self.steps.get(event.step))
                self._lines[event.step] = _Line(at, note=note, items=event.items, begun=int(event.task is not None))
            case StepContinued():
                line = self._line(event.step, at)
                line.begun += 1
                if event.purpose in _OTHER_WORK:
                    line.note = event.purpose
            case StepCompleted():
                self._end(event.step, at, "completed", event.source or "")
            case StepFailed():
                self._end(event.step, at, "failed", f"{event.code}: {event.message}")
            case StepSkipped():
                self._end(event.step, at, "skipped", event.reason)
            case _:
                return isinstance(event, RUN_CLOSING)
        return False

    def _line(self, step: str, at: float) -> _Line:
        return self._lines.setdefault(step, _Line(at))

    def _end(self, step: str, at: float, state: str, note: str) -> None:
        line = self._lines.pop(step, None) or _Line(at)
        self._lines[step] = line
        kept = line.note if line.note in _OTHER_WORK else ""
        line.state, line.note, line.seconds = state, note or kept, at - line.began

    def __rich__(self) -> RenderableType:
        tree = Tree(Text.assemble((self._run_id, "bold"), f"  {self._state}"))
        ended = [name for name, line in self._lines.items() if line.state != "running"]
        running = [name for name, line in self._lines.items() if line.state == "running"]
        room = max(0, SHOWN - len(running))
        if len(ended) > room:
            tree.add(Text(f"{len(ended) - room} more are done", style="dim"))
        for name in [*ended[max(0, len(ended) - room) :], *running[:SHOWN]]:
            tree.add(self._row(name, self._lines[name]))
        if len(running) > SHOWN:
            tree.add(Text(f"{len(running) - SHOWN} more are under way", style="dim"))
        return tree

    def _row(self, name: str, line: _Line) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        several = f" {line.begun} of {line.items}" if line.items is not None else f" {line.begun}" * (line.begun > 1)
        if line.state == "running":
            seconds = max(0.0, time.time() - line.began)
            took, note = Text(f"{seconds:.1f} s", style="dim"), Text(line.note)
            row.add_row(Spinner("dots", style="cyan"), Text(f"{name}{several}"), took, note)
        else:
            mark, style = _MARKS[line.state]
            text = Text(f"{name}{several}", style="dim" if line.state == "skipped" else "")
            row.add_row(Text(mark, style=style), text, Text(f"{line.seconds:.1f} s", style="dim"), Text(line.note))
        return row


def _waits_for(step: Step | None) -> str:
    """Whom or what a step waits for that has no work for agents."""
    if step is None:
        return ""
    match step.action:
        case "approve":
            assert step.approve is not None
            count = "" if step.approve.count == 1 else f" ({step.approve.count} of them)"
            return f"waits for {' or '.join(step.approve.roles)}{count} to approve"
        case "wait_for":
            return f"waits for the signal {step.wait_for}"
        case "workflow":
            return f"waits for a run of {step.workflow}"
        case _:
            return ""
