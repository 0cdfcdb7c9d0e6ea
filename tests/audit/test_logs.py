"""A log that keeps every promise is clean; broken in any one way it is not, and the event at fault is named."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from podium.audit.finding import Finding
from podium.audit.heard import Journal, Sent, read_journal
from podium.contracts.catalogue import decode_envelope
from podium.contracts.envelope import Envelope
from podium.contracts.subjects import Service
from podium.contracts.tasks import TaskAssigned
from podium.runtime.pull import Stored
from tests.audit.logs import Told, changed, told


def is_a(type: str) -> Callable[[Envelope], bool]:
    def matches(envelope: Envelope) -> bool:
        return envelope.type == f"podium.{type}.v1"

    return matches


def envelope_at(told: Told, at: int) -> Envelope:
    return decode_envelope(told.logs["router"][at].payload)


def types(told: Told, service: Service) -> set[str]:
    return {decode_envelope(stored.payload).type.split(".")[1] for stored in told.logs[service]}


NEEDED = {"attempt_failed", "task_cancelled", "task_paused", "task_completed", "command_refused"}
TOLD = next(told(seed) for seed in range(100) if types(told(seed), "router") >= NEEDED)
"""Something of everything that is to be broken happens in it."""


def only(findings: list[Finding], check: str) -> Finding:
    """The one finding of this check; others may follow from it."""
    (found,) = [finding for finding in findings if finding.check == check]
    return found


@pytest.mark.parametrize("seed", range(12))
def test_a_true_log_is_clean(seed: int):
    assert told(seed).audit() == []


def test_an_event_stored_twice():
    at = TOLD.find("router", is_a("task_completed"))
    log = TOLD.logs["router"]
    findings = TOLD.broken("router", [*log, log[at]], renumbered=False).audit()
    end, id = len(log) + 1, envelope_at(TOLD, at).id
    assert {finding.check for finding in findings} == {"numbers", "commands", "attempts", "slots"}
    assert {(finding.sequence, finding.id) for finding in findings} == {(end, id)}


def test_an_event_that_is_gone():
    at = TOLD.find("router", is_a("task_started"))
    log = TOLD.logs["router"]
    findings = TOLD.broken("router", [*log[:at], *log[at + 1 :]], renumbered=False).audit()
    missing = only(findings, "numbers")
    assert missing.id == envelope_at(TOLD, at + 1).id
    assert missing.message == f"router-0-{at + 1} is missing before router-0-{at + 2}"


def test_an_id_of_another_partition():
    log = [changed(TOLD.logs["router"][0], id="router-7-1"), *TOLD.logs["router"][1:]]
    finding = TOLD.broken("router", log, renumbered=False).audit()[0]
    assert (finding.check, finding.sequence, finding.id) == ("numbers", 1, "router-7-1")


def test_a_command_that_happened_twice():
    """With new numbers, as if it had been decided again."""
    at = TOLD.find("router", is_a("command_refused"))
    log = TOLD.logs["router"]
    findings = TOLD.broken("router", [*log, log[at]]).audit()
    assert [(f.check, f.sequence) for f in findings] == [("commands", len(log) + 1)]
    assert "happened again" in findings[0].message


def test_a_command_that_happened_twice_without_a_pause():
    at = TOLD.find("router", is_a("task_paused"))
    log = list(TOLD.logs["router"])
    again = changed(log[at], time="2030-01-01T00:00:00.000000Z")
    findings = TOLD.broken("router", [*log[: at + 1], again, *log[at + 1 :]]).audit()
    assert findings[0].check == "commands"
    assert findings[0].sequence == at + 2
    assert "happened again" in findings[0].message


def test_an_accepted_command_that_is_lost():
    at = TOLD.find("registry", is_a("agent_updated"))
    log = TOLD.logs["registry"]
    lost = decode_envelope(log[at].payload).causationid
    findings = TOLD.broken("registry", [*log[:at], *log[at + 1 :]]).audit()
    assert any(f"command {lost} was accepted, and the log has no event of it" in f.message for f in findings)


def test_an_accepted_command_at_another_place():
    at = TOLD.find("router", is_a("task_submitted"))
    command_id = envelope_at(TOLD, at).causationid
    sent = TOLD.journal["router", command_id]
    journal = TOLD.journal | {("router", command_id): msgspec.structs.replace(sent, sequence=10_000)}
    (finding,) = Told(TOLD.logs, journal).audit()
    assert (finding.check, finding.sequence) == ("commands", at + 1)


def test_an_accepted_command_with_other_events():
    at = TOLD.find("router", is_a("task_submitted"))
    command_id = envelope_at(TOLD, at).causationid
    sent = TOLD.journal["router", command_id]
    journal = TOLD.journal | {("router", command_id): msgspec.structs.replace(sent, events=[])}
    (finding,) = Told(TOLD.logs, journal).audit()
    assert (finding.check, finding.id) == ("commands", f"router-0-{at + 1}")


def test_an_accepted_command_that_was_refused():
    at = TOLD.find("router", is_a("command_refused"))
    (finding,) = heard(at, "accepted").audit()
    assert (finding.check, finding.sequence) == ("commands", at + 1)


def test_a_refused_command_that_happened():
    at = TOLD.find("router", is_a("task_submitted"))
    (finding,) = heard(at, "refused").audit()
    assert (finding.check, finding.sequence, finding.id) == ("commands", at + 1, f"router-0-{at + 1}")


def test_an_unknown_command_may_have_happened_once():
    at = TOLD.find("router", is_a("task_submitted"))
    assert heard(at, "unknown").audit() == []


def test_an_unknown_command_may_have_happened_not_at_all():
    journal: Journal = TOLD.journal | {("router", "never"): Sent("never", "router", "unknown")}
    assert Told(TOLD.logs, journal).audit() == []


def test_an_unknown_command_must_not_happen_twice():
    at = TOLD.find("router", is_a("command_refused"))
    told = heard(at, "unknown")
    findings = told.broken("router", [*told.logs["router"], told.logs["router"][at]]).audit()
    assert [(f.check, f.sequence) for f in findings] == [("commands", len(TOLD.logs["router"]) + 1)]


def heard(at: int, outcome: str) -> Told:
    """As if this had been heard of the command that led to the event."""
    command_id = envelope_at(TOLD, at).causationid
    sent = msgspec.convert({"command_id": command_id, "service": "router", "outcome": outcome}, Sent)
    return Told(TOLD.logs, TOLD.journal | {("router", command_id): sent})


def test_two_live_attempts():
    at = TOLD.find("router", is_a("task_assigned"))
    log = list(TOLD.logs["router"])
    findings = TOLD.broken("router", [*log[: at + 1], second_attempt(log[at]), *log[at + 1 :]]).audit()
    first = next(f for f in findings if f.check == "attempts")
    assert (first.sequence, first.id) == (at + 2, f"router-0-{at + 2}")
    assert "lives" in first.message


def second_attempt(stored: Stored, agent: str = "a9") -> Stored:
    event = msgspec.json.decode(decode_envelope(stored.payload).data, type=TaskAssigned)
    second = msgspec.structs.replace(event, agent=agent, attempt=event.attempt + 1)
    return changed(stored, data=msgspec.Raw(msgspec.json.encode(second)))


def test_an_attempt_that_skips_a_number():
    at = TOLD.find("router", is_a("task_assigned"))
    event = msgspec.json.decode(envelope_at(TOLD, at).data, type=TaskAssigned)
    log = list(TOLD.logs["router"])
    log[at] = second_attempt(log[at], event.agent)
    assert next(f for f in TOLD.broken("router", log).audit() if f.check == "attempts").sequence == at + 1


def test_something_after_the_end():
    at = TOLD.find("router", is_a("task_completed"))
    log = list(TOLD.logs["router"])
    task = envelope_at(TOLD, at).subject
    assigned = next(s for s in log if is_a("task_assigned")(e := decode_envelope(s.payload)) and e.subject == task)
    findings = TOLD.broken("router", [*log, assigned]).audit()
    assert any(f.sequence == len(log) + 1 and "is closed" in f.message for f in findings)


def test_a_slot_that_was_never_given_back():
    """The task goes to another agent as if nothing had been."""
    at = TOLD.find("router", is_a("attempt_failed"))
    log = TOLD.logs["router"]
    task = envelope_at(TOLD, at).subject
    findings = TOLD.broken("router", [*log[:at], *log[at + 1 :]]).audit()
    slots = next(f for f in findings if f.check == "slots")
    assert slots.sequence is not None
    assert decode_envelope(log[slots.sequence].payload).subject == task
    assert "granted" in slots.message


def test_a_slot_given_back_twice():
    at = TOLD.find("router", is_a("attempt_failed"))
    log = TOLD.logs["router"]
    findings = TOLD.broken("router", [*log[: at + 1], log[at], *log[at + 1 :]]).audit()
    assert next(f for f in findings if f.check == "slots").sequence == at + 2


def test_more_than_an_agent_has_slots_for():
    few = [Stored(s.sequence, s.subject, s.payload.replace(b'"slots":2', b'"slots":0')) for s in TOLD.logs["registry"]]
    finding = next(f for f in TOLD.broken("registry", few).audit() if f.check == "slots")
    assert "never had more than" in finding.message


def test_an_agent_that_nobody_registered():
    findings = TOLD.broken("registry", TOLD.logs["registry"][:1]).audit()
    assert any(f.check == "slots" and "was never registered" in f.message for f in findings)


def test_an_event_that_cannot_be_read():
    log = list(TOLD.logs["router"])
    at = TOLD.find("router", is_a("command_refused"))
    log[at] = Stored(at + 1, log[at].subject, b"{")
    findings = Told({**TOLD.logs, "router": log}, TOLD.journal).audit()
    assert only(findings, "reading").sequence == at + 1


def test_an_event_at_another_place():
    log = list(TOLD.logs["router"])
    log[0] = Stored(1, "podium.evt.router.0.another.task_submitted", log[0].payload)
    assert (finding := only(TOLD.broken("router", log).audit(), "reading")).sequence == 1
    assert "stands at" in finding.message


def test_an_event_from_the_future_is_no_fault():
    log = TOLD.logs["router"]
    future = changed(log[0], type="podium.task_dreamt.v1", subject="t0", causationid="a-command-of-its-own")
    future = Stored(0, "podium.evt.router.0.t0.task_dreamt", future.payload)
    assert TOLD.broken("router", [*log, future]).audit() == []


def line(outcome: str, sequence: int | None = None) -> str:
    return msgspec.json.encode(
        {"command_id": "c1", "service": "router", "outcome": outcome}
        | ({} if sequence is None else {"sequence": sequence})
    ).decode()


@pytest.mark.parametrize(
    "lines",
    [
        [line("accepted", 3), line("unknown")],
        [line("unknown"), line("accepted", 3), line("unknown"), line("accepted", 3)],
        [line("accepted", 3), line("accepted")],
        [line("refused"), line("unknown"), "", line("refused")],
    ],
)
def test_what_is_heard_of_one_command_may_be_heard_again(lines: list[str]):
    journal, findings = read_journal(lines)
    assert findings == []
    assert journal["router", "c1"].outcome != "unknown"


@pytest.mark.parametrize(
    "lines",
    [[line("accepted", 3), line("refused")], [line("accepted", 3), line("accepted", 4)]],
)
def test_two_stories_of_one_command_are_told(lines: list[str]):
    _, (finding,) = read_journal(lines)
    assert finding.check == "commands"
    assert "c1" in finding.message
