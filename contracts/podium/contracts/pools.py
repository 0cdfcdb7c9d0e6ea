"""Health's words of pools: agents of one type, as many as the work needs."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from .envelope import Command, Event
from .names import Name, RecordedName
from .query import Answer, Query
from .recovery import Seconds

Size = Annotated[int, Meta(ge=0, le=10_000)]
Share = Annotated[float, Meta(gt=0.0, le=1.0)]


class DefinePool(Command, frozen=True, tag="define_pool"):
    """Agents of a type, of which there are to be as many as the work needs. The entity is the pool.

    Attributes:
        type: the agents' type, as they register with it.
        skills: what its agents can do; tasks that need nothing else count as its work.
        min, max: how many agents there are at the least and at the most.
        slots: how many tasks each takes at the same time.
        up_at: it grows from this share of busy slots on, or if anything waits.
        down_at: it shrinks below this share, if nothing waits.
        warmup: seconds until new agents work: so long it does not grow again.
        cooldown: seconds after any change in which it does not shrink, and over which the need is looked at for that.
    """

    type: Name
    skills: Annotated[list[Name], Meta(min_length=1, max_length=100)]
    max: Annotated[int, Meta(ge=1, le=10_000)]
    min: Size = 0
    slots: Annotated[int, Meta(ge=1, le=100_000)] = 1
    up_at: Share = 0.8
    down_at: Share = 0.3
    warmup: Seconds = 15.0
    cooldown: Seconds = 60.0


class RemovePool(Command, frozen=True, tag="remove_pool"):
    """Nobody looks after its size any more; supervisors stop its agents."""


class ResizePool(Command, frozen=True, tag="resize_pool"):
    """Somebody knows better: as many agents, within the pool's bounds.

    Attributes:
        seconds: so long it does not shrink below this size by itself.
    """

    size: Size
    reason: Annotated[str, Meta(min_length=1, max_length=4096)]
    seconds: Seconds | None = None


class ReportDemand(Command, frozen=True, tag="report_demand"):
    """What the pool has to do now; sent by the notifier, from the read models, while it may change the size.

    Attributes:
        waiting: tasks that wait for an agent and that its agents could do; `oldest`: seconds for which the first has.
        busy: slots in use, of those of the agents of its type.
        slots: of the agents of its type that are registered.
        peak: the most of busy and waiting together within the pool's cooldown; None if that is not known yet.
        expected: busy and waiting together as forecast for when agents that begin now are warm.
    """

    waiting: Annotated[int, Meta(ge=0)]
    busy: Annotated[int, Meta(ge=0)]
    slots: Annotated[int, Meta(ge=0)]
    oldest: Annotated[float, Meta(ge=0.0)] = 0.0
    peak: Annotated[int, Meta(ge=0)] | None = None
    expected: Annotated[int, Meta(ge=0)] = 0


PoolCommand = DefinePool | RemovePool | ResizePool | ReportDemand


class PoolDefined(Event, frozen=True, kw_only=True, tag="pool_defined"):
    """The fields are the pool's."""

    type: RecordedName
    skills: list[RecordedName]
    min: int
    max: int
    slots: int
    up_at: float
    down_at: float
    warmup: float
    cooldown: float


class PoolRemoved(Event, frozen=True, tag="pool_removed"):
    """Its agents are stopped."""


class PoolResized(Event, frozen=True, kw_only=True, tag="pool_resized"):
    """There are to be so many agents: whoever runs them starts some, or lets some finish and stops them.

    Attributes:
        was: how many there were to be before.
        reason: why, in words.
        until: it does not shrink by itself before this time; seconds since the epoch, UTC.
    """

    size: int
    was: int
    reason: str
    until: float | None = None


PoolEvent = PoolDefined | PoolRemoved | PoolResized


class PoolRow(Struct, omit_defaults=True):
    """A pool; times are seconds since the epoch, UTC.

    Attributes:
        size: how many agents there are to be, since `resized_at`, for this `reason`.
        agents, slots: registered agents of its type now, and what they take at the same time.
        busy: how much of that is in use.
        waiting: tasks that wait and that its agents could do; `oldest`: seconds for which the first of them has.
    """

    pool: str
    type: str
    skills: list[str]
    min: int
    max: int
    slots_each: int
    up_at: float
    down_at: float
    warmup: float
    cooldown: float
    size: int = 0
    reason: str = ""
    resized_at: float | None = None
    agents: int = 0
    slots: int = 0
    busy: int = 0
    waiting: int = 0
    oldest: float = 0.0


class PoolsAnswer(Answer, frozen=True, kw_only=True):
    pools: list[PoolRow]


class ListPools(Query, frozen=True, kw_only=True):
    """All pools, by name, each with what it has to do now."""

    wire = "pools.list"
    answer = PoolsAnswer
