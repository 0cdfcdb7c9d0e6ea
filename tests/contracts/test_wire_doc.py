"""`docs/wire.md` says what the contracts say: nothing is missing, every example is real."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest

from podium.contracts import agents, outcomes, queries
from podium.contracts.catalogue import COMMANDS, EVENTS, WORK, decode_data, decode_envelope
from podium.contracts.documents import Awareness
from podium.contracts.envelope import (
    COMMAND_ID_HEADER,
    CORRELATION_HEADER,
    MAX_BODY,
    MAX_DEPTH,
    REPLY_HEADER,
    TRACEPARENT_HEADER,
    Beat,
    Progress,
)
from podium.contracts.outcomes import Outcome, Refusal, RefusalCode
from podium.contracts.queries import QUERIES, Fault, Phase, Query, QueryErrorCode
from podium.contracts.schemas import schemas
from podium.contracts.subjects import Subjects
from podium.contracts.tasks import BULK_LIMIT, FailTask, Retry, SubmitTask, Waiting
from podium.kernel.commands import read_body
from podium.kernel.outbox import KEPT_BODY
from tests.contracts.wire_page import PAGE, Block, ShellCommand, blocks, shell_commands, table, words

_UNREADABLE = {"not_json", "invalid", "too_large", "too_deep", "bad_name", "bad_subject"}
GENERAL = {*_UNREADABLE, "not_sealed", "unknown_service", "unknown_command", "overloaded", "internal"}
"""Codes that any command may get."""


def fields(text: str) -> dict[str, bool]:
    """The fields that a table's cell names, and whether each may be left out."""
    own = text.split(":")[0]
    return {word: f"`{word}`?" in own for word in words(own)}


def fields_of(struct: type[msgspec.Struct], *, without: type[msgspec.Struct] | None = None) -> dict[str, bool]:
    base = without.__struct_fields__ if without is not None else ()
    return {field.encode_name: not field.required for field in msgspec.structs.fields(struct) if field.name not in base}


@pytest.mark.parametrize("service", COMMANDS)
def test_every_command_is_described_with_its_fields(service):
    rows = {words(name)[0]: fields(body) for name, _, body, _ in table(service, "command")}
    assert rows == {name: fields_of(command) for name, command in COMMANDS[service].items()}


def test_every_refusal_is_explained_and_given_by_some_command():
    explained = {words(code)[0]: of for code, of, _ in table("Refusals", "code")}
    assert set(explained) == set(get_args(RefusalCode))
    assert {code for code, of in explained.items() if of == "any command"} == GENERAL
    for service in COMMANDS:
        named = {code for *_, refusals in table(service, "command") for code in words(refusals)}
        assert named & set(explained) <= {code for code, of in explained.items() if service in of.split(", ")}


def test_every_event_is_described_with_its_data():
    rows = {words(type)[0]: fields(data) for type, _, data in table("Events", "type")}
    assert rows == {type: fields_of(event) for type, event in EVENTS.items()}


def test_all_work_is_described():
    assert {words(event)[0] for event, _ in table("Agents", "event")} == {type.split(".")[1] for type in WORK}


def test_every_query_is_described_with_its_answer():
    rows = {words(name)[0]: (fields(body), fields(answer)) for name, body, answer in table("Queries", "query")}
    assert rows == {
        name: (fields_of(query, without=Query), fields_of(query.answer, without=queries.Answer))
        for name, query in QUERIES.items()
    }
    for name in (*Query.__struct_fields__, *get_args(QueryErrorCode), *get_args(Phase)):
        assert f"`{name}`" in PAGE


def test_every_header_is_described():
    headers = {words(header)[0] for header, _ in table("Commands", "header")}
    assert headers == {COMMAND_ID_HEADER, REPLY_HEADER, CORRELATION_HEADER, TRACEPARENT_HEADER}


def test_subjects_are_as_they_are_made():
    subjects = Subjects()
    described = [word for _, cell in table("Subjects", "what") for word in words(cell)]
    made = [
        subjects.command("S", "P", "E", "C"),
        subjects.ask("S", "P", "E", "C"),
        subjects.work("A"),
        subjects.beat("A"),
        subjects.progress("A", "T"),
        subjects.awareness("D", "P"),
        subjects.explain("router", "T"),
    ]
    shapes = {tuple("*" if token.startswith("<") else token for token in subject.split(".")) for subject in described}
    for subject in made:
        constant = [token for token in subject.split(".") if token.islower()]
        assert any(list(filter(str.islower, shape)) == constant for shape in shapes), subject


