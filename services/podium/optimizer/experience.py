"""What happened, folded: how each agent did with each kind of task. Old outcomes fade."""

from __future__ import annotations

from collections import OrderedDict, deque
from math import log
from typing import Final, Literal

import msgspec
from msgspec import Struct, field

from podium.contracts.insights import Outcomes
from podium.contracts.predictions import PastCase

from .settings import OptimizerSettings
from .trend import Trend

KINDS_KEPT: Final = 2_000
CELLS_KEPT: Final = 100_000
"""How many kinds, and pairs of agent and kind, are known; the one of longest ago is forgotten first."""

CASES_KEPT: Final = 32
"""The newest outcomes of a kind that are known one by one."""

SHORTEST: Final = 1e-6
"""Seconds; a duration of nothing has no logarithm."""


class Outcome(Struct, frozen=True, gc=False):
    """How an attempt at a task ended.

    Attributes:
        duration: seconds, of one that was completed.
        size: bytes of the task's input.
        waited: seconds before it was assigned.
    """

    task: str
    kind: str
    agent: str
    ok: bool
    duration: float
    size: int
    waited: float
    cost: float | None = None


class Cell(Struct, gc=False, array_like=True):
    """How one agent did with one kind of task; sums in which older outcomes count less.

    Attributes:
        at: of the newest outcome, seconds since the epoch, UTC.
        count: outcomes that do not fade.
        attempts, successes: faded counts.
        waited, waits: faded sum of seconds, and of their squares.
        costed, cost: faded count and sum of the attempts of which the cost is known.
        seconds: faded sum of the durations of the completed attempts.
        timed: faded count of the completed attempts.
        mean, squares: of the logarithm of their durations: the mean, and the sum of squared distances from it, by
            Welford's recursion (Technometrics 1962) with fading weights (West, Communications of the ACM 1979).
        times, ends: how that logarithm, and whether attempts completed (1 or 0), change.
    """

    at: float = 0.0
    count: int = 0
    attempts: float = 0.0
    successes: float = 0.0
    waited: float = 0.0
    costed: float = 0.0
    cost: float = 0.0
    seconds: float = 0.0
    timed: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    waits: float = 0.0
    times: Trend = field(default_factory=Trend)
    ends: Trend = field(default_factory=Trend)

    def add(self, outcome: Outcome, at: float, keep: float, half_life: float) -> None:
        """`keep`: share of what was known that still counts after one more outcome."""
        _follow(self.times, self.ends, outcome, keep)
        passed = at - self.at
        if passed > 0.0:
            keep *= 0.5 ** (passed / half_life)
            self.at = at
        self.count += 1
        self.attempts = keep * self.attempts + 1.0
        self.waited = keep * self.waited + outcome.waited
        self.waits = keep * self.waits + outcome.waited * outcome.waited
        self.seconds *= keep
        self.costed *= keep
        self.cost *= keep
        if outcome.cost is not None:
            self.costed += 1.0
            self.cost += outcome.cost
        if not outcome.ok:
            self.successes *= keep
            self.timed *= keep
            self.squares *= keep
            return
        self.successes = keep * self.successes + 1.0
        self.seconds += outcome.duration
        self.timed = keep * self.timed + 1.0
        distance = log(max(outcome.duration, SHORTEST)) - self.mean
        self.mean += distance / self.timed
        self.squares = keep * self.squares + distance * distance * (1.0 - 1.0 / self.timed)


class _Dump(Struct, frozen=True):
    format: Literal["optimizer-facts-2"]
    kinds: list[tuple[str, list[tuple[str, Cell]]]]
    order: list[tuple[str, str]]
    totals: dict[str, Outcomes]
    cases: dict[str, list[PastCase]]
    trends: dict[str, tuple[Trend, Trend]]


