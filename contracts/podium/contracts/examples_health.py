"""Examples of what holds work up, and of pools."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import diagnosis_queries, pools
from .query import Answer, Query
from .subjects import Service

_NOW: Final = 1767225600.0

_POSITIONS: Final = {"podium-events-registry": 1, "podium-events-router": 2}


def _spread(p50: float, p95: float, share: float) -> diagnosis_queries.Spread:
    return diagnosis_queries.Spread(p50, p95, share)


_TIMES: Final = diagnosis_queries.KindTimes(
    "echo",
    tasks=412,
    failed=3,
    stages={
        "queueing": _spread(4.1, 11.7, 0.78),
        "repeating": _spread(0.0, 0.0, 0.01),
        "starting": _spread(0.01, 0.03, 0.01),
        "running": _spread(1.0, 1.9, 0.2),
    },
    total=_spread(5.2, 13.1, 1.0),
)

_POOL: Final = pools.DefinePool("parser", ["parse"], max=8, min=1, slots=2)

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ops", "parsers", _POOL),
    ("ops", "parsers", pools.ResizePool(6, "the nightly import comes", 3600.0)),
    ("notifier", "parsers", pools.ReportDemand(waiting=12, busy=2, slots=2, oldest=3.5)),
    ("ops", "parsers", pools.RemovePool()),
)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    (
        "health",
        "parsers",
        "ops",
        pools.PoolDefined(
            type="parser",
            skills=["parse"],
            min=1,
            max=8,
            slots=2,
            up_at=0.8,
            down_at=0.3,
            warmup=15.0,
            cooldown=60.0,
        ),
    ),
    (
        "health",
        "parsers",
        "ops",
        pools.PoolResized(size=6, was=1, reason="the nightly import comes", until=_NOW + 3600.0),
    ),
    ("health", "parsers", "ops", pools.PoolRemoved()),
)

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    diagnosis_queries.Diagnose: (
        diagnosis_queries.Diagnose(window=600.0),
        diagnosis_queries.DiagnosisAnswer(
            positions=_POSITIONS,
            window=600.0,
            sampled=415,
            waiting=37,
            findings=[
                diagnosis_queries.Finding(
                    "no_slots",
                    "warning",
                    "37 tasks wait for echo, the first for 9.2 s: all 4 slots of 2 agents are in use",
                    "start more agents: with 1 more slots what waits would be done within a minute",
                    "echo",
                )
            ],
            kinds=[_TIMES],
            needs=[
                diagnosis_queries.Need(
                    ["echo"], 37, 9.2, agents=2, slots=4, free=0, reasons=["2 able agents, 0 free slots"]
                )
            ],
            slow=[diagnosis_queries.SlowAgent("echo-1", "echo", attempts=61, median=1.8, others=0.7)],
        ),
    ),
    pools.ListPools: (
        pools.ListPools(),
        pools.PoolsAnswer(
            positions=_POSITIONS,
            pools=[
                pools.PoolRow(
                    "parsers",
                    "parser",
                    ["parse"],
                    min=1,
                    max=8,
                    slots_each=2,
                    up_at=0.8,
                    down_at=0.3,
                    warmup=15.0,
                    cooldown=60.0,
                    size=6,
                    reason="2 of 2 slots are busy and 7 tasks wait",
                    resized_at=_NOW,
                    agents=1,
                    slots=2,
                    busy=2,
                    waiting=7,
                    oldest=3.5,
                )
            ],
        ),
    ),
}
