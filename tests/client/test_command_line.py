"""The command line as far as it needs no server."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from rich.console import Console

from podium.client.cli import _app, main
from podium.client.cli._reading import BadFields, fields_of, read_fields, read_moment
from podium.client.cli._tables import show
from podium.client.cli._words import clock, in_short, pairs, shorten
from podium.contracts.queries import GetTask, ListTasks
from tests.nats_server import free_port

# Words in


def test_fields_are_read_from_words():
    asked = read_fields(ListTasks, ["phase=queued,running", "limit=7", "agent=a1", "fresh=true"])
    assert asked == ListTasks(phase=["queued", "running"], limit=7, agent="a1", fresh=True)


def test_fields_are_read_from_json():
    assert read_fields(GetTask, ['{"task_id": "t1", "wait": 0}']) == GetTask(task_id="t1", wait=0)
    assert read_fields(ListTasks, ['at_least={"s": 3}', 'phase=["queued"]']) == ListTasks(
        at_least={"s": 3}, phase=["queued"]
    )


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["task"], "neither key=value nor a JSON object"),
        (["limit=many"], "limit"),
        (["phase=lost"], "phase"),
        (["who=me"], "there is no field 'who'"),
        (["{"], "malformed|truncated"),
        (["phase=[1"], "malformed|truncated"),
    ],
)
def test_words_that_do_not_fit_are_named(words, fault):
    with pytest.raises(BadFields, match=fault):
        read_fields(ListTasks, words)


def test_what_must_be_given_is_shown_without_brackets():
    assert "task_id" in fields_of(GetTask)
    assert "[fresh]" in fields_of(GetTask)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("1.5h", 5400), ("2d", 172_800)])
def test_a_span_is_a_time_ago(text, seconds):
    assert read_moment(text) == pytest.approx(time.time() - seconds, abs=5)


def test_a_moment_is_an_iso_time():
    assert read_moment("2026-01-02T03:04:05Z") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()


def test_anything_else_is_no_time():
    with pytest.raises(BadFields, match="'soon' is neither"):
        read_moment("soon")


# Words out


def test_values_are_put_in_short():
    assert in_short("fresh", True) == "yes"
    assert in_short("score", 0.123456) == "0.1235"
    assert in_short("skills", {"echo": 0.9, "sum": 1.0}) == "echo 0.9, sum 1"
    assert in_short("skills", ["echo", "sum"]) == "echo, sum"
    assert in_short("output", {"a": ["b"]}) == '{"a":["b"]}'
    assert in_short("offer", {"price": "low", "time": "week"}) == "price low, time week"
    assert in_short("ann", [["a"], ["b", "c"]]) == "a > b = c"
    assert shorten("x" * 10, 4) == "xxx…"
    assert pairs({"a": 1, "b": None, "c": [], "d": "e"}) == "a=1 d=e"


def test_a_time_of_another_day_has_its_date():
    assert clock("2020-01-02T12:00:00.123456Z").startswith("2020-01-0")
    assert clock(datetime.now(UTC).isoformat()).count(":") == 2


def shown(answer: dict[str, object]) -> str:
    screen = io.StringIO()
    show(answer, Console(file=screen, width=200))
    return screen.getvalue()


def test_a_list_becomes_a_table_of_what_is_there():
    tasks = [
        {"task_id": "t1", "kind": "echo", "phase": "completed", "agent": "a1", "skills": ["echo"], "priority": 5},
        {"task_id": "t2", "kind": "echo", "phase": "queued", "skills": ["echo"], "priority": 9},
    ]
    lines = shown({"positions": {"s": 1}, "tasks": tasks}).split("\n")
    lines = [line for line in lines if line.strip()]
    assert lines[0].split() == ["task_id", "kind", "phase", "agent", "priority"]
    assert lines[2].split() == ["t1", "echo", "completed", "a1", "5"]
    assert lines[3].split() == ["t2", "echo", "queued", "9"]
    assert shown({"positions": {}, "tasks": []}) == "no tasks\n"


def test_a_command_names_its_first_event_as_a_moment_is_named():
    row = {"service": "router", "sequence": 12, "at": 0.0, "principal": "ada", "entity": "t1", "command": "cancel_task"}
    commands = [row | {"command_id": "c-1", "outcome": "accepted", "event": "podium.task_cancelled.v1"}]
    lines = [line for line in shown({"commands": commands}).split("\n") if line.strip()]
    assert lines[0].split() == ["at", "principal", "command", "entity", "outcome", "event"]
    assert lines[2].split()[-1] == "router:12"


def test_one_thing_becomes_lines_and_its_lists_tables():
    task = {
        "task_id": "t1",
        "phase": "completed",
        "spec": {"kind": "echo", "input": {"x": [1]}},
        "attempts": [{"attempt": 1, "agent": "a1", "assigned_at": 0.0, "outcome": "completed"}],
        "output": {"y": "[bold]"},
    }
    text = shown({"positions": {}, "task": task})
    assert "kind" in text
    assert "x: [1]" in text
    assert "[bold]" in text
    assert "attempts" in text


# Exit codes


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("nonsense",), "Unknown command"),
        (("send", "router"), "requires an argument"),
        (("send", "router", "t1", "submit_task", "--nope"), "Unknown option"),
        (("send", "router", "t1", "submit_task", "@/no/such/file"), "cannot read /no/such/file"),
        (("query", "tasks.lost"), "there is no query 'tasks.lost'; the queries are tasks.get"),
        (("query", "tasks.get", "id=1"), "there is no field 'id'"),
        (("events", "--since", "soon"), "--since: 'soon' is neither"),
        (("events", "--limit", "0"), "--limit"),
        (("events", "--prefix", "a.b"), "'a.b' is not a name"),
        (("agent", "run", "no_such_module"), "there is no module 'no_such_module'"),
        (("agent", "run", "json:loads"), "json has no agent 'loads'"),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(capsys, arguments, fault):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("podium: ")
    assert fault in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("send", "router", "t1", "cancel_task"),
        ("query", "tasks.list"),
        ("events",),
        ("agent", "run", "tests.client.echo_agent"),
    ],
)
def test_without_a_server_there_is_one_clear_line(capsys, arguments):
    url = f"nats://127.0.0.1:{free_port()}"
    assert run(capsys, *arguments, "--nats", url) == (2, "", f"podium: no NATS server at {url}: connection refused\n")


def test_without_a_server_the_doctor_says_what_to_do(capsys):
    code, out, _ = run(capsys, "doctor", "--json", "--nats", f"nats://127.0.0.1:{free_port()}")
    checks = {check["name"]: check for check in json.loads(out)}
    assert code == 2
    assert checks["server"]["status"] == "fail"
    assert "podium up" in checks["server"]["advice"]
    assert checks["python"]["status"] == "ok"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        *((name,) for name in ("send", "query", "events", "rebuild", "audit", "serve", "doctor", "diagnose")),
        *((name,) for name in ("asyncapi", "version")),
        ("agent", "run"),
    ],
)
def test_every_command_has_help_with_an_example(capsys, arguments):
    code, out, err = run(capsys, *arguments, "--help")
    assert (code, err) == (0, "")
    assert "xample" in out
    assert "podium" in out


def test_the_interface_is_printed_for_a_prefix(capsys):
    code, out, _ = run(capsys, "asyncapi", "--prefix", "mine")
    assert code == 0
    document = json.loads(out)
    assert document["asyncapi"].startswith("3.")
    assert '"mine.cmd.' in out


def test_versions_are_printed_as_json(capsys):
    code, out, _ = run(capsys, "version", "--json")
    assert code == 0
    assert set(json.loads(out)) >= {"podium", "nats-py"}


def test_an_interrupt_ends_a_command_also_when_it_comes_together_with_an_answer():
    async def follows() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        with suppress(asyncio.CancelledError):  # as `asyncio.wait_for` does then
            await asyncio.sleep(60)
        await asyncio.Event().wait()
        return 0

    with pytest.raises(KeyboardInterrupt):
        _app.run(follows())
