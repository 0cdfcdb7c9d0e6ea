"""How the attempts and tasks of each agent and of each skill ended lately, as the router tells it."""

from __future__ import annotations

from collections import deque
from typing import Final, Literal, get_args

from podium.contracts.recovery import Scope

MOST: Final = 256
"""So many of the newest results of each are kept."""

NAMES_KEPT: Final = 20_000
"""Of agents and of skills; if there are more, a quarter is forgotten: those that had no result for longest."""

ALL: Final = "all"

Verdict = Literal["done", "failed", "closed"]
"""`done`: an attempt that completed, and its task with it. `failed`: an attempt that did. `closed`: a task that did."""

Result = tuple[float, str, Verdict, float]
"""When it was, by whom (empty if by nobody), and how many seconds an attempt took that is done."""

Kept = tuple[Scope, str, list[Result]]


class Ended:
    """The newest results of an agent, a skill or everything, the newest last.

    Attributes:
        is_measured: nothing came since the last measurement.
        is_judged: nothing came since the breaker was looked at.
        has_failed: one that came since then is a failure.
    """

    __slots__ = ("has_failed", "is_judged", "is_measured", "name", "newest", "scope")

    def __init__(self, scope: Scope, name: str) -> None:
        self.scope: Scope = scope
        self.name = name
        self.newest: deque[Result] = deque(maxlen=MOST)
        self.is_measured = self.is_judged = True
        self.has_failed = False

    def attempts(self, at: float) -> tuple[int, int, int]:
        """How many ended after that time, how many of them failed, and of how many agents those were."""
        total = failed = 0
        agents: set[str] = set()
        for ended, agent, verdict, _ in reversed(self.newest):
            if ended <= at:
                break
            total += verdict != "closed"
            if verdict == "failed":
                failed += 1
                agents.add(agent)
        return total, failed, len(agents)

    def tasks(self, at: float) -> tuple[int, int]:
        """How many tasks completed or failed after that time, and how many of them failed."""
        done = closed = 0
        for ended, _, verdict, _ in reversed(self.newest):
            if ended <= at:
                break
            done += verdict == "done"
            closed += verdict == "closed"
        return done + closed, closed

    def mean_duration(self, at: float) -> float | None:
        """Seconds, of those that completed after that time."""
        durations = [took for ended, _, verdict, took in self.newest if ended > at and verdict == "done"]
        return sum(durations) / len(durations) if durations else None


class Results:
    """Observed: what became of attempts and tasks.

    Attributes:
        measured: of whom there are results since the last measurement.
        judged: of whom there are results that the breakers have not seen.
    """

    def __init__(self) -> None:
        self._of: dict[Scope, dict[str, Ended]] = {scope: {} for scope in get_args(Scope)}
        self._agents, self._skills = self._of["agent"], self._of["skill"]
        self._all = self._of["all"].setdefault(ALL, Ended("all", ALL))
        self.measured: list[Ended] = []
        self.judged: list[Ended] = []

    def add(self, agent: str, skills: tuple[str, ...], at: float, verdict: Verdict, duration: float = 0.0) -> None:
        result = (at, agent, verdict, duration)
        if agent and verdict != "closed":
            self._add(self._agents.get(agent) or self._new("agent", agent), result)
        for skill in skills:
            self._add(self._skills.get(skill) or self._new("skill", skill), result)
        everything = self._all
        everything.newest.append(result)
        if everything.is_measured:
            self._note(everything)

    def of(self, scope: Scope, name: str) -> Ended | None:
        found = self._of[scope].get(name)
        return found if found is not None and found.newest else None

    def dump(self) -> list[Kept]:
        return [
            (scope, name, list(ended.newest))
            for scope, of in self._of.items()
            for name, ended in of.items()
            if ended.newest
        ]

    def load(self, dumped: list[Kept]) -> None:
        for scope, name, newest in dumped:
            (self._of[scope].get(name) or self._new(scope, name)).newest.extend(newest)

    def _add(self, ended: Ended, result: Result) -> None:
        ended.newest.append(result)
        if ended.is_judged or ended.is_measured:
            self._note(ended)
        if result[2] == "failed":
            ended.has_failed = True

    def _note(self, ended: Ended) -> None:
        if ended.is_measured:
            ended.is_measured = False
            self.measured.append(ended)
        if ended.is_judged and ended.scope != "all":
            ended.is_judged = False
            self.judged.append(ended)

    def _new(self, scope: Scope, name: str) -> Ended:
        names = self._of[scope]
        if len(names) >= NAMES_KEPT:
            for old in sorted(names, key=lambda name: names[name].newest[-1][0])[: NAMES_KEPT // 4]:
                del names[old]
        ended = names[name] = Ended(scope, name)
        return ended
