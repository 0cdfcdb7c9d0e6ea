"""Events as services would write them: made here for pure tests, and stored in the streams for the others."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import UNSET, Raw, Struct
from nats.aio.client import Client

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.catalogue import event_type, wire_name
from podium.contracts.envelope import Envelope
from podium.contracts.subjects import EventAddress, Service, Subjects
from podium.contracts.tasks import (
    AttemptFailed,
    Candidate,
    Decision,
    TaskAssigned,
    TaskCompleted,
    TaskStarted,
    TaskSubmitted,
)
from podium.runtime.pull import Stored

BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class Event(Struct):
    """What happened to which entity, by whom."""

    entity: str
    data: Struct
    actor: str = "ops"
    audience: str | None = None
    command: str = ""


def submitted(task: str, kind: str = "echo", skills: Sequence[str] = ("echo",), actor: str = "ops", **fields) -> Event:
    return Event(task, TaskSubmitted(kind=kind, skills=list(skills), **fields), actor)


def assigned(task: str, agent: str, attempt: int = 1, **fields) -> Event:
    decision = Decision(
        strategy="best_score",
        agents=2,
        able=2,
        eligible=1,
        candidates=[Candidate(agent, 0.9, 0.8, 0.1)],
        reasons=["highest score, 0.9"],
    )
    data = TaskAssigned(agent, attempt, "echo", ["echo"], Raw(b'{"x":1}'), decision)
    return Event(task, msgspec.structs.replace(data, **fields), "router", agent)


def started(task: str, agent: str, attempt: int = 1) -> Event:
    return Event(task, TaskStarted(agent=agent, attempt=attempt), agent)


def completed(task: str, agent: str, attempt: int = 1, output: bytes = b'{"y":2}', duration: float = 0.25) -> Event:
    return Event(task, TaskCompleted(agent=agent, attempt=attempt, output=Raw(output), duration=duration), agent)


def attempt_failed(task: str, agent: str, attempt: int = 1, code: str = "broken", **fields) -> Event:
    return Event(task, AttemptFailed(agent=agent, attempt=attempt, code=code, **fields), agent)


def life(task: str, agent: str, **fields) -> list[Event]:
    """From submission to completion in one attempt."""
    return [submitted(task, **fields), assigned(task, agent), started(task, agent), completed(task, agent)]


def registered(agent: str, skills: dict[str, float] | None = None, **profile) -> Event:
    return Event(agent, AgentRegistered(AgentProfile(skills=skills or {"echo": 0.9}, **profile)), agent)


def updated(agent: str, skills: dict[str, float] | None = None, **profile) -> Event:
    profile_now = AgentProfile(skills=skills or {"echo": 0.9}, **profile)
    return Event(agent, AgentUpdated(profile_now, ["skills"]), agent)


def unregistered(agent: str) -> Event:
    return Event(agent, AgentUnregistered("gone"), agent)


class Feed:
    """Numbers events, gives them times a millisecond apart, and makes messages of them, without a server.

    Args:
        began: the time before the first event.
    """

    def __init__(self, service: Service, subjects: Subjects, began: datetime = BEGAN) -> None:
        self.service: Service = service
        self.subjects = subjects
        self._began = began
        self._numbers = itertools.count(1)

    def messages(self, events: Iterable[Event]) -> list[Stored]:
        return [self._message(event) for event in events]

    def _message(self, event: Event) -> Stored:
        number = next(self._numbers)
        at = self._began + timedelta(milliseconds=number)
        envelope = Envelope(
            id=f"{self.service}-0-{number}",
            source=f"/{self.subjects.prefix}/{self.service}/0",
            type=event_type(event.data),
            subject=event.entity,
            time=at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            correlationid=f"request-{event.entity}",
            causationid=f"request-{event.entity}",
            actor=event.actor,
            data=Raw(_encode(event.data)),
            command=event.command or UNSET,
        )
        address = EventAddress(self.service, 0, event.entity, wire_name(event.data), event.audience)
        return Stored(number, self.subjects.event(address), _encode(envelope), at.timestamp())


class StreamFeed(Feed):
    """Stores events in the service's stream, as if a service did."""

    def __init__(self, nc: Client, service: Service, subjects: Subjects, began: datetime | None = None) -> None:
        super().__init__(service, subjects, began or datetime.now(UTC))
        self._nc = nc
        self.last = 0

    async def write(self, *events: Event) -> int:
        """Returns the sequence of the last one."""
        for message in self.messages(events):
            await self.raw(message.subject, message.payload)
        return self.last

    async def write_all(self, events: Iterable[Event]) -> None:
        """Many at once; returns when all are stored."""
        messages = self.messages(events)
        for message in messages:
            await self._nc.publish(message.subject, message.payload)
        stream = self.subjects.event_stream(self.service)
        end = self.last + len(messages)
        async with asyncio.timeout(60):
            while self.last < end:
                self.last = (await self._nc.jetstream().stream_info(stream)).state.last_seq

    async def raw(self, subject: str, payload: bytes) -> int:
        ack = await self._nc.jetstream().publish(subject, payload, stream=self.subjects.event_stream(self.service))
        self.last = ack.seq
        return ack.seq
