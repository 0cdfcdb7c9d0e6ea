"""The optimizer's words: what it expects and what it advises."""

from __future__ import annotations

from .insights import ApplyAdvice, InsightEvent
from .policies import PolicyCommand, PolicyEvent
from .predictions import PredictionEvent
from .relationships import RelationshipsChanged

OptimizerCommand = PolicyCommand | ApplyAdvice
OptimizerEvent = PredictionEvent | PolicyEvent | InsightEvent | RelationshipsChanged
