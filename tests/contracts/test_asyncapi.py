"""The AsyncAPI document is valid, complete, and says what the decoders accept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator

from podium.contracts.asyncapi import document
from podium.contracts.catalogue import COMMANDS, EVENTS, WORK, decode_data, decode_envelope
from podium.contracts.outcomes import Outcome
from podium.contracts.queries import QUERIES, Fault
from podium.contracts.subjects import Subjects
from tests.bad_input import BAD_BODIES, BadInput

DOCUMENT = document()
OFFICIAL = json.loads((Path(__file__).parent / "asyncapi" / "3.0.0.json").read_bytes())
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]


def validator(schema: dict[str, Any]) -> Draft7Validator:
    """Of one schema of the document, its refs resolved within the document."""
    return Draft7Validator({"allOf": [schema], "components": DOCUMENT["components"]})


def refs(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from [inner] if key == "$ref" else refs(inner)
        case list():
            for inner in value:
                yield from refs(inner)
        case _:
            pass


def test_it_is_valid_by_the_official_schema():
    assert [fault.message for fault in Draft7Validator(OFFICIAL).iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    "broken",
    [
        {"channels": {"beat": {"address": 1}}},
        {"operations": {"beat": {"action": "listen", "channel": {"$ref": "#/channels/beat"}}}},
        {"info": {"title": "podium"}},
    ],
    ids=["address", "action", "info"],
)
def test_the_official_schema_sees_faults(broken):
    assert not Draft7Validator(OFFICIAL).is_valid(DOCUMENT | broken)


def test_every_ref_leads_somewhere():
    for ref in set(refs(DOCUMENT)):
        at: Any = DOCUMENT
        for token in ref.removeprefix("#/").split("/"):
            assert token in at, ref
            at = at[token]


def test_every_command_can_be_sent_and_asked():
    for service, commands in COMMANDS.items():
        for name in commands:
            for way in ("cmd", "ask"):
                channel = DOCUMENT["channels"][f"{way}.{service}.{name}"]
                assert channel["address"] == f"podium.{way}.{service}.{{principal}}.{{entity}}.{name}"
                operation = DOCUMENT["operations"][f"{way}.{service}.{name}"]
                assert operation["action"] == "receive"
                assert operation["reply"]["channel"] == {"$ref": "#/channels/outcome"}
                group = operation.get("bindings", {}).get("nats", {}).get("queue")
                assert group == {"ask": "podium-door", "cmd": None}[way]


def test_every_event_has_its_channel_and_work_has_two_more():
    channels = DOCUMENT["channels"]
    for type in EVENTS:
        holding = [name for name, channel in channels.items() if type in channel["messages"]]
        assert any(name.startswith("evt.") for name in holding)
        assert any(name.startswith("work.") for name in holding) == (type in WORK)
    assert channels["evt.router.task_completed"]["address"] == "podium.evt.router.{partition}.{entity}.task_completed"
    assert channels["evt.router.task_assigned.to"]["address"] == (
        "podium.evt.router.{partition}.{entity}.task_assigned.{agent}"
    )
    assert "evt.router.task_assigned" not in channels
    assert channels["work.task_assigned"]["address"] == "podium.work.{agent}.task_assigned.{entity}"


def test_every_query_is_asked_and_answered():
    for name, query in QUERIES.items():
        assert DOCUMENT["channels"][f"qry.{name}"]["address"] == f"podium.qry.{name}"
        answers = [ref["$ref"].split("/")[-1] for ref in DOCUMENT["operations"][f"qry.{name}"]["reply"]["messages"]]
        assert answers == [query.answer.__name__, "Fault"]


def test_addresses_are_below_the_prefix():
    channels = document("north")["channels"].values()
    addresses = [channel["address"] for channel in channels if channel["address"] is not None]
    assert addresses
    assert all(address.startswith("north.") for address in addresses)
    with pytest.raises(ValueError, match="not a name"):
        document("north.south")


def test_event_addresses_are_read_as_events():
    for name, channel in DOCUMENT["channels"].items():
        if name.startswith("evt."):
            subject = channel["address"].format(partition=0, entity="t1", agent="a1")
            address = Subjects().read_event(subject)
            assert address is not None
            assert f"podium.{address.event}.v1" in channel["messages"]


def test_schemas_are_schemas():
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("name", MESSAGES)
def test_examples_fit_their_own_schema(name):
    message = MESSAGES[name]
    if name == "explain":
        return
    assert message["examples"]
    for example in message["examples"]:
        assert list(validator(message["payload"]).iter_errors(example["payload"])) == []


@pytest.mark.parametrize(("service", "name"), [(s, n) for s, commands in COMMANDS.items() for n in commands])
def test_command_examples_decode(service, name):
    for example in MESSAGES[name]["examples"]:
        assert "command" not in example["payload"]
        msgspec.json.decode(json.dumps(example["payload"]), type=COMMANDS[service][name])


@pytest.mark.parametrize("type", EVENTS)
def test_event_examples_decode(type):
    for example in MESSAGES[type]["examples"]:
        envelope = decode_envelope(json.dumps(example["payload"]).encode())
        assert envelope.type == type
        assert isinstance(decode_data(envelope), EVENTS[type])


@pytest.mark.parametrize("name", QUERIES)
def test_query_examples_decode(name):
    query = QUERIES[name]
    for message, decoded in ((f"qry.{name}", query), (query.answer.__name__, query.answer), ("Fault", Fault)):
        for example in MESSAGES[message]["examples"]:
            msgspec.json.decode(json.dumps(example["payload"]), type=decoded)


def test_outcome_examples_decode():
    for name in ("AcceptedOutcome", "RefusedOutcome"):
        for example in MESSAGES[name]["examples"]:
            decoded = msgspec.json.decode(json.dumps(example["payload"]), type=Outcome)
            assert type(decoded).__name__ == name


def sayable(bad: BadInput) -> bool:
    """A schema has no word for a float that stands for an integer, nor for how far a float reaches; and
    `$` in a pattern lets a line end pass in Python, though not in a browser."""
    beyond = ("priority is a float", "with a line end", "that no float holds")
    return bad.code == "invalid" and not bad.id.endswith(beyond)


@pytest.mark.parametrize("bad", [bad for bad in BAD_BODIES if sayable(bad)], ids=lambda bad: bad.id)
def test_schemas_refuse_what_the_decoders_refuse(bad: BadInput):
    assert not validator(MESSAGES[bad.command]["payload"]).is_valid(json.loads(bad.body))


def test_a_reports_command_is_required_among_many_and_not_alone():
    many = {"reports": [{"task_id": "t1", "report": {"attempt": 1}}]}
    assert not validator(MESSAGES["report_tasks"]["payload"]).is_valid(many)
    assert validator(MESSAGES["start_task"]["payload"]).is_valid({"attempt": 1})
    assert validator(MESSAGES["start_task"]["payload"]).is_valid({"command": "start_task", "attempt": 1})
    assert not validator(MESSAGES["start_task"]["payload"]).is_valid({"command": "stop", "attempt": 1})


def test_it_imports_nothing_heavy():
    heavy = "{'pydantic', 'nats', 'numpy', 'sqlalchemy', 'rich', 'jsonschema'}"
    program = f"import sys, podium.contracts.asyncapi; print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
