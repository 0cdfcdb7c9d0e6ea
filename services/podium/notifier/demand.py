"""What pools have to do, read from the read models and told to health while it may change their size."""

from __future__ import annotations

from collections import deque
from math import ceil

import msgspec
from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.catalogue import wire_name
from podium.contracts.pools import ListPools, PoolDefined, PoolRemoved, PoolRow, PoolsAnswer, ReportDemand
from podium.contracts.subjects import Subjects

from .forecast import Forecaster

ASK_SECONDS = 5.0

STEPS = 3
"""Steps of the forecast within the time in which an agent becomes warm."""

MARGIN = 1.0
"""Deviations of the forecast's error that are added to it."""

LIMIT = 1_000_000_000
_encode = msgspec.json.Encoder().encode
_answer = msgspec.json.Decoder(PoolsAnswer)


class Demand:
    """Looks at each pool, remembers how much it had to do lately, and says what health must know.

    Args:
        principal: who tells it.
    """

    def __init__(self, nc: Client, subjects: Subjects, principal: str) -> None:
        self._nc, self._subjects, self._principal = nc, subjects, principal
        self._seen: dict[str, Seen] = {}

    def fold(self, entity: str, event: Struct | None) -> None:
        """Which pools there are; each is watched anew when it changes."""
        match event:
            case PoolDefined():
                self._seen[entity] = Seen()
            case PoolRemoved():
                self._seen.pop(entity, None)
            case _:
                pass

    async def look(self, now: float) -> None:
        """Raises: nats.errors.Error, TimeoutError, msgspec.MsgspecError: nobody answers, or not as it should."""
        if not self._seen:
            return
        subject = self._subjects.query(ListPools.wire)
        answer = await self._nc.request(subject, _encode(ListPools()), timeout=ASK_SECONDS)
        for row in _answer.decode(answer.data).pools:
            seen = self._seen.get(row.pool)
            report = seen.report(row, now) if seen is not None else None
            if report is not None:
                ask = self._subjects.ask("health", self._principal, row.pool, wire_name(report))
                await self._nc.request(ask, _encode(report), timeout=ASK_SECONDS)


class Seen:
    """How much one pool had to do within its cooldown, and how much is to be expected."""

    def __init__(self, *, forecasts: bool = True) -> None:
        self._forecasts = forecasts
        self._forecast: Forecaster | None = None
        self._since: float | None = None
        self._work: deque[tuple[float, int]] = deque()

    def report(self, row: PoolRow, now: float) -> ReportDemand | None:
        """What health is told; None if it would change nothing."""
        work = row.busy + row.waiting
        self._since = now if self._since is None else self._since
        while self._work and (self._work[0][0] < now - row.cooldown):
            self._work.popleft()
        while self._work and self._work[-1][1] <= work:  # only what may be the most is kept
            self._work.pop()
        self._work.append((now, work))
        expected = self._expect(row, work, now)
        peak = self._work[0][1] if now - self._since >= row.cooldown else None
        full = row.slots > 0 and row.busy >= row.up_at * row.slots
        ahead = expected > row.size * row.slots_each * row.up_at
        grows = row.size < row.max and (row.waiting > 0 or full or ahead)
        early = row.resized_at is not None and now < row.resized_at + row.warmup
        shrinks = (
            peak is not None
            and row.size > row.min
            and not row.waiting
            and row.busy <= row.down_at * row.slots
            and max(peak, expected) <= row.size * row.slots_each * row.up_at - row.slots_each * row.up_at
            and now >= (row.resized_at or 0.0) + row.cooldown
        )
        if not shrinks and (not grows or early):
            return None
        return ReportDemand(row.waiting, row.busy, row.slots, row.oldest, peak, expected)

    def _expect(self, row: PoolRow, work: int, now: float) -> int:
        """What there will be to do when agents that begin now are warm, with a margin for the error of the forecast."""
        if not self._forecasts:
            return 0
        if self._forecast is None:
            self._forecast = Forecaster(row.warmup / STEPS, STEPS)
        self._forecast.add(now, work)
        expected = self._forecast.expect(MARGIN)
        return 0 if expected is None else min(ceil(expected), LIMIT)
