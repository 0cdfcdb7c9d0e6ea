"""Examples of health's later words, beside those of `examples`: what holds work up."""

from __future__ import annotations

from typing import Final

from . import diagnosis_queries
from .query import Answer, Query

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
}
