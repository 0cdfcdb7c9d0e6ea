"""Whether a run can go on with another version of its definition."""

from __future__ import annotations

from collections.abc import Iterable

from .graph import dependencies_of
from .model import Definition, Step


class Shape:
    """What steps of a version do and wait for, without what is for people and guesses alone."""

    def __init__(self, definition: Definition) -> None:
        self._needed = dependencies_of(definition.tasks)
        self._steps = {step.id: step for step in definition.tasks}

    def of(self, step: str) -> tuple[Step, tuple[str, ...]] | None:
        """Equal for steps that do the same in two versions; None for one that is not there."""
        found = self._steps.get(step)
        if found is None:
            return None
        return found.model_copy(update={"name": None, "metadata": {}, "estimated_duration": None}), self._needed[step]


def obstacles(now: Shape, then: Shape, done: Iterable[str], active: Iterable[str]) -> list[str]:
    """Why a run cannot move: what it has begun must be as it was, and wait for nothing new. One sentence each."""
    found: list[str] = []
    for begun, names in (("is done", done), ("has begun", active)):
        for name in names:
            before, after = now.of(name), then.of(name)
            if after is None:
                found.append(f"{name} {begun}, and the version does not have it")
            elif after != before:
                found.append(f"{name} {begun}, and is another in the version")
    return found
