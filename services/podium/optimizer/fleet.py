"""Who there is, what comes in, and how busy everybody is: observed, as far as insights need it."""

from __future__ import annotations

from collections import OrderedDict
from math import exp, sqrt
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import Struct, field

from podium.contracts.agents import AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.pools import PoolDefined, PoolRemoved, PoolResized

KINDS_KEPT: Final = 2_000
AGENTS_KEPT: Final = 20_000
SPAN: Final = 600.0
"""Seconds after which what an agent did counts e times less for how busy it is."""

STEP: Final = 60.0
"""Seconds over which arrivals are counted."""
AHEAD: Final = 5
"""Steps for which is forecast."""
_LEVEL, _TREND, _DAMPING = 0.3, 0.1, 0.9
_NOISE: Final = _LEVEL / (2.0 - _LEVEL)
"""Of a smoothed level: the share of the variance of what is smoothed."""
_LONGEST_GAP: Final = 1_000


class Submitted(Struct, frozen=True, gc=False, tag_field="event", tag="task_submitted"):
    """The router's event, as far as it is looked at."""

    kind: str
    skills: tuple[str, ...] = ()


class Arrivals(Struct, gc=False, array_like=True):
    """Of a kind, in tasks a step: level and damped trend, and what came in the step that is not over.

    Source: Holt's method with a damped trend, Gardner and McKenzie, "Forecasting Trends in Time Series" (Management
    Science 1985).
    """

    step: int
    count: float = 0.0
    level: float | None = None
    trend: float = 0.0
    steps: int = 0
    skills: tuple[str, ...] = ()

    def add(self, step: int) -> None:
        if step > self.step:
            self.level, self.trend, passed = self.smoothed(step)
            self.steps += passed
            self.step, self.count = step, 0.0
        self.count += 1.0

    def smoothed(self, step: int) -> tuple[float | None, float, int]:
        """Level and trend when a later step begins, and how many steps were over until then."""
        level, trend, value = self.level, self.trend, self.count
        passed = max(0, min(step - self.step, _LONGEST_GAP))
        for _ in range(passed):
            if level is None:
                level = value
            else:
                before = level
                level = _LEVEL * value + (1.0 - _LEVEL) * (before + _DAMPING * trend)
                trend = _TREND * (level - before) + (1.0 - _TREND) * _DAMPING * trend
            value = 0.0
        return level, trend, passed


class Rate(NamedTuple):
    """Tasks a second: now, and as forecast; `variance` of the first."""

    now: float
    later: float
    variance: float


class Busy(Struct, gc=False, array_like=True):
    """What an agent did lately: faded seconds, and their squares, at a time in seconds since the epoch, UTC."""

    at: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0

    def add(self, duration: float, at: float) -> None:
        fade = self.fade(at)
        self.at = max(self.at, at)
        self.seconds = fade * self.seconds + duration
        self.squares = fade * fade * self.squares + duration * duration

    def fade(self, at: float) -> float:
        return exp(-max(0.0, at - self.at) / SPAN)


class Member(Struct, frozen=True, gc=False, array_like=True):
    """A registered agent, and since when, in seconds since the epoch, UTC."""

    skills: dict[str, float]
    slots: int
    since: float


class Pool(Struct, frozen=True, gc=False, array_like=True):
    skills: tuple[str, ...]
    most: int
    slots: int
    size: int


class Use(NamedTuple):
    """The share of their slots that agents use, and its deviation; `slots`: how many they have."""

    share: float
    deviation: float
    slots: int


class _Dump(Struct, frozen=True):
    format: Literal["optimizer-fleet-1"]
    members: dict[str, Member]
    pools: dict[str, Pool]
    arrivals: list[tuple[str, Arrivals]]
    busy: list[tuple[str, Busy]]


