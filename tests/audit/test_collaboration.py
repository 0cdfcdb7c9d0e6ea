"""What was voted, said and done together is clean as collaboration wrote it; broken in any one way it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from podium.audit.finding import Finding
from podium.audit.logs import Logs
from podium.collaboration.service import Collaboration
from podium.collaboration.settings import CollaborationSettings
from podium.contracts.ballots import BallotClosed, BallotOpened, VoteCast, VoteWithdrawn
from podium.contracts.catalogue import event_type, wire_name
from podium.contracts.counts import METHODS
from podium.contracts.envelope import Envelope
from podium.contracts.messages import MessagesAcknowledged, MessagesSent
from podium.contracts.phases import PhaseCompleted, PhaseStarted
from podium.contracts.sessions import SessionCompleted, SessionCreated
from podium.contracts.subjects import EventAddress, Subjects
from podium.runtime.pull import Stored
from podium.runtime.times import to_text
from tests.rules.scenario import START, Scenario, command
from tests.rules.session_scenario import SessionScenario

SUBJECTS = Subjects()
Told = tuple[str, Struct]
"""An event and its entity."""

Breaking = Callable[[list[Told]], list[Told]]


def audit(events: Iterable[Told]) -> list[Finding]:
    logs = Logs(SUBJECTS)
    return [*logs.add("collaboration", _stored(events)), *logs.end()]


def _stored(events: Iterable[Told]) -> Iterable[Stored]:
    for number, (entity, event) in enumerate(events, 1):
        subject = SUBJECTS.event(EventAddress("collaboration", 0, entity, wire_name(event)))
        ids = (f"collaboration-0-{number}", "/podium/collaboration/0", event_type(event), entity, to_text(START))
        envelope = Envelope(*ids, "root", f"router-0-{number}", "ann", msgspec.Raw(msgspec.json.encode(event)))
        yield Stored(number, subject, msgspec.json.encode(envelope))


def found(events: list[Told], check: str) -> tuple[int | None, str]:
    """Where the first finding of this check is, and what it says; there is none of another one."""
    findings = audit(events)
    assert {finding.check for finding in findings} == {check}, findings
    return findings[0].sequence, findings[0].message


def written(scenario: Scenario) -> list[Told]:
    return [(emit.entity, emit.event) for _, _, emit in scenario.events]


def place(events: list[Told], type: type[Struct], which: int = 0) -> int:
    return [at for at, (_, event) in enumerate(events) if isinstance(event, type)][which]


def changed(events: list[Told], at: int, **fields: Any) -> list[Told]:
    """With other fields in this event."""
    entity, event = events[at]
    return [*events[:at], (entity, msgspec.structs.replace(event, **fields)), *events[at + 1 :]]


def doubled(events: list[Told], at: int) -> list[Told]:
    return [*events[: at + 1], *events[at:]]


def without(events: list[Told], at: int) -> list[Told]:
    return [*events[:at], *events[at + 1 :]]


# Votes


@cache
def voted(method: str = "majority", *, secret: bool = False, seed: int = 0) -> list[Told]:
    """Votes, second thoughts and one that is taken back; and the count."""
    random, options = Random(f"{method} {seed}"), ["red", "green", "blue"]
    scenario = Scenario(Collaboration(CollaborationSettings(ballot_key="k" * 32)))  # type: ignore[arg-type]
    voters = {"ann": 1.0, "bob": 2.5, "cy": 1.0, "di": 0.1}
    body: dict[str, Any] = {"question": "?", "options": options, "voters": voters, "secret": secret}
    scenario.asked(command("open_ballot", **body, method=method), entity="b")
    for voter in [*voters, *random.choices(list(voters), k=3)]:
        random.shuffle(options)
        rank: list[Any] = [options[0], options[1:]] if random.random() < 0.3 else options[: random.randint(1, 3)]
        scenario.when(command("cast_vote", rank=rank), by=voter, entity="b")
    scenario.asked(command("withdraw_vote"), by="cy", entity="b")
    scenario.asked(command("cast_vote", choice="red"), by="cy", entity="b")
    scenario.asked(command("cast_vote", abstain=True), by="di", entity="b")
    scenario.asked(command("close_ballot"), entity="b")
    return written(scenario)


@pytest.mark.parametrize("method", METHODS)
def test_what_every_method_counts_is_what_the_papers_say(method: str):
    for seed in range(8):
        assert audit(voted(method, seed=seed)) == []
    assert audit(voted(method, secret=True)) == []


def test_a_vote_stored_twice_is_noticed():
    log = voted()
    at = place(log, VoteCast)
    assert found(doubled(log, at), "ballots")[0] == at + 2


def test_a_vote_that_is_gone_is_noticed():
    log = voted()
    gone = place(log, VoteCast)
    assert found(without(log, gone), "ballots")[0] is not None


@pytest.mark.parametrize("secret", [False, True])
def test_a_vote_that_was_counted_twice_is_noticed(secret: bool):
    log = voted(secret=secret)
    at = place(log, BallotClosed)
    receipt = log[at][1]
    assert isinstance(receipt, BallotClosed)
    count = msgspec.structs.replace(receipt.count, papers=receipt.count.papers + 1)
    where, said = found(changed(log, at, count=count), "ballots")
    assert where == at + 1
    assert "papers" in said
    assert found(changed(log, at, voted=receipt.voted + 1), "ballots")[0] == at + 1


@pytest.mark.parametrize("method", METHODS)
def test_a_paper_that_counts_for_another_is_noticed(method: str):
    """The last paper in the log is exchanged; the receipt stays."""
    log = voted(method)
    papers = [at for at, (_, event) in enumerate(log) if isinstance(event, VoteCast) and event.paper]
    event = log[papers[-1]][1]
    assert isinstance(event, VoteCast)
    assert event.paper == [["red"]]
    where, said = found(changed(log, papers[-1], paper=[["blue"]]), "ballots")
    assert where == place(log, BallotClosed) + 1
    assert "counted wrongly" in said


BALLOTS: list[tuple[Breaking, str]] = [
    (lambda log: [*log, log[place(log, VoteCast)]], "is not open"),
    (lambda log: [*log, log[-1]], "is not open"),
    (lambda log: doubled(log, place(log, BallotOpened)), "is opened while it is open"),
    (lambda log: changed(log, place(log, VoteCast), voter="eve"), "has no vote there"),
    (lambda log: changed(log, place(log, VoteCast), number=7), "vote 7 of ann"),
    (lambda log: changed(log, place(log, VoteCast), paper=None, sealed="x"), "is sealed"),
    (lambda log: doubled(log, place(log, VoteWithdrawn)), "takes back"),
]


@pytest.mark.parametrize(("broken", "says"), BALLOTS)
def test_a_ballot_that_goes_on_otherwise_is_noticed(broken: Breaking, says: str):
    assert says in found(broken(voted()), "ballots")[1]


# Messages


@cache
def said() -> list[Told]:
    scenario = Scenario(Collaboration())
    letters = [{"to": "bob", "id": name, "body": name} for name in ("one", "two", "three")]
    scenario.asked(command("send_messages", messages=letters), by="ann", entity="batch")
    scenario.asked(command("acknowledge_messages", ids=["ann/one"]), by="bob", entity="bob")
    scenario.asked(command("reject_messages", ids=["ann/two"], note="no"), by="bob", entity="bob")
    return written(scenario)


MESSAGES: list[tuple[Breaking, str]] = [
    (lambda log: doubled(log, place(log, MessagesSent)), "comes to bob twice"),
    (lambda log: [*log, log[place(log, MessagesSent)]], "which has done with it"),
    (lambda log: [*log, log[place(log, MessagesAcknowledged)]], "has done with it before"),
    (lambda log: changed(log, place(log, MessagesAcknowledged), ids=["ann/none"]), "never got it"),
    (lambda log: without(log, place(log, MessagesSent)), "never got it"),
]


@pytest.mark.parametrize(("broken", "says"), MESSAGES)
def test_a_message_that_is_lost_or_comes_twice_is_noticed(broken: Breaking, says: str):
    assert audit(said()) == []
    messages = [finding.message for finding in audit(broken(said()))]
    assert any(says in message for message in messages), messages


# Sessions


def held() -> list[Told]:
    scenario = SessionScenario(ann=lambda given: {"answer": 1}, bob=lambda given: {"answer": 2})
    scenario.create(strategy="pipeline").play()
    return written(scenario.collaboration)


SESSIONS: list[tuple[Breaking, str]] = [
    (lambda log: [*log, log[-1]], "is over or never was"),
    (lambda log: doubled(log, place(log, SessionCreated)), "while it is open"),
    (lambda log: doubled(log, place(log, PhaseStarted)), "follows upon phase 1"),
    (lambda log: changed(log, place(log, PhaseStarted, 1), serial=7), "serial number 7 behind 1"),
    (lambda log: doubled(log, place(log, PhaseCompleted)), "was not under way"),
    (lambda log: without(log, place(log, PhaseCompleted)), "are under way"),
]


@pytest.mark.parametrize(("broken", "says"), SESSIONS)
def test_a_session_that_does_not_end_once_is_noticed(broken: Breaking, says: str):
    log = held()
    assert isinstance(log[-1][1], SessionCompleted)
    assert audit(log) == []
    assert says in found(broken(log), "sessions")[1]
