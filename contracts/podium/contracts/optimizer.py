"""The optimizer's words: what it expects and what it advises."""

from __future__ import annotations

from .predictions import PredictionEvent

OptimizerEvent = PredictionEvent
