"""What keeps work from an agent, a skill or everything, as health says it."""

from __future__ import annotations

from typing import Final

from podium.contracts.recovery import HoldCause, HoldLifted, HoldPlaced, Scope

EVERYTHING: Final = "hold/all"
"""The shelf of lines that wait until work goes on at all."""


class Holds:
    """Observed: by what is held, each cause of it and its hold.

    Attributes:
        stop: why everything is stopped; None if it is not.
    """

    def __init__(self) -> None:
        self.stop: str | None = None
        self._of: dict[tuple[Scope, str], dict[HoldCause, HoldPlaced]] = {}

    def fold(self, name: str, fact: HoldPlaced | HoldLifted) -> None:
        match fact:
            case HoldPlaced():
                self._of.setdefault((fact.scope, name), {})[fact.cause] = fact
            case HoldLifted():
                held = self._of.get((fact.scope, name), {})
                held.pop(fact.cause, None)
                if not held:
                    self._of.pop((fact.scope, name), None)
        if fact.cause == "emergency":
            self.stop = fact.reason if isinstance(fact, HoldPlaced) else None

    def room(self, agent: str, slots: int) -> int:
        """How many tasks the agent may have at the same time."""
        if not self._of or (held := self._of.get(("agent", agent))) is None:
            return slots
        return min(slots, 1) if all(hold.probe for hold in held.values()) else 0

    def shelf(self, skills: tuple[str, ...]) -> str | None:
        """Where tasks that require these skills wait while nobody may have them; None if somebody may."""
        if not self._of:
            return None
        if ("all", "all") in self._of:
            return EVERYTHING
        return next((skill_shelf(skill) for skill in skills if self._is_shut(skill)), None)

    def reasons(self, skills: tuple[str, ...]) -> list[str]:
        """Why nobody may have such tasks, in words."""
        found = [f"all work is held: {_why(held)}" for held in [self._of.get(("all", "all"))] if held]
        return found + [
            f"the skill {skill} is held: {_why(self._of['skill', skill])}" for skill in skills if self._is_shut(skill)
        ]

    def _is_shut(self, skill: str) -> bool:
        held = self._of.get(("skill", skill))
        return held is not None and not all(hold.probe for hold in held.values())


def skill_shelf(skill: str) -> str:
    return f"hold/skill/{skill}"


def _why(held: dict[HoldCause, HoldPlaced]) -> str:
    return ", ".join(f"{hold.reason} ({cause})" for cause, hold in held.items())
