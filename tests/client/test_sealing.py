"""What is sealed can be opened with its key in its place, and only there; everything around it stays byte for byte."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from podium.client._sealing import cipher, hole, new_key, replaced, seal, subjects_in, unseal
from podium.contracts.outcomes import Refused
from podium.contracts.personal import Sealed, bound, part_of, personal_places, read_sealed, unsealed
from podium.contracts.schedules import ScheduleWorkflow
from podium.contracts.sessions import CreateSession
from podium.contracts.tasks import SubmitTask, SubmitTasks
from podium.contracts.workflows import ApproveStep, SignalWorkflow, StartWorkflow
from podium.kernel.commands import read_body

KEY = cipher(new_key())
PLACE = bound("ada", "router", "t1", "input")
TOKEN = seal(KEY, b'{"a":1}', PLACE)


def parts(token: str) -> Sealed:
    sealed = read_sealed(token)
    assert sealed is not None
    return sealed


def test_what_is_sealed_is_opened_with_its_key():
    assert unseal(KEY, parts(TOKEN)) == b'{"a":1}'
    assert unseal(cipher(new_key()), parts(TOKEN)) is None


def test_the_same_in_the_same_place_is_the_same_and_elsewhere_it_is_not():
    assert seal(KEY, b'{"a":1}', PLACE) == TOKEN
    assert parts(seal(KEY, b'{"a":1}', bound("ada", "router", "t2", "input"))).data != parts(TOKEN).data


@pytest.mark.parametrize("part", ["ada", "router", "t1", "input"])
def test_what_is_moved_to_another_place_cannot_be_opened(part: str):
    assert unseal(KEY, parts(TOKEN.replace(f".{part}.", ".other."))) is None


def test_what_is_changed_cannot_be_opened():
    for place in range(len(PLACE), len(TOKEN) - 1):
        assert unseal(KEY, parts(TOKEN[:place] + ("A" if TOKEN[place] != "A" else "B") + TOKEN[place + 1 :])) is None


def test_only_whole_values_are_opened():
    huge = b"123456789012345678901234567890"
    json = b'{"x": "%s", "n": %s, "%s" : 1, "text": "say \\"%s\\"", "y": ["%s"]}' % (
        *(TOKEN.encode(), huge, TOKEN.encode(), TOKEN.encode()),
        TOKEN.encode(),
    )
    opened = replaced(json, lambda sealed: unseal(KEY, sealed))
    assert opened.startswith(b'{"x": {"a":1}, "n": ' + huge)
    assert opened.endswith(b', "y": [{"a":1}]}')
    assert opened.count(TOKEN.encode()) == 2
    assert subjects_in(json) == ["ada"]
    assert msgspec.json.decode(replaced(b'"%s"' % TOKEN.encode(), lambda sealed: hole(sealed.subject)))


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ((), b'{"a": [1, {"b": 123456789012345678901234567890}], "c": "x"}'),
        (("a", 1, "b"), b"123456789012345678901234567890"),
        (("a", 1), b'{"b": 123456789012345678901234567890}'),
        (("c",), b'"x"'),
        *((path, None) for path in [("d",), ("a", 2), ("a", "b"), ("c", 0), ("a", 1, "b", "e")]),
    ],
)
def test_of_a_sealed_value_a_part_can_be_had_byte_for_byte(path: tuple[str | int, ...], part: bytes | None):
    value = b'{"a": [1, {"b": 123456789012345678901234567890}], "c": "x"}'
    token = part_of(parts(seal(KEY, value, PLACE)), *path)
    assert unseal(KEY, parts(token)) == part
    json = b'{"of": "%s"}' % token.encode()
    assert replaced(json, lambda sealed: unseal(KEY, sealed)) == (json if part is None else b'{"of": %s}' % part)


def test_a_part_of_what_is_sealed_within_is_the_part_of_that():
    inner = seal(KEY, b'{"x": [7]}', PLACE)
    outer = part_of(parts(seal(KEY, b'{"in": "%s"}' % inner.encode(), PLACE)), "in", "x", 0)
    within = part_of(parts(inner), "x", 0)
    assert unseal(KEY, parts(outer)) == b'"%s"' % within.encode()
    assert unseal(KEY, parts(within)) == b"7"


@pytest.mark.parametrize("way", ["", "W10", "WzEs", "Wy0xXQ", "e30", "W1tdXQ", "%", "WzFd.WzFd"])
def test_what_is_no_way_to_a_part_is_no_sealed_value(way: str):
    assert (read_sealed(f"{TOKEN}.{way}") is None) == (way != "W10")


def test_each_of_many_tasks_may_belong_to_somebody_else():
    body = {
        "tasks": [
            {"task_id": "t1", "task": {"kind": "k", "input": 1, "data_subject": "ada"}},
            {"task_id": "t2", "task": {"kind": "k", "input": 2}},
            {"task_id": "t3", "task": {"kind": "k", "input": 3, "data_subject": "bob"}},
        ]
    }
    places = list(personal_places(SubmitTasks, "batch", body))
    assert [(place.subject, place.entity, place.value, place.path) for place in places] == [
        ("ada", "t1", 1, "$.tasks[0].task.input"),
        ("bob", "t3", 3, "$.tasks[2].task.input"),
    ]


def test_of_an_object_each_value_is_sealed():
    body = {"agents": ["a"], "goal": "g", "context": {"a": 1, "b": None, "c": {}}, "data_subject": "ada"}
    assert [place.path for place in personal_places(CreateSession, "s", body)] == [
        "$.goal",
        "$.context.a",
        "$.context.c",
    ]


@pytest.mark.parametrize(
    ("command", "body", "paths"),
    [
        (StartWorkflow, {"input": {"a": {"b": 1}, "c": None, "d": ""}}, ["$.input.a", "$.input.d"]),
        (StartWorkflow, {"input": [{"a": 1}]}, ["$.input"]),
        (StartWorkflow, {"input": None}, []),
        (ScheduleWorkflow, {"input": {"a": 1}, "timing": {"kind": "at", "time": 1.0}}, ["$.input.a"]),
        (SignalWorkflow, {"payload": {"a": 1}}, ["$.payload.a"]),
        (ApproveStep, {"step": "check", "comment": "of her"}, ["$.comment"]),
        (ApproveStep, {"step": "check"}, []),
    ],
)
def test_what_a_workflow_is_given_is_sealed_so_that_parts_of_it_can_be_handed_on(
    command: type[msgspec.Struct], body: dict[str, object], paths: list[str]
):
    body = {"workflow": "w", "signal": "s", **body, "data_subject": "ada"}
    assert [place.path for place in personal_places(command, "r", body)] == paths
    given = {name: body[name] for name in command.__struct_encode_fields__ if name in body}
    assert unsealed(command, msgspec.json.encode(given)) == (paths[0] if paths else None)
    for place in personal_places(command, "r", given):
        place.holder[place.key] = TOKEN
    assert unsealed(command, msgspec.json.encode(given)) is None


def read(task: Mapping[str, object]) -> SubmitTask | Refused:
    command = read_body("router", "submit_task", msgspec.json.encode(task))
    assert isinstance(command, SubmitTask | Refused)
    return command


def test_a_service_refuses_what_is_named_and_not_sealed():
    task = {"kind": "k", "input": {"a": 1}, "data_subject": "ada"}
    for_another = seal(KEY, b"1", bound("bob", "router", "t1", "input"))
    for input in ({"a": 1}, "podium-sealed.1.ada", for_another):
        refused = read(task | {"input": input})
        assert isinstance(refused, Refused)
        assert (refused.code, refused.details) == ("not_sealed", {"path": "$.input"})
    many = {"tasks": [{"task_id": "t", "task": task}]}
    assert unsealed(SubmitTasks, msgspec.json.encode(many)) == "$.tasks[0].task.input"
    for readable in (task | {"input": TOKEN}, task | {"input": None}, task | {"data_subject": None}):
        assert isinstance(read(readable), SubmitTask)
