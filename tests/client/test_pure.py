"""The parts of the SDK that need no server."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, Raw

import podium.client
from podium.client import Agent, CommandRefused, Insight, Task, TaskError, new_task
from podium.client._calls import completion, perform, unfit
from podium.client._client import _bulks
from podium.client._duties import Duties
from podium.client._events import event_name
from podium.client._load import Load
from podium.client._options import new_profile
from podium.client._sending import encode_body
from podium.client._serving import as_update
from podium.contracts.agents import AgentProfile, UnregisterAgent
from podium.contracts.catalogue import decode_data, decode_envelope
from podium.contracts.envelope import MAX_BODY, Progress
from podium.contracts.insights import InsightFound
from podium.contracts.tasks import (
    BULK_LIMIT,
    CompleteTask,
    FailTask,
    Retry,
    TaskAssigned,
    TaskEntry,
)
from tests.client.work import assigned, keep_progress


def test_every_public_name_is_there():
    assert all(getattr(podium.client, name) is not None for name in podium.client.__all__)


def test_what_is_not_public_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = podium.client.nonsense


# Tasks and profiles


def test_a_task_takes_any_json_as_input():
    task = new_task("echo", {"x": [1, None]}, skills=("echo",), priority=9, retry=Retry(max_attempts=1))
    assert msgspec.json.decode(msgspec.json.encode(task)) == {
        "command": "submit_task",
        "kind": "echo",
        "skills": ["echo"],
        "input": {"x": [1, None]},
        "priority": 9,
        "retry": {"max_attempts": 1},
    }


@pytest.mark.parametrize(
    ("kind", "input", "options", "path"),
    [
        ("e.cho", None, {}, "$.kind"),
        ("echo", object(), {}, "$"),
        ("echo", None, {"priority": 10}, "$.priority"),
        ("echo", None, {"skills": ["a b"]}, "$.skills[0]"),
    ],
)
def test_what_is_no_task_is_refused_with_its_place(kind, input, options, path):
    with pytest.raises(CommandRefused) as refused:
        new_task(kind, input, **options)
    assert (refused.value.code, refused.value.details["path"]) == ("invalid", path)


def test_an_update_makes_of_any_profile_this_one():
    update = as_update(new_profile({"echo": 0.5}, slots=3, model="m"))
    assert (update.skills, update.slots, update.model) == ({"echo": 0.5}, 3, "m")
    assert update.priority == AgentProfile().priority
    assert update.tools == []


def test_an_update_leaves_to_the_type_what_the_agent_does_not_say():
    update = as_update(new_profile({"echo": 0.5}, type="worker"))
    assert update.priority is UNSET
    assert update.model is UNSET


# Commands


def test_a_command_is_named_by_its_class_or_by_its_name():
    assert encode_body(UnregisterAgent("gone"))[0] == "unregister_agent"
    assert encode_body(("cancel_task", {"reason": "x"})) == ("cancel_task", b'{"reason":"x"}')
    assert encode_body(("cancel_task", Raw(b"not json"))) == ("cancel_task", b"not json")


def test_what_json_cannot_carry_is_refused():
    with pytest.raises(CommandRefused, match="invalid"):
        encode_body(("submit_task", {"input": object()}))


def test_events_are_named_by_class_type_or_name():
    assert event_name(TaskAssigned) == "task_assigned"
    assert event_name("podium.task_assigned.v1") == "task_assigned"
    assert event_name("task_assigned") == "task_assigned"


def test_bulks_hold_what_one_command_may_carry():
    small = [TaskEntry(f"t{n}", new_task("echo")) for n in range(2 * BULK_LIMIT + 1)]
    assert [len(bulk) for bulk in _bulks(small)] == [BULK_LIMIT, BULK_LIMIT, 1]
    large = [TaskEntry(f"t{n}", new_task("echo", "x" * 100_000)) for n in range(5)]
    bulks = list(_bulks(large))
    assert [entry.task_id for bulk in bulks for entry in bulk] == [f"t{n}" for n in range(5)]
    assert all(len(msgspec.json.encode(bulk)) < MAX_BODY for bulk in bulks)


# Agents


def test_an_agent_has_a_name():
    with pytest.raises(ValueError, match="'a b' is not a name"):
        Agent("a b")


def test_a_level_is_between_0_and_1():
    with pytest.raises(ValueError, match="not between 0 and 1"):
        Agent("a").skill("echo", level=2)


def test_the_function_is_chosen_by_kind_and_then_by_the_first_skill():
    agent = Agent("a")

    @agent.skill("sum")
    def total(task: Task) -> int:
        return 1

    @agent.skill("echo")
    def echo(task: Task) -> int:
        return 2

    choose = agent.handler_for
    assert choose(assigned(kind="echo", skills=["sum"])) is echo
    assert choose(assigned(kind="other", skills=["none", "sum", "echo"])) is total
    assert choose(assigned(kind="other", skills=[])) is None


def test_load_is_a_share():
    load = Load()
    cpu, memory = load.read()
    assert 0 <= cpu <= 1
    assert 0 <= memory <= 1


# A function's call


async def call(function, input: object = None) -> CompleteTask | FailTask:
    return await perform(function, Task("t1", assigned(input=input), lambda task, progress: None))


async def test_what_it_has_cost_is_reported():
    async def dear(task: Task) -> str:
        task.cost = 0.25
        return "done"

    async def free(task: Task) -> None:
        task.cost = -1.0

    report = await call(dear)
    assert isinstance(report, CompleteTask)
    assert report.cost == 0.25
    report = await call(free)
    assert isinstance(report, FailTask)
    assert (report.code, report.retryable) == ("bad_cost", False)


def one(task: Task) -> int:
    return 1


async def test_an_insight_is_told_once():
    told: list[Insight] = []
    nowhere: Any = None
    duties = Duties("echo-1", {InsightFound: told.append}, nowhere, nowhere, nowhere)
    sample = Path(__file__).parents[1] / "contracts" / "samples" / "podium.insight_found.v1.json"
    envelope = decode_envelope(sample.read_bytes())
    again = msgspec.structs.replace(envelope, id="optimizer-0-99")
    for come in (envelope, again):
        duties.offer(come, decode_data(come))
    await duties.close(10.0)
    [insight] = told
    assert (insight.insight, insight.finding) == (envelope.subject, "fails_more")
    assert insight.advice is not None


def test_a_skill_declares_what_it_costs():
    agent = Agent("a")
    agent.skill("sum", cost=2.0)(one)
    agent.skill("echo")(one)
    assert agent.cost_for(assigned(kind="other", skills=["sum"])) == 2.0
    assert agent.cost_for(assigned(kind="echo", skills=[])) is None
    with pytest.raises(ValueError, match="not 0 or more"):
        agent.skill("sum", cost=float("nan"))


async def test_a_coroutine_gives_its_output():
    async def double(task: Task) -> object:
        return {"twice": task.input * 2}

    report = await call(double, 21)
    assert isinstance(report, CompleteTask)
    assert bytes(report.output) == b'{"twice":42}'


async def test_a_plain_function_runs_in_a_thread_of_its_own():
    def where(task: Task) -> object:
        return threading.get_ident()

    report = await call(where)
    assert isinstance(report, CompleteTask)
    assert int(bytes(report.output)) != threading.get_ident()


async def test_an_exception_fails_the_attempt_with_its_class_and_text():
    def broken(task: Task) -> object:
        raise KeyError("no such thing")

    assert await call(broken) == FailTask(1, "KeyError", "'no such thing'", retryable=True)


async def test_a_task_error_says_code_message_and_whether_to_try_again():
    async def broken(task: Task) -> object:
        raise TaskError("quota", "come back tomorrow", retryable=False)

    assert await call(broken) == FailTask(1, "quota", "come back tomorrow", retryable=False)


@pytest.mark.parametrize("fault", [StopIteration, SystemExit, GeneratorExit, KeyboardInterrupt])
async def test_no_exception_of_a_thread_harms_the_agent(fault):
    def broken(task: Task) -> object:
        raise fault

    report = await call(broken)
    assert isinstance(report, FailTask)
    assert report.code == fault.__name__


async def test_an_output_that_is_no_json_fails_the_attempt_for_good():
    async def strange(task: Task) -> object:
        return object()

    report = await call(strange)
    assert isinstance(report, FailTask)
    assert (report.code, report.retryable) == ("bad_output", False)


def test_an_output_that_was_refused_fails_the_attempt_for_good():
    task_ = asyncio.run(_a_task())
    assert unfit(task_, CommandRefused("too_large", "much")).code == "output_too_large"
    assert unfit(task_, CommandRefused("too_deep", "deep")).code == "bad_output"
    assert isinstance(completion(task_, None), CompleteTask)


async def _a_task() -> Task:
    return Task("t1", assigned(), lambda task, progress: None)


async def test_progress_is_told_from_coroutines_and_threads():
    told, tell = keep_progress()
    task = Task("t1", assigned(), tell)
    await task.progress(0.25, "a quarter")

    def work(task: Task) -> object:
        task.progress(0.75)
        return None

    await perform(work, task)
    assert told == [Progress(1, 0.25, "a quarter"), Progress(1, 0.75)]


async def test_a_thread_sees_that_it_is_no_longer_wanted():
    task = Task("t1", assigned(), lambda task, progress: None)

    def work(task: Task) -> object:
        end = time.monotonic() + 20
        while not task.cancelled and time.monotonic() < end:
            time.sleep(0.001)
        return task.cancelled

    working = asyncio.create_task(perform(work, task))
    task.withdraw()
    report = await working
    assert isinstance(report, CompleteTask)
    assert bytes(report.output) == b"true"
