"""What answers are made from: the tables, the events in the streams, the router's owner, and what was heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
import nats.errors
from nats.aio.client import Client
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import SQLAlchemyError

from podium.contracts.envelope import Envelope
from podium.contracts.queries import Query, QueryErrorCode
from podium.contracts.subjects import Service, Subjects
from podium.contracts.tasks import Waiting
from podium.contracts.thresholds import HealthReport
from podium.runtime.jsapi import LogMissing, LogUnavailable

from .database import TooSlow, is_unavailable
from .follower import Follower
from .heard import Heard
from .reached import Reached
from .received import envelope_of
from .store import NotBuilt, Store, View
from .stream import EventStream
from .threads import Threads

T = TypeVar("T")

EXPLAIN_SECONDS: Final = 0.5
AT_ONCE: Final = 64
"""How many events are read from a stream at the same time for one answer."""

ROOM_FOR_THE_REST: Final = 4096
"""Bytes of an answer that are not its items: positions, cursor, headers."""

_PARAMETERS: Final = 5_000

_waiting = msgspec.json.Decoder(Waiting)
_report = msgspec.json.Decoder(HealthReport)


class Failed(Exception):
    """A query has no answer, and why."""

    def __init__(self, code: QueryErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: QueryErrorCode = code
        self.message = message


class Sources:
    def __init__(
        self,
        nc: Client,
        subjects: Subjects,
        store: Store,
        streams: Mapping[Service, EventStream],
        follower: Follower,
        reached: Reached,
        heard: Heard,
    ) -> None:
        self.heard = heard
        self.reached = reached
        self._nc = nc
        self._subjects = subjects
        self._store = store
        self._streams = streams
        self._follower = follower
        self._readers = Threads("podium-reader", 4)

    @property
    def room(self) -> int:
        """Bytes that the items of one answer may take up."""
        return self._nc.max_payload - ROOM_FOR_THE_REST

    def close(self) -> None:
        self._readers.close()

    def now(self) -> float:
        return time.time()

    async def wait(self, query: Query) -> None:
        """Return when the read model is as far as the query asks for.

        Raises:
            Failed
        """
        wanted: dict[Service, int] = {}
        for stream, sequence in query.at_least.items():
            service = self._service_of(stream)
            wanted[service] = sequence
        if query.fresh:
            ends = await asyncio.gather(*(self._end(stream) for stream in self._streams.values()))
            for service, end in zip(self._streams, ends, strict=True):
                wanted[service] = max(end, wanted.get(service, 0))
        try:
            await self.reached.wait(wanted, query.wait)
        except TimeoutError:
            behind = ", ".join(
                f"{reached} of {position} in {self._streams[service].name}"
                for service, (reached, position) in self.reached.behind(wanted).items()
            )
            raise Failed("timeout", f"after {query.wait:g} s the read model has reached {behind}") from None

    async def view(self, read: Callable[[View], T]) -> tuple[T, dict[str, int]]:
        """What `read` finds in the tables, and stream → sequence of the last event that they reflect.

        Raises:
            Failed
        """

        def work() -> tuple[T, Mapping[Service, int]]:
            return self._store.view(lambda view: (read(view), view.positions))

        try:
            found, positions = await self._readers.run(work)
        except NotBuilt as error:
            share = self._follower.built
            how_far = "" if share is None else f": {share:.0%}"
            raise Failed("unavailable", f"the read model is being built{how_far}") from error
        except TooSlow as error:
            raise Failed("timeout", "too many rows have to be looked at: add a filter") from error
        except SQLAlchemyError as error:
            if not is_unavailable(error):
                raise
            raise Failed("unavailable", "the read model's database cannot be used now") from error
        return found, {self._streams[service].name: sequence for service, sequence in positions.items()}

    async def event(self, service: Service, sequence: int) -> Envelope:
        """Raises: Failed"""
        try:
            stored = await self._streams[service].get(sequence)
        except LogUnavailable as error:
            raise Failed("unavailable", f"an event cannot be read now: {error}") from error
        return envelope_of(stored, self._subjects)

    async def events(self, service: Service, sequences: Sequence[int], room: int) -> list[Envelope]:
        """Events by their sequences, as many of the first as there is room for, and one more if there are more.

        Raises:
            Failed
        """
        events: list[Envelope] = []
        for start in range(0, len(sequences), AT_ONCE):
            some = sequences[start : start + AT_ONCE]
            events += await asyncio.gather(*(self.event(service, sequence) for sequence in some))
            room -= sum(memoryview(event.data).nbytes for event in events[start:])
            if room < 0:
                break
        return events

    async def waiting(self, task: str) -> Waiting | None:
        """Why a task has no agent, as its router knows it now; None if it does not say."""
        return await self._explained("router", task, _waiting)

    async def health(self, name: str) -> HealthReport | None:
        """How an agent, a skill or everything is, as health knows it now; None if it does not say."""
        return await self._explained("health", name, _report)

    async def _explained(self, service: Service, name: str, decoder: msgspec.json.Decoder[T]) -> T | None:
        try:
            msg = await self._nc.request(self._subjects.explain(service, name), b"", timeout=EXPLAIN_SECONDS)
            return decoder.decode(msg.data)
        except (nats.errors.Error, msgspec.MsgspecError):
            return None

    async def tidy(self) -> None:
        """Forget what was heard of agents that are not registered and of tasks that no agent holds.

        Raises:
            Failed
        """
        agents, tasks = self.heard.agents, self.heard.tasks

        def read(view: View) -> tuple[set[str], set[str]]:
            profiles, rows = view.agents.profiles.c, view.tasks.tasks.c
            registered, held = (
                select(profiles.agent_id).where(profiles.registered),
                select(rows.task_id).where(rows.phase.in_(("assigned", "running"))),
            )
            return (
                _found(view, registered, profiles.agent_id, agents),
                _found(view, held, rows.task_id, tasks),
            )

        (registered, held), _ = await self.view(read)
        self.heard.drop(set(agents) - registered, set(tasks) - held)

    def stream_name(self, service: Service) -> str:
        return self._streams[service].name

    def _service_of(self, stream: str) -> Service:
        for service, known in self._streams.items():
            if known.name == stream:
                return service
        names = ", ".join(known.name for known in self._streams.values())
        raise Failed("invalid", f"$.at_least: {stream} is not read here: {names}")

    async def _end(self, stream: EventStream) -> int:
        try:
            return await stream.last()
        except LogMissing:
            return 0
        except LogUnavailable as error:
            raise Failed("unavailable", f"the end of {stream.name} is not known now: {error}") from error


def _found(view: View, rows: Select[str], column: ColumnElement[str], names: Sequence[str]) -> set[str]:
    """Which of the names are among the rows; asked for in parts, since a statement takes only so many parameters."""
    found: set[str] = set()
    for start in range(0, len(names), _PARAMETERS):
        some = rows.where(column.in_(names[start : start + _PARAMETERS]))
        found.update(view.connection.scalars(some))
    return found
