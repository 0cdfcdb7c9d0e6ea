"""One partition of a service, without I/O: what comes in becomes events, outcomes and refusals.

The state is ahead of the log by the steps that are not yet committed; whoever drives the partition
commits them in order, and drops the whole partition for a fresh one if a commit fails.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar, cast

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import replace

from podium.contracts.catalogue import UPCASTERS, decode_data, decode_envelope, names_of, newest, wire_name
from podium.contracts.envelope import CommandAccepted, CommandRefused, Envelope
from podium.contracts.outcomes import Outcome, Refused
from podium.contracts.subjects import Service, Subjects
from podium.runtime.pull import Stored
from podium.runtime.times import from_text

from .commands import Incoming, read_command
from .decider import Decider, Emit, KeepsFacts
from .facts import OF_THE_KERNEL, FactReader
from .log import Record
from .outcomes import Done, OutcomeTable, outcome_of
from .refusing import FAULT, Asked, as_event, as_outcome, asked_by
from .sender import is_event_id
from .snapshot_form import PartitionSnapshot, Thread
from .step import LARGEST_GROUP, Batch, Round

S = TypeVar("S")

_log = logging.getLogger(__name__)
_encode: Final = msgspec.json.Encoder().encode


class CommandFault(Exception):
    """The rules met a fault of the program with a command; the state may be half changed and is of no use."""

    def __init__(self, command_id: str) -> None:
        super().__init__(command_id)
        self.command_id = command_id


class Partition(Generic[S]):
    """The rules of a service at work on one partition.

    Attributes:
        position: the sequence of the newest event that is known to be in the log; 0 for none.
        count: how many events the partition has had, those not yet committed included.
        observed: upstream service → the newest of its events that was folded.
        faulty: ids of commands with which the rules met a fault of the program; they are refused.
    """

    def __init__(self, decider: Decider[S], subjects: Subjects, partition: int) -> None:
        self.decider = decider
        self.state = decider.initial()
        self.position = 0
        self.count = 0
        self.outcomes = OutcomeTable()
        self.faulty: frozenset[str] = frozenset()
        self._subjects = subjects
        self._partition = partition
        self._service: Service = decider.service
        self._stream = subjects.event_stream(decider.service)
        self._source = f"/{subjects.prefix}/{decider.service}/{partition}"
        self._subject_prefix = subjects.partition(decider.service, partition).removesuffix(">")
        self._id_prefix = f"{decider.service}-{partition}-"
        self._threads: dict[str, Thread] = {}
        self._closing = frozenset(decider.closing)
        self.observed: dict[Service, int] = {}
        self._facts = {service: FactReader(service, named) for service, named in decider.upstream.items()}

    # From the log

    def replay(self, stored: Iterable[Stored]) -> None:
        """Fold events of the partition that are in the log, in order. Those already folded are passed over."""
        for record in stored:
            if record.sequence <= self.position:
                continue
            self.position = record.sequence
            try:
                envelope = decode_envelope(record.payload)
                event = decode_data(envelope)
                at = from_text(envelope.time)
                self.count = int(envelope.id.removeprefix(self._id_prefix))
            except (msgspec.MsgspecError, ValueError) as error:
                _log.error("event %d of %s cannot be read and is passed over: %s", record.sequence, self._stream, error)
                continue
            if event is None:
                _log.error("event %d of %s is of the unknown type %s", record.sequence, self._stream, envelope.type)
                continue
            traceparent = envelope.traceparent if envelope.traceparent is not UNSET else None
            thread = Thread(envelope.correlationid, envelope.id, traceparent)
            self._fold(envelope.subject, event, envelope.actor, at, thread)
            self._remember(envelope, event, record.sequence, at)

    def observe(self, service: Service, stored: Iterable[Stored]) -> None:
        """Fold events of an upstream service, in order. Those already folded are passed over."""
        reader, observe, state = self._facts[service], self.decider.observe, self.state
        known = self.observed.get(service, 0)
        for record in stored:
            if record.sequence <= known:
                continue
            self.observed[service] = known = record.sequence
            try:
                fact = reader.decode(record.payload)
                at = from_text(fact.time)
            except (msgspec.MsgspecError, ValueError) as error:
                if not reader.is_younger(record.payload):
                    _log.error("event on %s cannot be read and is passed over: %s", record.subject, error)
                continue
            data = newest(fact.data) if UPCASTERS else fact.data
            if type(data) not in OF_THE_KERNEL:
                observe(state, fact.subject, data, at)

    # From the world

    def sense(self, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        self.decider.sense(self.state, subject, signal, now)

    def step(self, round: Round, commands: Sequence[Incoming], now: float) -> None:
        """Decide each command in turn, then what is due, into the round. The state moves on at once, ahead of the log.

        `now` is in whole microseconds. A command whose outcome is known gets it again.

        Raises:
            CommandFault: drop the partition, and have the next one refuse the command.
        """
        round.at(now)
        for incoming in commands:
            try:
                self._take(incoming, round)
            except Exception as error:
                raise CommandFault(incoming.command_id) from error
        self._react(round)

    def committed(self, batch: Batch, position: int) -> list[tuple[Incoming, Outcome]]:
        """The outcomes of a batch whose last event is now at `position`."""
        base = position - len(batch.records) + 1
        if batch.records:
            self.position = position
        outcomes: list[tuple[Incoming, Outcome]] = []
        for answer in batch.answers:
            done = answer.done
            if answer.offset is not None:
                done = Done(base + answer.offset, done.events, done.refusal)
                self.outcomes.settle(answer.incoming.command_id, done)
            elif done.sequence < 0:
                # the same command twice in one step: the first one's place is known by now
                done = self.outcomes.get(answer.incoming.command_id) or done
            outcomes.append((answer.incoming, outcome_of(answer.incoming.command_id, self._stream, done)))
        return outcomes

    # Snapshots

    @property
    def folded(self) -> int:
        """Grows with everything that a snapshot saves the next start from folding."""
        return self.count + (sum(self.observed.values()) if isinstance(self.decider, KeepsFacts) else 0)

    @property
    def schema(self) -> str:
        """Names the shape of a snapshot; one of another shape is of no use."""
        return f"{self._service}-{self.decider.schema}"

    def snapshot(self, now: float) -> bytes:
        """All that need not be folded again. Only between steps that are committed."""
        content = PartitionSnapshot(self.count, self.decider.dump(self.state), self._threads, self.outcomes.dump(), now)
        if isinstance(self.decider, KeepsFacts):
            content = replace(content, observed=self.observed, facts=self.decider.dump_facts(self.state))
        return msgspec.msgpack.encode(content)

    def restore(self, snapshot: bytes, position: int) -> None:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content = msgspec.msgpack.decode(snapshot, type=PartitionSnapshot)
        self.state = self.decider.load(content.state)
        if content.facts is not None and isinstance(self.decider, KeepsFacts):
            self.decider.load_facts(self.state, content.facts)
            self.observed = content.observed
        self._threads = content.threads
        self.outcomes.restore(content.outcomes, content.at)
        self.count = content.count
        self.position = position

    # Parts of a step

    def _take(self, incoming: Incoming, round: Round) -> None:
        done = self.outcomes.get(incoming.command_id)
        if done is not None:
            round.repeat(incoming, done)
            return
        request = read_command(incoming)
        if isinstance(request, Refused):
            self._refuse(incoming, asked_by(incoming), request, round)
            return
        decided = FAULT if incoming.command_id in self.faulty else self.decider.decide(self.state, request, round.now)
        if isinstance(decided, Refused):
            asked = Asked(request.principal, request.entity, wire_name(request.command))
            self._refuse(incoming, asked, decided, round)
            return
        cause, name = self._cause(incoming), wire_name(request.command)
        events: list[tuple[str, str]] = []
        for emit in decided:
            first = UNSET if events else name
            events.append((self._emit(emit, request.principal, cause, round, first), emit.entity))
        if not events:
            # It is so already. That it was asked is kept: delivered again later, it must not do anything.
            noted = CommandAccepted(incoming.command_id, name)
            self._emit(Emit(request.entity, noted), request.principal, cause, round, name)
        self._answer(incoming, Done(-1, tuple(events)), round)

    def _refuse(self, incoming: Incoming, asked: Asked, refused: Refused, round: Round) -> None:
        """A refusal is an event, too: what was refused once stays refused, and an audit finds it."""
        emit = Emit(asked.entity, as_event(incoming, asked, refused))
        self._emit(emit, asked.principal, self._cause(incoming), round, asked.command)
        self._answer(incoming, Done(-1, (), as_outcome(incoming.command_id, refused)), round)

    def _answer(self, incoming: Incoming, done: Done, round: Round) -> None:
        """The newest records are the command's, and its outcome is owed when they are in the log."""
        self.outcomes.add(incoming.command_id, done, round.now)
        round.owe(incoming, done)

    def _cause(self, incoming: Incoming) -> Thread:
        return Thread(incoming.correlation or incoming.command_id, incoming.command_id, incoming.traceparent)

    def _react(self, round: Round) -> None:
        """What happens to one entity without a break belongs together, unless it is very much."""
        entity = None
        for emit in self.decider.react(self.state, round.now):
            if emit.entity != entity or round.ungrouped >= LARGEST_GROUP:
                round.group()
                entity = emit.entity
            self._emit(emit, self._service, None, round)
        round.group()

    def _emit(
        self, emit: Emit, actor: str, cause: Thread | None, round: Round, command: str | UnsetType = UNSET
    ) -> str:
        """Fold a new event and add its record; the event's type."""
        entity, event, actor = emit.entity, emit.event, emit.actor or actor
        thread = self._threads.get(entity)
        if thread is None and emit.parent is not None:
            thread = self._threads.get(emit.parent)
        root = thread or cause
        self.count += 1
        id = f"{self._id_prefix}{self.count}"
        correlation = root.correlation if root else id
        traceparent = (cause.traceparent if cause else None) or (root.traceparent if root else None)
        name, type = names_of(event.__class__)
        envelope = Envelope(
            id=id,
            source=self._source,
            type=type,
            subject=entity,
            time=round.time,
            correlationid=correlation,
            causationid=cause.cause if cause else thread.cause if thread else id,
            actor=actor,
            data=cast(Raw, event),  # it is encoded where it stands
            traceparent=traceparent or UNSET,
            command=command,
        )
        # Entities and audiences are names: the subject of the command and the contracts' types have seen to it.
        subject = f"{self._subject_prefix}{entity}.{name}"
        if emit.audience is not None:
            subject = f"{subject}.{emit.audience}"
        round.records.append(Record(subject, _encode(envelope)))
        self._fold(entity, event, actor, round.now, Thread(correlation, id, traceparent))
        return type

    def _fold(self, entity: str, event: Struct, actor: str, at: float, thread: Thread) -> None:
        """The rules fold the event, and the next one of the entity's story follows upon `thread`."""
        kind = type(event)
        if kind in OF_THE_KERNEL:
            return
        self.decider.evolve(self.state, entity, event, actor, at)
        if kind in self._closing:
            self._threads.pop(entity, None)
        elif self._closing:
            self._threads[entity] = thread

    def _remember(self, envelope: Envelope, event: Struct, sequence: int, at: float) -> None:
        """Take an event from the log into the outcome of the command that led to it."""
        cause = envelope.causationid
        if is_event_id(cause):
            return
        if isinstance(event, CommandRefused):
            self.outcomes.add(cause, Done(sequence, (), as_outcome(event.command_id, event)), at)
            return
        if isinstance(event, CommandAccepted):
            self.outcomes.add(cause, Done(sequence, ()), at)
            return
        before = self.outcomes.get(cause)
        ref = (envelope.type, envelope.subject)
        self.outcomes.add(cause, Done(sequence, (*before.events, ref) if before else (ref,)), at)