def test_limits_are_the_real_ones():
    limits = dict(table("Limits", "what"))
    all_of = schemas([SubmitTask, FailTask, Retry, agents.RegisterAgent])
    agent, fail = all_of["RegisterAgent"]["properties"], all_of["FailTask"]["properties"]
    assert limits["a command's body"] == f"{MAX_BODY // 1024} KiB ({MAX_BODY} bytes)"
    assert limits["nesting of its arrays and objects"] == f"{MAX_DEPTH} levels"
    assert limits["tasks or reports in one command"] == str(BULK_LIMIT)
    assert limits["a text such as `reason` or `model`"] == f"{agent['model']['anyOf'][0]['maxLength']} characters"
    assert limits["`system_prompt`"] == f"{agent['system_prompt']['anyOf'][0]['maxLength']} characters"
    assert limits["`slots` of an agent"] == str(agent["slots"]["maximum"])
    assert limits["`max_attempts`"] == str(all_of["Retry"]["properties"]["max_attempts"]["maximum"])
    assert limits["`code` and `message` of `fail_task`"] == (
        f"{fail['code']['maxLength']} and {fail['message']['maxLength']} characters"
    )
    assert f"cut after {KEPT_BODY // 1024} KiB" in (outcomes.Refusal.__doc__ or "")


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.meaning)
def test_every_json_example_is_what_it_claims(block: Block):
    payload = block.text.encode()
    kind, _, name = block.meaning.partition(" ")
    match kind:
        case "command":
            assert isinstance(read_body("router", name, payload), COMMANDS["router"][name])
        case "event":
            envelope = decode_envelope(payload)
            assert decode_data(envelope) is not None
            assert written(envelope) == json.loads(payload)
        case "answer":
            assert written(msgspec.json.decode(payload, type=QUERIES[name].answer)) == json.loads(payload)
        case _:
            shapes: dict[str, Any] = {
                "outcome": Outcome,
                "refusal": Refusal,
                "beat": Beat,
                "progress": Progress,
                "awareness": Awareness,
                "waiting": Waiting,
                "fault": Fault,
            }
            decoded = msgspec.json.decode(payload, type=shapes[kind])
            assert json.loads(payload).items() >= written(decoded).items()


def written(message: msgspec.Struct) -> Any:
    """As it goes over the wire: an example that has a field too many or a misspelt one is not that."""
    return json.loads(msgspec.json.encode(message))


def test_every_query_has_an_example_of_its_answer():
    assert {block.meaning for block in blocks("json") if "answer" in block.meaning} == {f"answer {q}" for q in QUERIES}


@pytest.mark.parametrize("command", shell_commands(), ids=lambda command: command.subject)
def test_every_line_for_a_shell_is_understood(command: ShellCommand):
    kind = command.subject.split(".")[1]
    match command.way, kind:
        case ("req", "ask") | ("pub", "cmd"):
            address = Subjects().read_command(command.subject)
            assert address is not None
            body = read_body(address.service, address.command, command.body)
            assert isinstance(body, COMMANDS[address.service][address.command])
        case "req", "qry":
            msgspec.json.decode(command.body, type=QUERIES[command.subject.removeprefix("podium.qry.")])
        case "sub", "evt":
            assert command.subject == "podium.evt.>"
        case _:
            raise AssertionError(f"what is {command}?")


def test_every_command_and_query_has_a_line_for_a_shell():
    shown = {command.subject.split(".")[-1] for command in shell_commands()}
    assert shown >= {name for commands in COMMANDS.values() for name in commands}
    assert {command.subject for command in shell_commands()} >= {f"podium.qry.{query}" for query in QUERIES}


def test_the_javascript_agent_is_30_lines():
    (block,) = blocks("js")
    lines = [line for line in block.text.splitlines() if line.strip() and not line.lstrip().startswith("//")]
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 120
