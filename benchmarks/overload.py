"""Twice what can be done, for a while: how much is still done, who is told, what it takes up, how soon it is over."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.runtime.wire import Outgoing, listen

from . import fleet
from .load import ACCEPTED, Load, Tally
from .options import Measurement, Options
from .result import Figure, Goal, beside
from .system import EVERYTHING, System
from .usage import memory

WINDOW: Final = 1_000
TIMES: Final = 2.0
SECONDS: Final = 20.0
MAX_ROUND: Final = 3.0
QUEUE: Final = 2_000
"""Commands that may wait, and tasks: about a second's work. By default it is a million of each."""

RETRY: Final = 0.1
"""Seconds until a report that was not taken is sent again."""

PROBE_RATE: Final = 20.0
PROBE_SECONDS: Final = 4.0
SOON: Final = 0.25
"""Seconds from a submission to its result when nothing is in the way, with a wide margin."""


class Round(Struct, frozen=True):
    """
    Attributes:
        most, goodput: lives a second in the closed loop, and while too much was offered.
        told: share of the submissions that were not done whose submitter knows it.
        grown: process → megabytes that it took up more at the end than before.
        recovery: seconds from the end of the overload until what is submitted is done soon again.
        lost: tasks that were accepted and stayed open.
    """

    most: float
    offered: float
    goodput: float
    told: float
    grown: dict[str, float]
    recovery: float
    lost: int


class ToldLoad(Load):
    """Asks for JetStream's acknowledgement of each command. A submission not taken is given up, a report sent again.

    Attributes:
        told: submissions that were not taken, or refused.
        unheard: submissions of which nothing has been heard.
        trouble: when a submission was last given up, or its result took long.
    """

    def __init__(self, client: Client, subjects: Subjects) -> None:
        super().__init__(client, subjects, results=True)
        self.told = 0
        self.unheard: set[str] = set()
        self.trouble = 0.0
        self._reports: dict[str, Outgoing] = {}
        self._acks = client.new_inbox()

    async def start(self) -> None:
        await listen(self._client, f"{self._acks}.*", self._on_ack)
        await super().start()

    def _enqueue(self, message: Outgoing, kind: str, name: str) -> None:
        place = f"{kind}-{name}"
        if kind == "s":
            self.unheard.add(name)
        else:
            self._reports[place] = message
        super()._enqueue(message._replace(reply=f"{self._acks}.{place}"), kind, name)

    def _on_ack(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        place = subject.rsplit(".", 1)[1]
        kind, _, name = place.partition("-")
        if b'"error"' not in payload and payload:
            self._reports.pop(place, None)
        elif kind == "s":
            self._give_up(name)
        else:
            asyncio.get_running_loop().call_later(RETRY, self._send_again, place)

    def _send_again(self, place: str) -> None:
        kind, _, name = place.partition("-")
        if (message := self._reports.get(place)) is not None:
            self._enqueue(message, kind, name)

    def _on_outcome(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        _, kind, name = subject.rsplit(".", 2)
        if kind == "s" and not payload.startswith(ACCEPTED):
            self._give_up(name)
            return
        self.unheard.discard(name)
        super()._on_outcome(subject, reply, payload, headers)

    def _on_result(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        before = len(self.tally.finished)
        super()._on_result(subject, reply, payload, headers)
        if any(seconds > SOON for seconds in self.tally.finished[before:]):
            self.trouble = time.perf_counter()

    def _give_up(self, name: str) -> None:
        if name in self.unheard:
            self.unheard.discard(name)
            self.told += 1
            self.trouble = time.perf_counter()
            del self._alive[name], self._began[name]
            self._closed(1)


async def run(options: Options) -> list[Figure]:
    rounds: list[Round] = []
    for round in range(options.rounds):
        directory = options.directory / str(round)
        directory.mkdir()
        rounds.append(await _round(directory, 5.0 if options.quick else SECONDS))
    most = Figure("the maximum, closed loop", "lives/s", [r.most for r in rounds])
    goodput = Figure("done while too much is offered", "lives/s", [r.goodput for r in rounds])
    share = [r.goodput / r.most for r in rounds]
    return [
        most,
        Figure("offered", "tasks/s", [r.offered for r in rounds]),
        beside(goodput, most),
        Figure("· share of the maximum", "", share, Goal("least", 0.9)),
        Figure("told, of those whose task was not done", "share", [r.told for r in rounds], Goal("least", 1.0)),
        Figure("recovery", "s", [r.recovery for r in rounds], Goal("most", 2.0)),
        Figure("accepted tasks that stayed open", "", [float(r.lost) for r in rounds], Goal("most", 0.0)),
        *(Figure(f"· memory, {name}", "MB more", [r.grown[name] for r in rounds]) for name in rounds[0].grown),
    ]


async def _round(directory: Path, seconds: float) -> Round:
    limits = {"PODIUM_QUEUE_LIMIT": str(QUEUE), "PODIUM_ROUTER_QUEUE_LIMIT": str(QUEUE)}
    async with System(directory, EVERYTHING, **limits) as system:
        load = ToldLoad(system.client, system.subjects)
        await load.start()
        await load.register(fleet.agents())
        load.keep_open(WINDOW)
        await asyncio.sleep(MAX_ROUND / 2)
        load.tally = Tally()
        began = time.perf_counter()
        await asyncio.sleep(MAX_ROUND)
        most = load.tally.lives / (time.perf_counter() - began)
        await load.drain()
        before = _memories(system)
        load.told, load.tally = 0, Tally()
        began = time.perf_counter()
        await load.at_rate(TIMES * most, seconds)
        passed = time.perf_counter() - began
        goodput = load.tally.lives / passed
        grown = {name: (size - before[name]) / 2**20 for name, size in _memories(system).items()}
        ended = load.trouble = time.perf_counter()
        await load.at_rate(PROBE_RATE, PROBE_SECONDS)
        lost = await load.drain()
        not_told = len(load.unheard)
        told = load.told / (load.told + not_told) if load.told else 1.0
        return Round(most, TIMES * most, goodput, told, grown, load.trouble - ended, lost)


def _memories(system: System) -> dict[str, int]:
    return {name: memory(pid)[0] for name, pid in system.pids.items()}


MEASUREMENT = Measurement(
    title="Overload",
    setting=(
        f"{TIMES:g} times what the closed loop of {WINDOW:,} tasks did is offered for {SECONDS:g} s, open loop, "
        f"{fleet.AGENTS:,} agents; no more than {QUEUE:,} commands and {QUEUE:,} tasks may wait (PODIUM_QUEUE_LIMIT, "
        "PODIUM_ROUTER_QUEUE_LIMIT). Agents send a report again that is not taken. Told is who got an error from the "
        "stream or a refusal. Recovery is from the end of the overload to the last task that was refused or took "
        f"longer than {SOON * 1e3:g} ms, at {PROBE_RATE:g} tasks a second. Everything of podium runs, fsync."
    ),
    run=run,
)
