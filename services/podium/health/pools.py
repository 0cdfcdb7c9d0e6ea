"""How many agents a pool is to have. Pure.

It grows at once to what the work needs, and then not before new agents have had the time to begin; it shrinks only
when less was needed for a whole cooldown.
"""

from __future__ import annotations

from collections.abc import Set
from math import ceil

from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.outcomes import Refused
from podium.contracts.pools import (
    DefinePool,
    PoolCommand,
    PoolDefined,
    PoolEvent,
    PoolRemoved,
    PoolResized,
    RemovePool,
    ReportDemand,
    ResizePool,
)
from podium.kernel.decider import Emit


class Pool(Struct, frozen=True):
    """`floor`: below it the pool does not shrink by itself until `until`, seconds since the epoch, UTC."""

    spec: PoolDefined
    size: int = 0
    resized_at: float = 0.0
    floor: int = 0
    until: float = 0.0


Pools = dict[str, Pool]


def fold(pools: Pools, entity: str, event: PoolEvent, at: float) -> None:
    known = pools.get(entity)
    match event:
        case PoolDefined():
            pools[entity] = Pool(event) if known is None else replace(known, spec=event)
        case PoolRemoved():
            pools.pop(entity, None)
        case PoolResized() if known is not None:
            pools[entity] = replace(known, size=event.size, resized_at=at)
            if event.until is not None:
                pools[entity] = replace(pools[entity], floor=event.size, until=event.until)
        case _:
            pass


def decide(pools: Pools, types: Set[str], entity: str, command: PoolCommand, now: float) -> list[Emit] | Refused:
    """`types`: of agents, those that are defined."""
    known = pools.get(entity)
    match command:
        case DefinePool():
            return _define(known, types, entity, command)
        case _ if known is None:
            return Refused("unknown_pool", f"there is no pool {entity}")
        case RemovePool():
            return [Emit(entity, PoolRemoved())]
        case ResizePool():
            size = _within(known.spec, command.size)
            until = None if command.seconds is None else now + command.seconds
            if size == known.size and until is None:
                return []
            return [Emit(entity, PoolResized(size=size, was=known.size, reason=command.reason, until=until))]
        case ReportDemand():
            return _resize(known, entity, command, now)


def _define(known: Pool | None, types: Set[str], entity: str, command: DefinePool) -> list[Emit] | Refused:
    """A pool that is there may be changed also when its type was removed."""
    if command.type not in types and (known is None or known.spec.type != command.type):
        message = f"$.type: there is no agent type {command.type}; define_agent_type defines it"
        return Refused("unknown_agent_type", message, {"path": "$.type"})
    if command.min > command.max:
        message = f"$.min: {command.min} is more than max, {command.max}"
        return Refused("bad_pool", message, {"path": "$.min"})
    if command.down_at >= command.up_at:
        message = f"$.down_at: {command.down_at:g} is not below up_at, {command.up_at:g}"
        return Refused("bad_pool", message, {"path": "$.down_at"})
    spec = PoolDefined(
        type=command.type,
        skills=command.skills,
        min=command.min,
        max=command.max,
        slots=command.slots,
        up_at=command.up_at,
        down_at=command.down_at,
        warmup=command.warmup,
        cooldown=command.cooldown,
    )
    was = 0 if known is None else known.size
    size = _within(spec, was)
    emits = [] if known is not None and known.spec == spec else [Emit(entity, spec)]
    if size != was:
        emits.append(Emit(entity, PoolResized(size=size, was=was, reason=f"between {spec.min} and {spec.max}")))
    return emits


def _resize(pool: Pool, entity: str, demand: ReportDemand, now: float) -> list[Emit]:
    """What follows from what there is to do; nothing while it is too early for a change."""
    spec = pool.spec
    load = demand.busy / demand.slots if demand.slots else 0.0
    wanted = _agents_for(spec, max(demand.busy + demand.waiting, demand.expected))
    ahead = _agents_for(spec, demand.expected) > pool.size
    if (demand.waiting or load >= spec.up_at or ahead) and wanted > pool.size:
        if pool.resized_at and now < pool.resized_at + spec.warmup:
            return []
        reason = f"{demand.busy} of {demand.slots} slots are busy and {demand.waiting} tasks wait"
        if demand.expected > demand.busy + demand.waiting:
            reason += f"; {demand.expected} are expected within {spec.warmup:g} s"
        return _resized(pool, entity, wanted, reason)
    if not demand.waiting and load <= spec.down_at and demand.peak is not None:
        if now < pool.resized_at + spec.cooldown:
            return []
        floor = pool.floor if now < pool.until else 0
        wanted = max(_agents_for(spec, max(demand.peak, demand.expected)), floor)
        if wanted < pool.size:
            reason = f"no more than {demand.peak} slots were needed for {spec.cooldown:g} s"
            return _resized(pool, entity, wanted, reason)
    return []


def _agents_for(spec: PoolDefined, tasks: int) -> int:
    """So many that their slots are busy to the share at which the pool would grow."""
    return ceil(tasks / (spec.slots * spec.up_at) - 1e-9)


def _resized(pool: Pool, entity: str, wanted: int, reason: str) -> list[Emit]:
    size = _within(pool.spec, wanted)
    return [] if size == pool.size else [Emit(entity, PoolResized(size=size, was=pool.size, reason=reason))]


def _within(spec: PoolDefined, size: int) -> int:
    return min(max(size, spec.min), spec.max)
