"""An agent in service: registered, listening, beating, and in the end drained."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct
from nats.aio.msg import Msg

from podium.contracts.agents import AgentProfile, RegisterAgent, UnregisterAgent, UpdateAgent
from podium.contracts.catalogue import decode_data, decode_envelope
from podium.contracts.envelope import Beat, Envelope, Progress
from podium.contracts.messages import MessagesSent
from podium.contracts.queries import OpenWork, WorkItem
from podium.contracts.subjects import Subjects
from podium.contracts.tasks import AttemptFailed, TaskAssigned, TaskCancelled, TaskPaused

from ._asking import ask
from ._connection import Connection
from ._duties import Duties
from ._handlers import Handlers
from ._inbox import Inbox
from ._load import Load
from ._looking import Looking
from ._personal import seal_note
from ._reports import Reporter
from ._sending import Sender
from ._task import Task
from ._vault import vault_of
from ._worker import Key, Worker
from .errors import CommandRefused, PodiumError

_REGISTER_SECONDS: Final = 30.0
_PROGRESS_SECONDS: Final = 0.1
_FAREWELL_SECONDS: Final = 3.0
_NAMED_TASKS: Final = 100
"""A heartbeat names at most so many tasks."""

_log: Final = logging.getLogger(__name__)


class Serving:
    """One agent on one connection.

    Args:
        keep: stay registered at the end, with what is assigned, for this agent to come back to.
        grace: seconds that running tasks have to end when it stops.
    """

    def __init__(
        self,
        name: str,
        profile: RegisterAgent,
        handlers: Handlers,
        connection: Connection,
        subjects: Subjects,
        *,
        keep: bool,
        grace: float,
    ) -> None:
        self._name = name
        self._profile = profile
        self._handlers = handlers
        self._connection = connection
        self._subjects = subjects
        self._keep = keep
        self._grace = grace
        self._sender = Sender(connection, subjects, name)
        self._reporter = Reporter(self._sender, name)
        self._duties = Duties(name, handlers.duties, connection, subjects, self._sender)
        self._inbox: Inbox | None = None
        if handlers.messages is not None:
            handler, concurrency = handlers.messages
            self._inbox = Inbox(name, handler, connection, subjects, self._sender, concurrency=concurrency)
        self._vault = vault_of(connection, subjects)
        self._progress: dict[Key, tuple[Task, Progress]] = {}
        self._progressed = asyncio.Event()
        self._looking = Looking(connection, "work")
        self._beat = asyncio.Event()

    async def run(self, stop: asyncio.Event, ready: Callable[[], None], patience: float) -> None:
        """Serve until `stop` is set, then drain.

        Raises:
            CommandRefused: the registry does not take the profile.
            ServiceUnavailable, NotAllowed: there is nobody to serve.
        """
        await self._register(patience)
        try:
            async with asyncio.TaskGroup() as group:
                await self._serve(group, stop, ready)
        except* PodiumError as failed:
            raise _first(failed) from None

    async def _serve(self, group: asyncio.TaskGroup, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        slots = self._profile.slots if isinstance(self._profile.slots, int) else AgentProfile().slots
        handler_for, cost_for = self._handlers.handler_for, self._handlers.cost_for
        worker = Worker(slots, handler_for, cost_for, self._reporter, self._tell, self._vault, group)

        async def lasting(loop: Coroutine[Any, Any, None]) -> None:
            try:
                await loop
            finally:
                worker.halt()

        async def on_work(msg: Msg) -> None:
            self._on_work(worker, msg)

        # First listen, then ask what is open: nothing falls between the two.
        await self._connection.subscribe(self._subjects.work(self._name), on_work)
        self._connection.on_reconnect(self._on_reconnect)
        inbox = [] if self._inbox is None else [self._inbox.run()]
        loops = [
            group.create_task(lasting(loop))
            for loop in (
                self._reporter.run(),
                self._looking.run(partial(self._look, worker)),
                self._keep_beating(worker),
                self._keep_telling(),
                *inbox,
            )
        ]
        ready()
        try:
            await stop.wait()
            await self._leave(worker)
        finally:
            worker.halt()
            await self._duties.close(0.0)
            for loop in loops:
                loop.cancel()

    # Coming and going

    async def _register(self, patience: float) -> None:
        timeout, patient = max(patience, _REGISTER_SECONDS), patience > 0
        try:
            await self._sender.send("registry", self._name, self._profile, timeout=timeout, patient=patient)
        except CommandRefused as refusal:
            if refusal.code != "agent_exists":
                raise
            _log.info("%s is known with another profile, which is updated", self._name)
            await self._sender.send("registry", self._name, as_update(self._profile), timeout=timeout, patient=patient)
        _log.info("%s is registered", self._name)

    async def _leave(self, worker: Worker) -> None:
        _log.info("%s stops; tasks that run and have %g s to end: %d", self._name, self._grace, worker.running)
        if not self._keep:
            await self._say_farewell(UpdateAgent(slots=0))
        drain = asyncio.ensure_future(worker.drain(self._grace, give_back=not self._keep))
        duties = asyncio.ensure_future(self._duties.close(self._grace))
        await asyncio.wait((drain, duties), timeout=self._grace + _FAREWELL_SECONDS)
        drain.cancel()
        await self._reporter.settle(_FAREWELL_SECONDS)
        if not self._keep:
            await self._say_farewell(UnregisterAgent("stopped"))

    async def _say_farewell(self, command: Struct) -> None:
        """Who leaves cannot wait for ever: without it, the router finds out by time-outs."""
        try:
            await self._sender.send("registry", self._name, command, timeout=_FAREWELL_SECONDS, patient=True)
        except PodiumError as error:
            _log.warning("%s could not say that it stops: %s", self._name, error)

    def _on_reconnect(self) -> None:
        self._looking.now()
        self._beat.set()
        if self._inbox is not None:
            self._inbox.look()

    # Work

    def _on_work(self, worker: Worker, msg: Msg) -> None:
        try:
            envelope = decode_envelope(msg.data)
            self._take(worker, envelope)
        except (msgspec.MsgspecError, ValueError) as error:
            _log.warning("work on %s cannot be read and is passed over: %s", msg.subject, error)

    def _take(self, worker: Worker, envelope: Envelope) -> None:
        match decode_data(envelope):
            case TaskAssigned() as assigned if assigned.agent == self._name:
                if assigned.process in (None, worker.process):
                    worker.offer(envelope.subject, assigned)
                else:
                    self._looking.now()  # a process before this one was to begin it, and may have
            case TaskCancelled() as event if event.attempt is not None:
                worker.withdraw(envelope.subject, event.attempt, f"cancelled ({event.reason or 'no reason given'})")
            case TaskPaused() as event if event.attempt is not None:
                worker.withdraw(envelope.subject, event.attempt, f"paused ({event.reason or 'no reason given'})")
            case MessagesSent() as event if self._inbox is not None:
                for message in event.messages:
                    self._inbox.offer(message)
            case AttemptFailed() as event:
                worker.withdraw(envelope.subject, event.attempt, f"{event.code}: {event.message}")
            case event:
                self._duties.offer(envelope, event)

    async def _look(self, worker: Worker) -> None:
        """Ask what is open."""
        await self._look_for_work(worker)
        await self._duties.look()

    async def _look_for_work(self, worker: Worker) -> None:
        known = worker.keys()
        listed: set[Key] = set()
        async for item in self._open_work():
            assigned = decode_data(item.event)
            if not isinstance(assigned, TaskAssigned):
                continue
            listed.add((item.task_id, assigned.attempt))
            if item.phase == "assigned" or assigned.process == worker.process:
                worker.offer(item.task_id, assigned)
            else:
                worker.disown(item.task_id, assigned.attempt)
        for task_id, attempt in known & worker.keys() - listed:
            worker.withdraw(task_id, attempt, "it is no longer this agent's")

    async def _open_work(self) -> AsyncIterator[WorkItem]:
        question = OpenWork(agent_id=self._name)
        while True:
            answer = await ask(self._connection, self._subjects, question)
            for item in answer.work:
                yield item
            if answer.next is None:
                return
            question = OpenWork(agent_id=self._name, fresh=False, cursor=answer.next)

    # Signals

    async def _keep_beating(self, worker: Worker) -> None:
        interval = self._profile.heartbeat
        if not isinstance(interval, float | int):
            return
        load = Load()
        subject = self._subjects.beat(self._name)
        while True:
            cpu, memory = load.read()
            active = worker.active
            beat = Beat(cpu, memory, len(active), active[:_NAMED_TASKS], interval, round(time.time(), 3))
            await self._connection.publish(subject, msgspec.json.encode(beat))
            self._beat.clear()
            try:
                async with asyncio.timeout(interval):
                    await self._beat.wait()
            except TimeoutError:
                pass

    def _tell(self, task: Task, progress: Progress) -> None:
        self._progress[task.id, task.attempt] = (task, progress)
        self._progressed.set()

    async def _keep_telling(self) -> None:
        while True:
            await self._progressed.wait()
            self._progressed.clear()
            told, self._progress = self._progress, {}
            for task, progress in told.values():
                subject = self._subjects.progress(self._name, task.id)
                said = await seal_note(self._vault, task, progress)
                await self._connection.publish(subject, msgspec.json.encode(said))
            await asyncio.sleep(_PROGRESS_SECONDS)


def as_update(profile: RegisterAgent) -> UpdateAgent:
    """Makes of any profile this one: what is left out has its default, or, with a type, stays as it is."""
    fields = {name: getattr(profile, name) for name in UpdateAgent.__struct_fields__}
    if profile.type is UNSET:
        defaults = AgentProfile()
        fields = {name: getattr(defaults, name) if value is UNSET else value for name, value in fields.items()}
    return UpdateAgent(**fields)


def _first(failed: BaseExceptionGroup[PodiumError]) -> BaseException:
    error: BaseException = failed
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
