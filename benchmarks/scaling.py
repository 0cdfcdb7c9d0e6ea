"""A pool that serves a recorded trace: grown by thresholds, and ahead of need by a forecast, at equal agent-hours."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from statistics import fmean as mean

from msgspec.structs import replace

from podium.contracts.pools import PoolDefined, PoolResized, PoolRow
from podium.health.pools import Pool, decide, fold
from podium.notifier.demand import Seen

from .options import Measurement, Options
from .result import Figure, Goal
from .virtual import START, TRACE, Call, trace

RATE = 10.0
"""Each call of the trace is so many calls."""

LOOK = 1.0
SLO = 2.0
"""Seconds from arrival to completion."""

SPEC = PoolDefined(
    type="llm", skills=["llm"], min=1, max=200, slots=2, up_at=0.8, down_at=0.3, warmup=15.0, cooldown=60.0
)


async def run(options: Options) -> list[Figure]:
    if not TRACE.exists():
        options.notes["podium"] = f"not run, for there is no {TRACE}"
        return []
    calls = trace()
    calls = calls[: options.size(len(calls))]
    missed, hours = served(calls, SPEC, ahead=True)
    low, high = 0.05, 0.95
    found: tuple[float, float] = (0.0, 0.0)
    for _ in range(8):  # the thresholds that cost as much
        middle = (low + high) / 2.0
        found = served(calls, replace(SPEC, up_at=middle, down_at=min(SPEC.down_at, middle / 2.0)), ahead=False)
        low, high = (middle, high) if found[1] > hours else (low, middle)
    plain = served(calls, SPEC, ahead=False)
    return [
        Figure("ahead of need: later than 2 s", "%", [missed], Goal("most", found[0])),
        Figure("· agent-hours", "h", [hours]),
        Figure("thresholds alone, as many agent-hours: later than 2 s", "%", [found[0]]),
        Figure("· agent-hours", "h", [found[1]]),
        Figure("thresholds alone, as they are by default: later than 2 s", "%", [plain[0]]),
        Figure("· agent-hours", "h", [plain[1]]),
    ]


def served(calls: Sequence[Call], spec: PoolDefined, *, ahead: bool) -> tuple[float, float]:
    """The share of calls that came too late in per cent, and the hours that all agents were there for."""
    pools, seen = {"p": Pool(spec, spec.min, START)}, Seen(forecasts=ahead)
    warm: list[float] = []
    agents, spent, now = spec.min, 0.0, START
    waiting: deque[tuple[float, float]] = deque()
    ends: list[float] = []
    responses: list[float] = []
    arrivals = deque((START + call.at, call.seconds) for call in calls for _ in range(int(RATE)))
    while arrivals or waiting or ends:
        later = now + LOOK
        while True:
            while waiting and len(ends) < agents * spec.slots:
                at, seconds = waiting.popleft()
                began = max(at, now)
                heappush(ends, began + seconds)
                responses.append(began + seconds - at)
            times = [arrivals[0][0]] if arrivals else []
            times += ends[:1] + warm[:1]
            if not times or min(times) > later:
                break
            moment = min(times)
            spent += agents * (moment - now)
            now = moment
            if warm and warm[0] <= now:
                heappop(warm)
                agents += 1
            elif ends and ends[0] <= now:
                heappop(ends)
            else:
                waiting.append(arrivals.popleft())
        spent += agents * (later - now)
        now = later
        busy, slots = len(ends), agents * spec.slots
        row = _row(spec, pools["p"], agents, busy, slots, len(waiting))
        report = seen.report(row, now)
        decided = decide(pools, {spec.type}, "p", report, now) if report is not None else []
        assert isinstance(decided, list)
        for emit in decided:
            assert isinstance(emit.event, PoolResized)
            fold(pools, "p", emit.event, now)
            change = emit.event.size - emit.event.was
            for _ in range(max(0, change)):
                heappush(warm, now + spec.warmup)
            agents += min(0, change)
    return 100.0 * mean(response > SLO for response in responses), spent / 3600.0


def _row(spec: PoolDefined, pool: Pool, agents: int, busy: int, slots: int, waiting: int) -> PoolRow:
    return PoolRow(
        "p",
        spec.type,
        spec.skills,
        spec.min,
        spec.max,
        spec.slots,
        spec.up_at,
        spec.down_at,
        spec.warmup,
        spec.cooldown,
        size=pool.size,
        resized_at=pool.resized_at,
        agents=agents,
        slots=slots,
        busy=busy,
        waiting=waiting,
    )


MEASUREMENT = Measurement(
    title="Agents ahead of need",
    setting=(
        f"The same trace, each call as {RATE:g} calls, served by a pool whose agents take {SPEC.slots} at a time "
        f"and {SPEC.warmup:g} s to begin. The rules of pools on a virtual clock; agents of speed 1."
    ),
    run=run,
    limit=600.0,
)
