"""One partition without I/O, with the registry's rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from podium.contracts.agents import AgentUnregistered
from podium.contracts.catalogue import decode_envelope
from podium.contracts.envelope import Envelope
from podium.contracts.outcomes import AcceptedOutcome, EventRef, Outcome, RefusedOutcome
from podium.contracts.subjects import Subjects
from podium.kernel.commands import Incoming
from podium.kernel.decider import Emit, Request
from podium.kernel.log import MAX_BATCH
from podium.kernel.partition import CommandFault, Partition
from podium.kernel.step import Batch, Round
from podium.registry.service import Registry, RegistryState, decider
from podium.runtime.pull import Stored

SUBJECTS = Subjects()
NOW = 1_000_000_000.25


def command(id: str, entity: str, name: str, body: object, *, service: str = "registry") -> Incoming:
    subject = SUBJECTS.command(service, "ops", entity, name)
    payload = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Incoming(subject, SUBJECTS.read_command(subject), payload, id, "_INBOX.1", None, None, "token")


def register(id: str, agent: str = "a1", slots: int = 1) -> Incoming:
    return command(id, agent, "register_agent", {"skills": {"echo": 0.9}, "slots": slots})


class Log:
    """A partition and the log that it is committed to."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self.partition = Partition(decider(), SUBJECTS, 0)

    def send(self, *commands: Incoming) -> list[Outcome]:
        return [outcome for _, outcome in self.commit(self.decide(*commands))]

    def decide(self, *commands: Incoming) -> list[Batch]:
        round = Round()
        self.partition.step(round, commands, NOW)
        return round.batches()

    def commit(self, batches: Sequence[Batch]) -> list[tuple[Incoming, Outcome]]:
        outcomes: list[tuple[Incoming, Outcome]] = []
        for batch in batches:
            for record in batch.records:
                self.stored.append(Stored(len(self.stored) + 1, record.subject, record.payload))
            outcomes += self.partition.committed(batch, len(self.stored))
        return outcomes

    def restart(self, stored: Sequence[Stored] | None = None) -> None:
        self.partition = Partition(decider(), SUBJECTS, 0)
        self.partition.replay(self.stored if stored is None else stored)

    @property
    def envelopes(self) -> list[Envelope]:
        return [decode_envelope(stored.payload) for stored in self.stored]


class Faulty(Registry):
    """Rules with a fault: they fall over an agent named `trap`, half-way through."""

    def decide(self, state: RegistryState, request: Request, now: float) -> Any:
        if request.entity != "trap":
            return super().decide(state, request, now)
        return self._fall(now)

    def _fall(self, now: float) -> Iterator[Emit]:
        yield Emit("a1", AgentUnregistered())
        raise ZeroDivisionError


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_command_becomes_an_event_that_names_its_cause(log: Log) -> None:
    outcomes = log.send(register("c1"))
    assert outcomes == [
        AcceptedOutcome("c1", "podium-events-registry", 1, [EventRef("podium.agent_registered.v1", "a1")])
    ]
    [envelope] = log.envelopes
    assert (envelope.id, envelope.source, envelope.subject) == ("registry-0-1", "/podium/registry/0", "a1")
    assert (envelope.causationid, envelope.correlationid, envelope.actor) == ("c1", "c1", "ops")
    assert envelope.time == "2001-09-09T01:46:40.250000Z"
    assert log.stored[0].subject == "podium.evt.registry.0.a1.agent_registered"


def test_a_command_that_comes_again_gets_its_old_outcome_and_changes_nothing(log: Log) -> None:
    first = log.send(register("c1"))
    assert log.send(register("c1"), register("c1")) == first * 2
    assert len(log.stored) == 1


def test_twice_in_one_round_is_once_in_the_log(log: Log) -> None:
    first, second = log.send(register("c1"), register("c1"))
    assert first == second
    assert len(log.stored) == 1


def test_the_old_outcome_outlives_a_restart(log: Log) -> None:
    before = log.send(register("c1"), command("c2", "a9", "update_agent", {"slots": 3}))
    log.restart()
    assert log.send(register("c1"), command("c2", "a9", "update_agent", {"slots": 3})) == before
    assert len(log.stored) == 2


def test_what_was_refused_stays_refused_although_it_would_be_accepted_now(log: Log) -> None:
    refused = log.send(command("c1", "a1", "update_agent", {"slots": 3}))
    assert isinstance(refused[0], RefusedOutcome)
    assert refused[0].code == "unknown_agent"
    log.send(register("c2"))
    log.restart()
    assert log.send(command("c1", "a1", "update_agent", {"slots": 3})) == refused


