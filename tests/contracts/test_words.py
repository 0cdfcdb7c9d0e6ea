"""Names, subjects, outcomes and envelopes: what is written is read back, and no bad name becomes a subject."""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from podium.contracts.catalogue import COMMAND_UNIONS, COMMANDS, EVENT_UNIONS, EVENTS, WORK, event_type
from podium.contracts.envelope import CommandRefused, Envelope
from podium.contracts.names import NAME_PATTERN, Name, is_name
from podium.contracts.outcomes import AcceptedOutcome, EventRef, Outcome, Refusal, RefusedOutcome
from podium.contracts.queries import QUERIES
from podium.contracts.subjects import SERVICES, CommandAddress, EventAddress, Subjects

few = settings(max_examples=50, deadline=None)

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True)
SURPRISES = st.sampled_from(["", ".", "*", ">", "a.b", "a b", "a\n", "\n", "a\t", "é", "a/b", "$JS", "n" * 129, "a\0"])
OTHERS = (st.text() | SURPRISES).filter(lambda text: re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text) is None)
COMMAND_ADDRESSES = st.builds(CommandAddress, st.sampled_from(SERVICES), NAMES, NAMES, NAMES)
EVENT_ADDRESSES = st.builds(
    EventAddress, st.sampled_from(SERVICES), st.integers(0, 64), NAMES, NAMES, st.none() | NAMES
)
TEXTS = st.text(max_size=200)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
DETAILS = st.dictionaries(TEXTS, JSON, max_size=4)
REFUSED = st.builds(RefusedOutcome, TEXTS, TEXTS, TEXTS, DETAILS)
OUTCOMES = REFUSED | st.builds(
    AcceptedOutcome, TEXTS, TEXTS, st.integers(0, 2**63), st.lists(st.builds(EventRef, TEXTS, TEXTS), max_size=5)
)

DATA = JSON.map(msgspec.json.encode).map(Raw)
ENVELOPES = st.builds(Envelope, *[TEXTS] * 8, data=DATA, traceparent=st.just(UNSET) | TEXTS)


@few
@given(NAMES)
def test_a_name_is_a_name_wherever_it_is_checked(name):
    assert is_name(name)
    assert msgspec.json.decode(msgspec.json.encode(name), type=Name) == name
    assert re.search(NAME_PATTERN, name)


@few
@given(OTHERS)
def test_anything_else_is_none(text):
    assert not is_name(text)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(text), type=Name)


@few
@given(NAMES, COMMAND_ADDRESSES)
def test_a_commands_subject_reads_back(prefix, address):
    subjects = Subjects(prefix)
    tokens = (address.service, address.principal, address.entity, address.command)
    for subject in (subjects.command(*tokens), subjects.ask(*tokens)):
        assert subjects.read_command(subject) == address
        assert subjects.read_event(subject) is None
    assert subjects.refused(address).split(".")[2:] == list(tokens)


@few
@given(NAMES, EVENT_ADDRESSES)
def test_an_events_subject_reads_back(prefix, address):
    subjects = Subjects(prefix)
    subject = subjects.event(address)
    assert subjects.read_event(subject) == address
    assert subjects.read_command(subject) is None
    assert subject.startswith(subjects.partition(address.service, address.partition).removesuffix(">"))


@few
@given(OTHERS)
def test_no_bad_name_becomes_a_subject(text):
    subjects = Subjects()
    makers = (
        lambda: Subjects(text),
        lambda: subjects.command(text, "p", "e", "c"),
        lambda: subjects.command("router", text, "e", "c"),
        lambda: subjects.command("router", "p", text, "c"),
        lambda: subjects.ask("router", "p", "e", text),
        lambda: subjects.event(EventAddress("router", 0, text, "task_assigned")),
        lambda: subjects.event(EventAddress("router", 0, "t1", text)),
        lambda: subjects.event(EventAddress("router", 0, "t1", "task_assigned", text)),
        lambda: subjects.event_filters("router", text),
        lambda: subjects.work(text),
        lambda: subjects.beat(text),
        lambda: subjects.progress("a1", text),
        lambda: subjects.explain("router", text),
    )
    for make in makers:
        with pytest.raises(ValueError, match="is not a name"):
            make()


@few
@given(st.builds(CommandAddress, OTHERS, OTHERS, OTHERS, OTHERS))
def test_a_refusal_is_kept_under_a_subject_whatever_came(address):
    assert Subjects().refused(address) == "podium.refused._._._._"


@few
@given(st.text())
def test_any_subject_can_be_looked_at(subject):
    Subjects().read_command(subject)
    Subjects().read_event(subject)


@few
@given(OUTCOMES)
def test_an_outcome_reads_back(outcome):
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome


@few
@given(REFUSED, TEXTS, TEXTS)
def test_a_refusal_reads_back(outcome, subject, body):
    refusal = Refusal(outcome, subject, body)
    assert msgspec.json.decode(msgspec.json.encode(refusal), type=Refusal) == refusal


@few
@given(ENVELOPES)
def test_an_envelope_reads_back_and_keeps_its_data_to_the_byte(envelope):
    again = msgspec.json.decode(msgspec.json.encode(envelope), type=Envelope)
    assert bytes(again.data) == bytes(envelope.data)
    assert msgspec.structs.replace(again, data=envelope.data) == envelope
    assert again.specversion == "1.0"


def test_names_on_the_wire_are_told_apart():
    """Two services may not give one name to two things: types, schemas and examples go by the name alone."""
    commands = [name for of_service in COMMANDS.values() for name in of_service]
    assert len(set(commands)) == len(commands)
    for union in COMMAND_UNIONS.values():
        assert len(union.__args__) == len({command.__struct_config__.tag for command in union.__args__})
    events = {event for union in EVENT_UNIONS.values() for event in union.__args__}
    assert set(EVENTS.values()) == events
    assert EVENTS["podium.command_refused.v1"] is CommandRefused


def test_every_name_on_the_wire_may_stand_in_a_subject():
    names = [name for of_service in COMMANDS.values() for name in of_service]
    names += [type.split(".")[1] for type in EVENTS]
    names += [token for query in QUERIES for token in query.split(".")]
    assert [name for name in names if re.fullmatch("[a-z][a-z_]*", name) is None] == []


def test_work_is_made_of_events():
    assert set(WORK) <= set(EVENTS)
    for event in (EVENTS[type] for type in WORK):
        of_tasks = event in get_args(EVENT_UNIONS["router"])
        assert not of_tasks or {"agent", "attempt"} <= set(event.__struct_fields__)
        assert event_type(event) in WORK


def test_the_server_hands_an_addressed_event_to_its_agent():
    """The transform's own words, applied as the server does."""
    subjects = Subjects("north")
    source, destination = subjects.work_transform("router")
    subject = subjects.event(EventAddress("router", 0, "t1", "task_assigned", "a1"))
    wildcards = [token for token, pattern in zip(subject.split("."), source.split("."), strict=True) if pattern == "*"]
    made = re.sub(r"\{\{wildcard\((\d)\)\}\}", lambda found: wildcards[int(found[1]) - 1], destination)
    assert made == subjects.work("a1").removesuffix(">") + "task_assigned.t1"
