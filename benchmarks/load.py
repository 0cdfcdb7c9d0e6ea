"""The load: one client of podium, and all the agents, over one connection.

It speaks the wire as any client would, each command with an id and a place for its outcome, but keeps no books on
what must be sent again: where nothing is killed, nothing is lost. Messages go past nats-py's cost for each of them
(`podium.runtime.wire`), so that the load takes as little of the machine as it can.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.envelope import COMMAND_ID_HEADER, REPLY_HEADER
from podium.contracts.subjects import Subjects
from podium.contracts.tasks import BULK_LIMIT
from podium.runtime.jsapi import call
from podium.runtime.wire import HEADER_LINE, Outgoing, listen, publish_all

from . import fleet

BATCH: Final = 100
"""Tasks in a `submit_tasks`."""

DRAIN_SECONDS: Final = 30.0
"""What is not done then is lost."""

ACCEPTED: Final = b'{"outcome":"accepted"'
_OUTPUT: Final = '{"text":"done"}'


class _Data(Struct, gc=False):
    attempt: int


class _Assigned(Struct, gc=False):
    data: _Data


class Tally:
    """What was done since the last look.

    Attributes:
        lives: tasks that are completed, as their agents have heard.
        reports: commands by which agents reported.
        submitted: seconds from each submission to its outcome.
        finished: seconds from each submission to its result, where results are listened to.
        refused: the first refusal, if there was one.
    """

    def __init__(self) -> None:
        self.lives = 0
        self.reports = 0
        self.submitted: list[float] = []
        self.finished: list[float] = []
        self.refused: str | None = None


class Load:
    """
    Args:
        bulk: submit `BATCH` tasks in a command, all of one skill; and agents send together what they have to report.
        results: a life ends when its submitter has read the result, not when its agent knows that it is accepted.

    Attributes:
        tally: may be replaced by a new one at any time.
        sequence: of the last event of the newest submission that was heard of.
    """

    def __init__(self, client: Client, subjects: Subjects, *, bulk: bool = False, results: bool = False) -> None:
        self.tally = Tally()
        self.sequence = 0
        self._client = client
        self._subjects = subjects
        self._bulk = bulk
        self._results = results
        self._inbox = client.new_inbox()
        self._attempts = msgspec.json.Decoder(_Assigned)
        self._numbers = itertools.count()
        self._run = self._inbox.rsplit(".", 1)[-1][-8:]
        self._began: dict[str, float] = {}
        self._alive: dict[str, float] = {}
        self._outgoing: list[Outgoing] = []
        self._flushing: asyncio.Task[None] | None = None
        self._hands: dict[str, list[str]] = {}
        self._under_way: dict[str, int] = {}
        self._ready: dict[str, None] = {}
        self._window = 0
        self._open = 0
        self._idle = asyncio.Event()

    async def start(self) -> None:
        """Listen as every agent."""
        await listen(self._client, f"{self._inbox}.*.*", self._on_outcome)
        await listen(self._client, f"{self._subjects.prefix}.work.*.task_assigned.*", self._on_work)
        if self._results:
            await self._listen_to_results()
        await self._client.flush()

    async def register(self, agents: Iterable[tuple[str, Struct]]) -> None:
        """Return when all of them are registered, and the router has had the time to hear of it."""
        for name, command in agents:
            subject = self._subjects.command("registry", name, name, "register_agent")
            self._send(subject, msgspec.json.encode(command), f"a-{self._run}-{name}", "a", name)
            self._open += 1
        await self._until_idle()
        await asyncio.sleep(0.5)

    async def _listen_to_results(self) -> None:
        place = f"{self._inbox}.result"
        await listen(self._client, place, self._on_result)
        stream = self._subjects.event_stream("router")
        config = {
            "deliver_subject": place,
            "deliver_policy": "new",
            "ack_policy": "none",
            "filter_subjects": self._subjects.event_filters("router", events=("task_completed",)),
            "mem_storage": True,
        }
        await call(self._client, f"CONSUMER.CREATE.{stream}", {"stream_name": stream, "config": config})

    # Closed loop

    def keep_open(self, window: int) -> None:
        """From now on submit a task for each that is completed, so that so many are open; 0 for no more."""
        self._window = window
        self._fill()

    async def drain(self) -> int:
        """Submit no more; return when nothing is open. Tasks that stay open are given up: how many."""
        self._window = 0
        try:
            await self._until_idle()
        except TimeoutError:
            lost, self._open, self._alive, self._began = self._open, 0, {}, {}
            return lost
        return 0

    # Open loop

    def submit(self, count: int = 1, began: float | None = None) -> None:
        """Single commands, of which the time is taken from now or from when they were due."""
        began = time.perf_counter() if began is None else began
        for _ in range(count):
            number = next(self._numbers)
            name = f"t-{self._run}-{number}"
            body = _bodies[number % fleet.SKILLS]
            self._alive[name] = self._began[name] = began
            self._send(self._subjects.command("router", "bench", name, "submit_task"), body, f"s-{name}", "s", name)
        self._open += count

    async def at_rate(self, rate: float, seconds: float) -> None:
        """Submit at this rate whatever happens, for so long."""
        start = time.perf_counter()
        sent = 0
        while (passed := time.perf_counter() - start) < seconds:
            due = int(passed * rate) + 1
            for number in range(sent, due):
                self.submit(began=start + number / rate)
            sent = due
            await asyncio.sleep(max(0.0, start + sent / rate - time.perf_counter()))

    async def _until_idle(self) -> None:
        self._idle.clear()
        if self._open:
            await asyncio.wait_for(self._idle.wait(), DRAIN_SECONDS)

    def _fill(self) -> None:
        room = self._window - self._open
        if not self._bulk:
            self.submit(max(0, room))
            return
        for _ in range(room // BATCH):
            self._submit_batch()

    def _submit_batch(self) -> None:
        number = next(self._numbers)
        name = f"b-{self._run}-{number}"
        task = _bodies[number % fleet.SKILLS].decode()
        entries = ",".join(f'{{"task_id":"t-{self._run}-{number}-{i}","task":{task}}}' for i in range(BATCH))
        body = f'{{"tasks":[{entries}]}}'.encode()
        self._began[name] = began = time.perf_counter()
        if self._results:
            self._alive.update((f"t-{self._run}-{number}-{i}", began) for i in range(BATCH))
        self._send(self._subjects.command("router", "bench", name, "submit_tasks"), body, f"s-{name}", "s", name)
        self._open += BATCH

    # Agents

    def _on_work(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        _, _, agent, _, task = subject.split(".")
        attempt = self._attempts.decode(payload).data.attempt
        if self._bulk:
            self._hands.setdefault(agent, []).append(
                f'{{"task_id":"{task}","report":{{"command":"start_task","attempt":{attempt}}}}},'
                f'{{"task_id":"{task}","report":{{"command":"complete_task","attempt":{attempt},"output":{_OUTPUT}}}}}'
            )
            if agent not in self._under_way:
                self._ready[agent] = None
                self._flush_soon()
            return
        place = f"{self._subjects.prefix}.cmd.router.{agent}.{task}"
        self._send(f"{place}.start_task", f'{{"attempt":{attempt}}}'.encode(), f"r-{task}", "r", task)
        body = f'{{"attempt":{attempt},"output":{_OUTPUT}}}'.encode()
        self._send(f"{place}.complete_task", body, f"c-{task}", "c", task)
        self.tally.reports += 2

    def _report_together(self) -> None:
        """One command of each agent is under way; what comes meanwhile is in the next."""
        for agent in self._ready:
            hand = self._hands[agent]
            some, self._hands[agent] = hand[: BULK_LIMIT // 2], hand[BULK_LIMIT // 2 :]
            self._under_way[agent] = len(some)
            subject = f"{self._subjects.prefix}.cmd.router.{agent}.{agent}.report_tasks"
            body = f'{{"reports":[{",".join(some)}]}}'.encode()
            self._send(subject, body, f"m-{self._run}-{next(self._numbers)}", "m", agent)
            self.tally.reports += 1
        self._ready.clear()

    # Outcomes

    def _on_outcome(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        _, kind, name = subject.rsplit(".", 2)
        if not payload.startswith(ACCEPTED):
            self.tally.refused = self.tally.refused or payload.decode()
        match kind:
            case "s":
                began = self._began.pop(name, None)
                if began is None:
                    return  # a restarted service may answer twice
                self.tally.submitted.append(time.perf_counter() - began)
                self.sequence = int(payload.split(b'"sequence":', 1)[1].split(b",", 1)[0])
            case "c" if name in self._alive and not self._results:
                del self._alive[name]
                self._done(1)
            case "m":
                if b"report_refused" in payload:
                    self.tally.refused = self.tally.refused or payload.decode()
                count = self._under_way.pop(name)
                if not self._results:
                    self._done(count)
                if self._hands[name]:
                    self._ready[name] = None
                    self._flush_soon()
            case "a":
                self._done(1)
            case _:
                pass

    def _on_result(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        began = self._alive.pop(subject.split(".", 5)[4], None)
        if began is not None:
            self.tally.finished.append(time.perf_counter() - began)
            self._done(1)

    def _done(self, count: int) -> None:
        self.tally.lives += count
        self._closed(count)

    def _closed(self, count: int) -> None:
        self._open -= count
        if self._window:
            self._fill()
        elif not self._open:
            self._idle.set()

    # Sending

    def _send(self, subject: str, body: bytes, command_id: str, kind: str, name: str) -> None:
        place = f"{self._inbox}.{kind}.{name}"
        headers = f"{HEADER_LINE}{COMMAND_ID_HEADER}: {command_id}\r\n{REPLY_HEADER}: {place}\r\n\r\n"
        self._enqueue(Outgoing(subject, body, headers), kind, name)

    def _enqueue(self, message: Outgoing, kind: str, name: str) -> None:
        self._outgoing.append(message)
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self._flushing is None:
            self._flushing = asyncio.ensure_future(self._flush())

    async def _flush(self) -> None:
        """All that has come up since the last one, in one write."""
        try:
            while self._outgoing or self._ready:
                self._report_together()
                messages, self._outgoing = self._outgoing, []
                await publish_all(self._client, messages)
        finally:
            self._flushing = None


_bodies: Final = [msgspec.json.encode(fleet.task(number)) for number in range(fleet.SKILLS)]
