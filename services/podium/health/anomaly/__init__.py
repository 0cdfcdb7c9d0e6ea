"""Anomalies and predicted trouble in a stream of numbers. Pure and online: no clock, no I/O, one pass."""

from __future__ import annotations

from .detector import Detector
from .forecast import Crossing, Forecaster

__all__ = ["Crossing", "Detector", "Forecaster"]
