"""What the router says of runs of workflows: that they begin, and how they end.

Of each event only the fields that are looked at are read.
"""

from __future__ import annotations

import sys
from typing import Final

from msgspec import Struct

from podium.contracts.envelope import Event
from podium.contracts.hooks import Ending

from .ends import RunEnd
from .parts import Parts, Run


class RunStarted(Event, frozen=True, tag="workflow_started"):
    """What is looked at of `WorkflowStarted`."""

    workflow: str
    parent: str | None = None


class RunCompleted(Event, frozen=True, tag="workflow_completed"):
    """What is looked at of `WorkflowCompleted`."""


class RunFailed(Event, frozen=True, tag="workflow_failed"):
    """What is looked at of `WorkflowFailed`."""

    code: str
    step: str | None = None


class RunCancelled(Event, frozen=True, tag="workflow_cancelled"):
    """What is looked at of `WorkflowCancelled`."""


RunFact = RunStarted | RunCompleted | RunFailed | RunCancelled
FOLLOWED: Final[tuple[type[Struct], ...]] = (RunStarted, RunCompleted, RunFailed, RunCancelled)


def follow(parts: Parts, run: str, fact: RunFact, at: float) -> None:
    """Fold one of the router's events."""
    match fact:
        case RunStarted():
            parts.runs[run] = Run(sys.intern(fact.workflow), at, fact.parent)
        case RunCompleted():
            _end(parts, run, "completed", at)
        case RunFailed():
            _end(parts, run, "failed", at, fact.code, fact.step)
        case RunCancelled():
            _end(parts, run, "cancelled", at)


def _end(parts: Parts, run: str, ending: Ending, at: float, code: str | None = None, step: str | None = None) -> None:
    known = parts.runs.pop(run, None)
    if known is None:
        parts.ends.append(RunEnd(run, ending, "", at, code=code, step=step))
        return
    duration = round(max(0.0, at - known.since), 3)
    parts.ends.append(RunEnd(run, ending, known.workflow, at, duration, code, step, known.parent))