def test_what_cannot_be_read_is_refused_and_in_the_log(log: Log) -> None:
    outcomes = log.send(register("c1"), command("c2", "a2", "register_agent", b'{"slots": -1}'), register("c3", "a3"))
    refused = outcomes[1]
    assert isinstance(refused, RefusedOutcome)
    assert (refused.code, refused.details["path"]) == ("invalid", "$.slots")
    assert [envelope.subject for envelope in log.envelopes] == ["a1", "a2", "a3"]
    assert (log.envelopes[1].actor, log.envelopes[1].command) == (log.envelopes[0].actor, "register_agent")
    log.restart()
    assert log.send(command("c2", "a2", "register_agent", b'{"slots": -1}')) == [refused]
    assert len(log.stored) == 3


def test_of_what_is_already_so_only_the_asking_is_written(log: Log) -> None:
    log.send(register("c1"))
    assert log.send(register("c2")) == [AcceptedOutcome("c2", "podium-events-registry", 2, [])]
    assert log.envelopes[1].type == "podium.command_accepted.v1"


def test_what_changed_nothing_then_changes_nothing_when_it_comes_again(log: Log) -> None:
    log.send(register("c1"))
    before = log.send(command("c2", "a1", "update_agent", {"slots": 1}))
    log.send(command("c3", "a1", "update_agent", {"slots": 5}))
    log.restart()
    assert log.send(command("c2", "a1", "update_agent", {"slots": 1})) == before
    assert len(log.stored) == 3


def test_events_are_numbered_without_gaps_across_restarts(log: Log) -> None:
    for number in range(5):
        log.send(register(f"c{number}", f"a{number}"))
        log.restart()
    assert [envelope.id for envelope in log.envelopes] == [f"registry-0-{n}" for n in range(1, 6)]


def test_a_large_round_is_cut_into_atomic_batches_between_commands(log: Log) -> None:
    batches = log.decide(*(register(f"c{n}", f"a{n}") for n in range(MAX_BATCH + 300)))
    assert [len(batch.records) for batch in batches] == [MAX_BATCH, 300]
    outcomes = log.commit(batches)
    assert [o.sequence for _, o in outcomes if isinstance(o, AcceptedOutcome)] == list(range(1, MAX_BATCH + 301))


def test_a_small_round_is_stored_command_by_command(log: Log) -> None:
    batches = log.decide(register("c1"), register("c2", "a2"), register("c1"))
    assert [(len(batch.records), len(batch.answers)) for batch in batches] == [(1, 1), (1, 2)]


def test_what_is_owed_without_events_is_answered_at_once(log: Log) -> None:
    log.send(register("c1"))
    [batch] = log.decide(register("c1"), register("c1"))
    assert (len(batch.records), len(batch.answers)) == (0, 2)


def test_a_snapshot_and_the_events_after_it_give_what_the_whole_log_gives(log: Log) -> None:
    log.send(*(register(f"c{n}", f"a{n}") for n in range(10)))
    snapshot, position = log.partition.snapshot(NOW), log.partition.position
    log.send(command("u", "a3", "update_agent", {"slots": 7}))
    from_snapshot = Partition(decider(), SUBJECTS, 0)
    from_snapshot.restore(snapshot, position)
    from_snapshot.replay(log.stored)
    log.restart()
    whole = log.partition
    assert from_snapshot.decider.dump(from_snapshot.state) == whole.decider.dump(whole.state)
    assert (from_snapshot.position, from_snapshot.count) == (whole.position, whole.count)
    assert from_snapshot.outcomes.get("c5") == whole.outcomes.get("c5")


def test_a_fault_of_the_rules_costs_one_command_and_stops_nothing(log: Log) -> None:
    log.send(register("c1"))
    log.partition = partition = Partition(Faulty(), SUBJECTS, 0)
    partition.replay(log.stored)
    with pytest.raises(CommandFault) as fault:
        log.send(register("c2", "a2"), register("c3", "trap"), register("c4", "a4"))
    log.partition = partition = Partition(Faulty(), SUBJECTS, 0)
    partition.faulty = frozenset({fault.value.command_id})
    partition.replay(log.stored)
    accepted, refused, also = log.send(register("c2", "a2"), register("c3", "trap"), register("c4", "a4"))
    assert isinstance(accepted, AcceptedOutcome)
    assert isinstance(also, AcceptedOutcome)
    assert isinstance(refused, RefusedOutcome)
    assert refused.code == "internal"
    assert [envelope.subject for envelope in log.envelopes] == ["a1", "a2", "trap", "a4"]


def test_an_event_that_cannot_be_read_is_passed_over(log: Log) -> None:
    log.send(register("c1"))
    garbage = Stored(2, "podium.evt.registry.0.a1.agent_updated", b"\xff{")
    future = msgspec.structs.replace(log.envelopes[0], type="podium.agent_praised.v1", id="registry-0-2")
    log.restart(
        [*log.stored, garbage, Stored(3, "podium.evt.registry.0.a1.agent_praised", msgspec.json.encode(future))]
    )
    assert log.partition.position == 3
    assert log.partition.count == 2
