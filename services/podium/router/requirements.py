"""What a task demands of an agent. Tasks that demand the same wait in the same line."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from msgspec import Struct

from podium.contracts.tasks import Constraints, Strategy, TaskSpec

T = TypeVar("T")

MICRO: Final = 1_000_000
"""Amounts of resources are counted in whole millionths, so that sums are exact in any order."""

MOST: Final = 1e12
"""More than this of a resource counts as this much."""

UNCONSTRAINED: Final = Constraints()


class Requirements(Struct, frozen=True, cache_hash=True, gc=False, array_like=True):
    """In a normal form: equal requirements are equal, in whatever order they were written.

    Attributes:
        agents: only these, if any are named.
        resources: name and amount in millionths, none of them 0.
    """

    skills: tuple[str, ...] = ()
    min_level: float = 0.0
    model: str | None = None
    agents: tuple[str, ...] = ()
    resources: tuple[tuple[str, int], ...] = ()
    max_response_time: float | None = None
    min_reliability: float | None = None
    strategy: Strategy | None = None

    @property
    def conditional(self) -> bool:
        """Whether it depends on how an agent is at the moment who is able."""
        return bool(self.resources) or self.max_response_time is not None or self.min_reliability is not None


def requirements_of(spec: TaskSpec) -> Requirements:
    constraints = spec.constraints
    skills = tuple(spec.skills) if len(spec.skills) < 2 else tuple(sorted(set(spec.skills)))
    if not spec.resources and constraints == UNCONSTRAINED:
        return Requirements(skills, strategy=spec.strategy)
    return Requirements(
        skills=skills,
        min_level=constraints.min_level if skills else 0.0,
        model=constraints.required_model,
        agents=tuple(sorted(set(constraints.agents))),
        resources=tuple(sorted((name, in_micro(amount)) for name, amount in spec.resources.items() if amount > 0)),
        max_response_time=constraints.max_response_time,
        min_reliability=constraints.min_reliability,
        strategy=spec.strategy,
    )


def in_micro(amount: float) -> int:
    """An amount in millionths."""
    return round(min(amount, MOST) * MICRO)


class Pool(Generic[T]):
    """Keeps one of each equal value, so that many tasks share it."""

    def __init__(self, limit: int = 10_000) -> None:
        self._values: dict[T, T] = {}
        self._limit = limit

    def shared(self, value: T) -> T:
        """The value, or the equal one that was here before. Full, it forgets, which only costs memory."""
        found = self._values.get(value)
        if found is not None:
            return found
        if len(self._values) >= self._limit:
            self._values.clear()
        self._values[value] = value
        return value
