"""What the router says of attempts: who has what in hand. Folded from its events, in its order."""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct

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


def follow(parts: Parts, task: str, fact: Struct, at: float, limit: float | None) -> bool:
    """Fold one of the router's events; whether the task is now in other hands than before.

    Args:
        limit: seconds that a task may do without progress if it does not say so itself.
    """
    match fact:
        case TaskSubmitted():
            if fact.timeouts.progress is not None:
                parts.limits[task] = fact.timeouts.progress
            return False
        case TaskAssigned():
            _give_back(parts, task)
            parts.attempts[task] = Attempt(fact.agent, fact.attempt, at, parts.limits.get(task, limit))
            parts.held.setdefault(fact.agent, OrderedDict())[task] = None
            return True
        case AttemptFailed() | TaskPaused():
            return _give_back(parts, task)
        case TaskCompleted() | TaskFailed() | TaskCancelled():
            parts.limits.pop(task, None)
            return _give_back(parts, task)
        case _:
            return False


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
