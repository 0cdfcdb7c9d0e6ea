"""Assignments as an agent gets them, for tests that need no router."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from podium.client import Task
from podium.client._task import Tell
from podium.contracts.envelope import Progress
from podium.contracts.tasks import Decision, TaskAssigned

_DECISION = Decision("best_score", 1, 1, 1, [])


def assigned(
    attempt: int = 1, *, kind: str = "echo", skills: Sequence[str] = ("echo",), input: object = None, agent: str = "a1"
) -> TaskAssigned:
    return TaskAssigned(agent, attempt, kind, list(skills), Raw(msgspec.json.encode(input)), _DECISION)


def keep_progress() -> tuple[list[Progress], Tell]:
    """What was told, and the ear for it."""
    told: list[Progress] = []

    def tell(task: Task, progress: Progress) -> None:
        told.append(progress)

    return told, tell
