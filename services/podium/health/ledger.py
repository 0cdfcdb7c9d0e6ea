"""What the router says of attempts: who has what in hand. Folded from its events, in its order."""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.tasks import (
    AttemptFailed,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskSubmitted,
)

from .parts import Attempt, Parts
from .results import TaskEnd

NOT_ITS_FAULT: Final = frozenset({"agent_lost", "heartbeat_timeout", "agent_unregistered", "deadline_exceeded"})
"""Codes of attempts that say nothing of how well their agent works."""

FOLLOWED: Final = (
    TaskSubmitted,
    TaskAssigned,
    AttemptFailed,
    TaskPaused,
    TaskCompleted,
    TaskFailed,
    TaskCancelled,
)
"""What of the router's events says anything here."""

CLOSED_KEPT: Final = 100_000
"""A recovery must be over before so many other tasks are closed, or it does not see that its own one is."""


def follow(parts: Parts, task: str, fact: Struct, at: float, limit: float | None) -> bool:
    """Fold one of the router's events; whether the task is now in other hands than before.

    Args:
        limit: seconds that a task may do without progress if it does not say so itself.
    """
    match fact:
        case TaskSubmitted():
            if fact.timeouts.progress is not None or fact.timeouts.heartbeat is not None:
                parts.limits[task] = fact.timeouts
            return False
        case TaskAssigned():
            _give_back(parts, task)
            skills = tuple(sys.intern(skill) for skill in fact.skills)
            own = parts.limits.get(task)
            attempt = Attempt(fact.agent, fact.attempt, at, limit, sys.intern(fact.kind), skills)
            if own is not None:
                attempt = replace(attempt, limit=own.progress or limit, patient=own.heartbeat is not None)
            parts.attempts[task] = attempt
            parts.skills[task] = skills
            parts.kinds[task] = attempt.kind
            parts.held.setdefault(fact.agent, OrderedDict())[task] = None
            return True
        case AttemptFailed():
            if fact.code not in NOT_ITS_FAULT:
                _note(parts, task, fact.agent, at, None)
            return _give_back(parts, task)
        case TaskPaused():
            return _give_back(parts, task)
        case TaskCompleted():
            _note(parts, task, fact.agent, at, fact.duration)
            parts.closings.add("", parts.skills.get(task, ()), at, failed=False, duration=None)
            return _close(parts, TaskEnd(task, "completed", parts.kinds.get(task, ""), at, fact.agent))
        case TaskFailed():
            parts.closings.add("", parts.skills.get(task, ()), at, failed=True, duration=None)
            return _close(parts, TaskEnd(task, "failed", parts.kinds.get(task, ""), at, fact.agent, fact.code))
        case TaskCancelled():
            return _close(parts, TaskEnd(task, "cancelled", parts.kinds.get(task, ""), at, fact.agent))
        case _:
            return False


def _note(parts: Parts, task: str, agent: str, at: float, duration: float | None) -> None:
    """An attempt that was in hand has ended, without a result if it has no duration."""
    attempt = parts.attempts.get(task)
    if attempt is not None and attempt.agent == agent:
        parts.results.add(agent, attempt.skills, at, failed=duration is None, duration=duration)


def _close(parts: Parts, end: TaskEnd) -> bool:
    task = end.task
    parts.ends.append(end)
    parts.limits.pop(task, None)
    parts.skills.pop(task, None)
    parts.kinds.pop(task, None)
    parts.closed[task] = None
    if len(parts.closed) > CLOSED_KEPT:
        parts.closed.popitem(last=False)
    return _give_back(parts, task)


def _give_back(parts: Parts, task: str) -> bool:
    attempt = parts.attempts.pop(task, None)
    if attempt is None:
        return False
    parts.steps.pop(task, None)
    held = parts.held[attempt.agent]
    del held[task]
    if not held:
        del parts.held[attempt.agent]
    return True
