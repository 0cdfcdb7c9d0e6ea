"""How long a task will take, as an interval that holds a promised share of what comes. Pure and online: one pass."""

from __future__ import annotations

from .model import Case, Durations, Expectation

__all__ = ["Case", "Durations", "Expectation"]
