"""On which scale durations are compared: between that of seconds and that of their logarithms.

A residual is the Box–Cox transform, with exponent 1/3, of the ratio of a duration to what was expected: near 1 it is
the difference of the logarithms, and a duration of nearly nothing is no farther away than one of six times the
expected. Source: Box and Cox, "An Analysis of Transformations" (JRSS B 1964).
"""

from __future__ import annotations

from math import exp, log
from typing import Final

_POWER: Final = 1.0 / 3.0
_FARTHEST: Final = 30.0
_LEAST: Final = 1e-4

SHORTEST: Final = 1e-4
"""Seconds; what takes less is taken to take as long."""


def log_of(seconds: float) -> float:
    return log(max(seconds, SHORTEST))


def seconds_of(logarithm: float) -> float:
    return exp(min(logarithm, _FARTHEST))


def residual(difference: float) -> float:
    """Of a duration whose logarithm is so much above the expected one."""
    return (exp(_POWER * min(difference, _FARTHEST)) - 1.0) / _POWER


def difference(residual: float) -> float:
    """The difference of the logarithms that gives the residual."""
    return log(max(1.0 + _POWER * residual, _LEAST)) / _POWER