class Experience:
    """Observed: changed by `fold` alone, so that it is the same after every replay.

    Attributes:
        kinds: kind → agent → how it did.
        agents: the same cells: agent → kind.
        totals: kind → how it went from the beginning; nothing of this fades.
        trends: kind → the trends of all its outcomes, as those of a cell.
        cases: kind → its newest outcomes, the oldest first.
        changed: kinds with outcomes that nobody has looked at yet.
    """

    def __init__(self, settings: OptimizerSettings) -> None:
        self.kinds: dict[str, dict[str, Cell]] = {}
        self.agents: dict[str, dict[str, Cell]] = {}
        self.totals: dict[str, Outcomes] = {}
        self.cases: dict[str, deque[PastCase]] = {}
        self.trends: dict[str, tuple[Trend, Trend]] = {}
        self.changed: dict[str, None] = {}
        self._order: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._keep = 1.0 - 1.0 / settings.memory
        self._half_life = settings.half_life

    def fold(self, outcome: Outcome, at: float) -> None:
        kind, agent = outcome.kind, outcome.agent
        cells = self.kinds.get(kind)
        cell = None if cells is None else cells.get(agent)
        if cell is None:
            cell = Cell(at)
            self._enter(kind, agent, cell)
        cell.add(outcome, at, self._keep, self._half_life)
        self._order.move_to_end((kind, agent))
        self.totals[kind] = _added(self.totals.get(kind), outcome)
        _follow(*self.trends[kind], outcome, self._keep)
        self.cases[kind].append(PastCase(outcome.task, agent, outcome.size, outcome.duration if outcome.ok else None))
        self.changed[kind] = None

    def _enter(self, kind: str, agent: str, cell: Cell) -> None:
        self.kinds.setdefault(kind, {})[agent] = cell
        if kind not in self.cases:
            self.cases[kind], self.trends[kind] = deque(maxlen=CASES_KEPT), (Trend(), Trend())
        self.agents.setdefault(agent, {})[kind] = cell
        self._order[kind, agent] = None
        if len(self._order) > CELLS_KEPT:
            self._forget(*next(iter(self._order)))
        if len(self.kinds) > KINDS_KEPT:
            oldest = next(kind for kind, _ in self._order)
            for name in list(self.kinds[oldest]):
                self._forget(oldest, name)

    def _forget(self, kind: str, agent: str) -> None:
        del self._order[kind, agent]
        for table, first, second in ((self.kinds, kind, agent), (self.agents, agent, kind)):
            del table[first][second]
            if not table[first]:
                del table[first]
        if kind not in self.kinds:
            self.totals.pop(kind, None)
            self.cases.pop(kind, None)
            self.trends.pop(kind, None)

    def dump(self) -> bytes:
        """Equal experience gives equal bytes."""
        kinds = [(kind, list(cells.items())) for kind, cells in self.kinds.items()]
        cases = {kind: list(cases) for kind, cases in self.cases.items()}
        return msgspec.msgpack.encode(
            _Dump("optimizer-facts-2", kinds, list(self._order), self.totals, cases, self.trends)
        )

    def load(self, dumped: bytes) -> None:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content = msgspec.msgpack.decode(dumped, type=_Dump)
        self.kinds = {kind: dict(cells) for kind, cells in content.kinds}
        self._order = OrderedDict.fromkeys(content.order)
        self.totals = content.totals
        self.cases = {kind: deque(cases, CASES_KEPT) for kind, cases in content.cases.items()}
        self.trends = content.trends
        self.agents = {}
        for kind, agent in content.order:
            self.agents.setdefault(agent, {})[kind] = self.kinds[kind][agent]
        self.changed = dict.fromkeys(self.kinds)


def _follow(times: Trend, ends: Trend, outcome: Outcome, keep: float) -> None:
    ends.add(float(outcome.ok), keep)
    if outcome.ok:
        times.add(log(max(outcome.duration, SHORTEST)), keep)


def _added(before: Outcomes | None, outcome: Outcome) -> Outcomes:
    known = before or Outcomes(0.0, 0.0, 0.0, 0.0)
    logarithm = log(max(outcome.duration, SHORTEST)) if outcome.ok else 0.0
    return Outcomes(
        known.attempts + 1.0,
        known.completed + outcome.ok,
        known.logs + logarithm,
        known.squares + logarithm * logarithm,
        known.waited + outcome.waited,
        known.waits + outcome.waited * outcome.waited,
    )
