"""What the router says of attempts: who has what in hand. Folded from its events, in its order.

Of each event that nearly every task has, only the fields that are looked at are read.
"""

from __future__ import annotations

import sys
from typing import Final

from msgspec import Struct

from podium.contracts.envelope import Event
from podium.contracts.hooks import Ending
from podium.contracts.queues import QueueMeasured
from podium.contracts.tasks import AttemptFailed, TaskCancelled, TaskFailed, TaskPaused

from .ends import TaskEnd
from .parts import Attempt, Fallen, Held, Parts, Rest

NOT_ITS_FAULT: Final = frozenset({"agent_lost", "heartbeat_timeout", "agent_unregistered", "deadline_exceeded"})
"""Codes of attempts that say nothing of how well their agent works."""


SUCCESSOR: Final = "-recovery-"
"""In the names of tasks that took the places of others; `recovery.successor` makes them."""

SKILLS_KEPT: Final = 2_000
FALLEN_KEPT: Final = 100_000
SUCCESSORS_KEPT: Final = 10_000

_UNKNOWN: Final = Rest("", ())


class Assigned(Event, frozen=True, tag="task_assigned"):
    """What is looked at of `TaskAssigned`."""

    agent: str
    attempt: int
    kind: str
    skills: tuple[str, ...]
    progress_within: float | None = None
    heartbeat_within: float | None = None


class Completed(Event, frozen=True, tag="task_completed"):
    """What is looked at of `TaskCompleted`."""

    agent: str
    duration: float


FOLLOWED: Final[tuple[type[Struct], ...]] = (
    Assigned,
    Completed,
    AttemptFailed,
    TaskPaused,
    TaskFailed,
    TaskCancelled,
    QueueMeasured,
)
"""What of the router's events says anything here."""


def follow(parts: Parts, task: str, fact: Struct, at: float, limit: float | None) -> bool:
    """Fold one of the router's events; whether the task is now in other hands than before, or over.

    Args:
        limit: seconds that a task may do without progress if it does not say so itself.
    """
    match fact:
        case Assigned():
            if task in parts.attempts:
                _give_back(parts, task)
            if parts.rests:
                parts.rests.pop(task, None)
            attempt = Attempt(
                fact.agent,
                fact.attempt,
                at,
                fact.progress_within or limit,
                sys.intern(fact.kind),
                tuple(map(sys.intern, fact.skills)),
                fact.heartbeat_within is not None,
            )
            parts.attempts[task] = attempt
            held = parts.held.get(fact.agent)
            if held is None:
                held = parts.held[fact.agent] = Held()
            held[task] = None
            return True
        case Completed():
            if SUCCESSOR in task:
                _ended(parts, task, "completed")
            known = _give_back(parts, task)
            if known is None:  # a plan had its output, and no agent did it
                rest = parts.rests.pop(task, _UNKNOWN)
                parts.ends.append(TaskEnd(task, "completed", rest.kind, at, fact.agent))
                return True
            parts.results.add(fact.agent, known.skills, at, "done", fact.duration)
            parts.ends.append(TaskEnd(task, "completed", known.kind, at, fact.agent))
            return True
        case AttemptFailed():
            known = _give_back(parts, task)
            if known is None:
                return False
            if fact.code not in NOT_ITS_FAULT and known.agent == fact.agent:
                parts.results.add(fact.agent, known.skills, at, "failed")
            parts.rests[task] = Rest(known.kind, known.skills, known.agent, known.attempt, fact.code)
            return True
        case TaskPaused():
            known = _give_back(parts, task)
            if known is None:
                return False
            parts.rests[task] = Rest(known.kind, known.skills)
            return True
        case TaskFailed():
            rest = _close(parts, task)
            if SUCCESSOR in task:
                _ended(parts, task, "failed")
            parts.results.add("", rest.skills, at, "closed")
            parts.ends.append(TaskEnd(task, "failed", rest.kind, at, fact.agent, fact.code))
            parts.fallen[task] = Fallen(rest.kind, fact.agent or "", fact.attempts, fact.code, at)
            if len(parts.fallen) > FALLEN_KEPT:
                del parts.fallen[next(iter(parts.fallen))]
            return True
        case TaskCancelled():
            rest = _close(parts, task)
            if SUCCESSOR in task:
                _ended(parts, task, "cancelled")
            parts.ends.append(TaskEnd(task, "cancelled", rest.kind, at, fact.agent))
            return True
        case QueueMeasured():
            parts.waits = fact.waiting
            kept = parts.waiting if len(parts.waiting) <= SKILLS_KEPT else {}
            parts.waiting = dict.fromkeys(kept, 0) | fact.skills
            return False
        case _:
            return False


def _close(parts: Parts, task: str) -> Rest:
    """What is known of a task that has ended."""
    rest = parts.rests.pop(task, None)
    known = _give_back(parts, task)
    return Rest(known.kind, known.skills) if known is not None else rest or _UNKNOWN


def _ended(parts: Parts, task: str, ending: Ending) -> None:
    parts.successors[task] = ending
    if len(parts.successors) > SUCCESSORS_KEPT:
        del parts.successors[next(iter(parts.successors))]


def _give_back(parts: Parts, task: str) -> Attempt | None:
    """Nobody has the task any more; who had it."""
    attempt = parts.attempts.pop(task, None)
    if attempt is None:
        return None
    if parts.steps:
        parts.steps.pop(task, None)
    held = parts.held[attempt.agent]
    del held[task]
    if not held:
        del parts.held[attempt.agent]
    return attempt
