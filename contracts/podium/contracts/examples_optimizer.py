"""Examples of the optimizer's words, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import predictions
from .subjects import Service

_ESTIMATE: Final = predictions.Estimate(41.0, 0.97, 0.93, 0.995, duration=0.25, low=0.18, high=0.4)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    (
        "optimizer",
        "echo",
        "optimizer",
        predictions.PredictionsPublished(
            version=7,
            level=0.9,
            agents=[predictions.AgentEstimate("echo-1", _ESTIMATE)],
            others=predictions.Estimate(0.0, 0.95, 0.7, 0.999, duration=0.3, low=0.1, high=0.9),
            size=7.0,
            slope=0.1,
        ),
    ),
)
