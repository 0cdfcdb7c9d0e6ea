"""When a schedule's runs are due: cron with time zones, intervals, single times; and the arithmetic of it.

Pure but for the tables of time zones, which come with the machine or the package `tzdata`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import takewhile
from math import floor
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from msgspec import Meta, Struct

LATEST: Final = 4_102_444_800.0
"""2100-01-01 UTC: no time of a schedule is later, in seconds since the epoch."""

DAY: Final = 86_400.0

Instant = Annotated[float, Meta(ge=0.0, le=LATEST)]
"""Seconds since the epoch, UTC."""


class _Timing(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    pass


class Cron(_Timing, frozen=True, tag="cron"):
    """Minute, hour, day of the month, month, day of the week; as in Debian's cron, with `L`, `LW`, `5L`, `1#2`.

    A time that a change of the clock leaves out is due right after it; one that comes twice is due once, unless minute
    or hour begins with `*`.

    Attributes:
        timezone: of the IANA data base.
    """

    expression: Annotated[str, Meta(max_length=256)]
    timezone: Annotated[str, Meta(max_length=64)] = "UTC"


class Every(_Timing, frozen=True, tag="every"):
    """Each so many seconds, counted from `anchor` in both directions; by default from the time of the command."""

    seconds: Annotated[float, Meta(ge=1.0, le=31_622_400.0)]
    anchor: Instant | None = None


class At(_Timing, frozen=True, tag="at"):
    """Once, at a time: seconds since the epoch, UTC."""

    time: Instant


class After(_Timing, frozen=True, tag="after"):
    """Once, so many seconds after the command."""

    seconds: Annotated[float, Meta(ge=0.001, le=3_162_240_000.0)]


Timing = Cron | Every | At
"""What a schedule keeps."""

AskedTiming = Cron | Every | At | After
"""What a command may say."""


class BadTiming(Exception):
    """It cannot be; `field` is the one at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def settled(asked: AskedTiming, now: float) -> Timing:
    """What is asked at `now`, in terms of times.

    Raises:
        BadTiming: it cannot be read, or no such time will ever come.
    """
    match asked:
        case After():
            return At(now + asked.seconds)
        case At():
            if asked.time <= now:
                raise BadTiming("time", "it is in the past")
            return asked
        case Every():
            return Every(asked.seconds, now if asked.anchor is None else asked.anchor)
        case Cron():
            if len(asked.expression.split()) != 5:
                raise BadTiming("expression", "it has not five fields: minute, hour, day, month, day of the week")
            try:
                zone_of(asked.timezone)
            except (KeyError, OSError, ValueError) as error:
                raise BadTiming("timezone", f"there is no time zone {asked.timezone}") from error
            try:
                found = following(asked, now)
            except CronSimError as error:
                raise BadTiming("expression", f"{error}") from error
            if found is None:
                raise BadTiming("expression", "no such time will ever come")
            return asked


def ticks(timing: Timing, after: float) -> Iterator[float]:
    """All times later than `after`, in order."""
    match timing:
        case At():
            if timing.time > after:
                yield timing.time
        case Every():
            anchor = timing.anchor or 0.0
            number = floor((after - anchor) / timing.seconds)
            while True:
                tick = anchor + number * timing.seconds
                if tick > LATEST:
                    return
                if tick > after:
                    yield tick
                number += 1
        case Cron():
            yield from takewhile(lambda tick: tick <= LATEST, _crons(timing, after))


def following(timing: Timing, after: float) -> float | None:
    """The first time later than `after`; None if there is none."""
    return next(ticks(timing, after), None)


def between(timing: Timing, after: float, until: float) -> Iterator[float]:
    """The times later than `after` and not later than `until`, in order."""
    return takewhile(lambda tick: tick <= until, ticks(timing, after))


def latest(timing: Timing, after: float, until: float, most: int) -> list[float]:
    """The last of them, at most so many, in order: after a long standstill not all are looked at."""
    span = DAY / 24
    while until - span > after:
        found = deque(between(timing, until - span, until), most)
        if len(found) == most:
            return list(found)
        span *= 2
    return list(deque(between(timing, after, until), most))


@lru_cache(256)
def zone_of(name: str) -> tzinfo:
    """
    Raises:
        KeyError, OSError: there is no such zone.
        ValueError: it is no name of one.
    """
    return UTC if name == "UTC" else ZoneInfo(name)


def _crons(timing: Cron, after: float) -> Iterator[float]:
    start = datetime.fromtimestamp(floor(after), zone_of(timing.timezone))
    before = after
    for moment in CronSim(timing.expression, start):
        tick = moment.timestamp()
        # Around a change of the clock two readings of it may be one time.
        if tick > before:
            before = tick
            yield tick
