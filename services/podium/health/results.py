"""How the attempts of each agent and of each skill ended lately, as the router tells it."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final, get_args

from msgspec import Struct

from podium.contracts.alerts import Ending
from podium.contracts.recovery import Scope

MOST: Final = 256
"""So many of the newest results of each are kept."""

NAMES_KEPT: Final = 20_000
"""Of agents and of skills; who had no result for the longest time is forgotten first."""


Result = tuple[float, str, bool, float | None]
"""When it ended, by whom, whether it failed, and after how many seconds if it did not."""

Kept = tuple[Scope, str, list[Result]]


class TaskEnd(Struct, frozen=True, gc=False):
    """Observed: a task has ended, at that time (seconds since the epoch, UTC)."""

    task: str
    ending: Ending
    kind: str
    at: float
    agent: str | None = None
    code: str | None = None


class Results:
    """Observed: what became of attempts.

    Attributes:
        measured: of whom there are results since the last measurement.
        touched: whose newest results were not looked at yet → whether one of them is a failure.
    """

    def __init__(self) -> None:
        self._of: dict[Scope, OrderedDict[str, Ended]] = {scope: OrderedDict() for scope in get_args(Scope)}
        self.measured: dict[tuple[Scope, str], None] = {}
        self.touched: dict[tuple[Scope, str], bool] = {}

    def add(self, agent: str, skills: tuple[str, ...], at: float, *, failed: bool, duration: float | None) -> None:
        if agent:
            self._add("agent", agent, agent, at, failed, duration)
        for skill in skills:
            self._add("skill", skill, agent, at, failed, duration)
        self._add("all", "all", agent, at, failed, duration)

    def of(self, scope: Scope, name: str) -> Ended | None:
        return self._of[scope].get(name)

    def dump(self) -> list[Kept]:
        return [(scope, name, list(ended.newest)) for scope, of in self._of.items() for name, ended in of.items()]

    def load(self, dumped: list[Kept]) -> None:
        for scope, name, newest in dumped:
            ended = self._of[scope][name] = Ended()
            ended.newest.extend(newest)

    def _add(self, scope: Scope, name: str, agent: str, at: float, failed: bool, duration: float | None) -> None:
        names = self._of[scope]
        ended = names.get(name)
        if ended is None:
            ended = names[name] = Ended()
            if len(names) > NAMES_KEPT:
                names.popitem(last=False)
        else:
            names.move_to_end(name)
        ended.newest.append((at, agent, failed, duration))
        self.measured[scope, name] = None
        if scope != "all":
            self.touched[scope, name] = failed or self.touched.get((scope, name), False)


class Ended:
    """The newest results, the newest last."""

    def __init__(self) -> None:
        self.newest: deque[Result] = deque(maxlen=MOST)

    def since(self, at: float) -> tuple[int, int, int]:
        """How many ended after that time, how many of them failed, and of how many agents those were."""
        total = failed = 0
        agents: set[str] = set()
        for ended, agent, bad, _ in reversed(self.newest):
            if ended <= at:
                break
            total += 1
            if bad:
                failed += 1
                agents.add(agent)
        return total, failed, len(agents)

    def mean_duration(self, at: float) -> float | None:
        """Seconds, of those that completed after that time."""
        durations = [took for ended, _, _, took in self.newest if ended > at and took is not None]
        return sum(durations) / len(durations) if durations else None