class Fleet(Struct):
    """Changed by `observe` and `worked` alone.

    Attributes:
        members: registered agents.
        arrivals: by kind; that which one came of last is last.
        needing: skill → the kinds that need it; it follows from `arrivals`.
        busy: by agent; who did something last is last.
    """

    members: dict[str, Member] = field(default_factory=dict[str, Member])
    pools: dict[str, Pool] = field(default_factory=dict[str, Pool])
    arrivals: OrderedDict[str, Arrivals] = field(default_factory=OrderedDict[str, Arrivals])
    busy: OrderedDict[str, Busy] = field(default_factory=OrderedDict[str, Busy])
    needing: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])

    def observe(self, entity: str, fact: Struct, at: float) -> None:
        match fact:
            case Submitted():
                self._submitted(fact, int(at // STEP))
            case AgentRegistered() | AgentUpdated():
                known = self.members.get(entity)
                since = at if known is None else known.since
                self.members[entity] = Member(fact.profile.skills, fact.profile.slots, since)
            case AgentUnregistered():
                self.members.pop(entity, None)
            case PoolDefined():
                size = self.pools[entity].size if entity in self.pools else 0
                self.pools[entity] = Pool(tuple(fact.skills), fact.max, fact.slots, size)
            case PoolResized() if entity in self.pools:
                self.pools[entity] = msgspec.structs.replace(self.pools[entity], size=fact.size)
            case PoolRemoved():
                self.pools.pop(entity, None)
            case _:
                pass

    def worked(self, agent: str, duration: float, at: float) -> None:
        """An attempt is over. Whether the agent is registered is another service's word, which may come later."""
        busy = self.busy.get(agent)
        if busy is None:
            busy = self.busy[agent] = Busy(at)
            if len(self.busy) > AGENTS_KEPT:
                self.busy.popitem(last=False)
        else:
            self.busy.move_to_end(agent)
        busy.add(duration, at)

    def _submitted(self, fact: Submitted, step: int) -> None:
        known = self.arrivals.get(fact.kind)
        if known is None:
            known = self.arrivals[fact.kind] = Arrivals(step)
            if len(self.arrivals) > KINDS_KEPT:
                forgotten, gone = self.arrivals.popitem(last=False)
                self._needs(forgotten, gone.skills, ())
        else:
            self.arrivals.move_to_end(fact.kind)
        if known.skills != fact.skills:
            self._needs(fact.kind, known.skills, fact.skills)
            known.skills = fact.skills
        known.add(step)

    def _needs(self, kind: str, before: tuple[str, ...], now: tuple[str, ...]) -> None:
        for skill in dict.fromkeys(before):
            self.needing[skill].pop(kind, None)
            if not self.needing[skill]:
                del self.needing[skill]
        for skill in dict.fromkeys(now):
            self.needing.setdefault(skill, {})[kind] = None

    # What follows

    def skills_of(self, kind: str) -> tuple[str, ...]:
        """That the newest task of the kind needs."""
        known = self.arrivals.get(kind)
        return () if known is None else known.skills

    def able(self, skills: tuple[str, ...]) -> list[str]:
        """Registered agents that have all of them, by name."""
        return sorted(name for name, one in self.members.items() if all(skill in one.skills for skill in skills))

    def rate(self, kind: str, now: float) -> Rate | None:
        """None while it is not known."""
        known = self.arrivals.get(kind)
        if known is None:
            return None
        level, trend, passed = known.smoothed(int(now // STEP))
        if level is None or known.steps + passed < 2 * AHEAD:
            return None
        damped = sum(_DAMPING**number for number in range(1, AHEAD + 1))
        variance = _NOISE * max(level, 1.0) / STEP / STEP
        return Rate(max(0.0, level) / STEP, max(0.0, level + damped * trend) / STEP, variance)

    def use(self, agents: list[str], now: float) -> Use:
        """Of registered agents together."""
        seconds = squares = 0.0
        slots = 0
        for agent in agents:
            busy, slots = self.busy.get(agent), slots + self.members[agent].slots
            if busy is not None:
                fade = busy.fade(now)
                seconds, squares = seconds + fade * busy.seconds, squares + fade * fade * busy.squares
        whole = SPAN * max(1, slots)
        return Use(min(1.0, seconds / whole), sqrt(squares) / whole, slots)

    def dump(self) -> bytes:
        """Equal fleets give equal bytes."""
        arrivals, busy = list(self.arrivals.items()), list(self.busy.items())
        content = _Dump("optimizer-fleet-1", self.members, self.pools, arrivals, busy)
        return msgspec.msgpack.encode(content)

    @staticmethod
    def load(dumped: bytes) -> Fleet:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content = msgspec.msgpack.decode(dumped, type=_Dump)
        fleet = Fleet(content.members, content.pools, OrderedDict(content.arrivals), OrderedDict(content.busy))
        for kind, known in fleet.arrivals.items():
            fleet._needs(kind, (), known.skills)
        return fleet
