"""Questions about tasks over a real server, with both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from podium.contracts.envelope import CommandRefused, Progress
from podium.contracts.tasks import TaskCancelled, TaskFailed, TaskPaused, Waiting
from podium.projections.catalogue import SERVICES
from podium.runtime.wire import settle
from tests.projections.asked import fault, ids, pages
from tests.projections.feed import (
    Event,
    assigned,
    attempt_failed,
    completed,
    life,
    started,
    submitted,
)
from tests.projections.running import Running

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_task_with_its_spec_attempts_and_output(running: Running):
    await running.router.write(
        submitted("t1", kind="parse", input=Raw(b'{"file":"a.py"}'), priority=8, deadline=4e9),
        assigned("t1", "a1"),
        started("t1", "a1"),
        attempt_failed("t1", "a1", message="no such file", retry_at=5.0),
        assigned("t1", "a2", attempt=2),
        started("t1", "a2", attempt=2),
        completed("t1", "a2", attempt=2, output=b'{"lines":[1,2]}'),
    )
    answer = await running.ask("tasks.get", task_id="t1")
    task = answer.task
    assert (task.phase, task.kind, task.principal, task.priority, task.deadline) == (
        "completed",
        "parse",
        "ops",
        8,
        4e9,
    )
    assert (task.agent, task.attempt, task.code) == ("a2", 2, None)
    assert (task.spec.kind, bytes(task.spec.input), task.spec.priority) == ("parse", b'{"file":"a.py"}', 8)
    assert bytes(task.output) == b'{"lines":[1,2]}'
    assert [(a.attempt, a.agent, a.outcome, a.code, a.message) for a in task.attempts] == [
        (1, "a1", "failed", "broken", "no such file"),
        (2, "a2", "completed", None, None),
    ]
    assert task.submitted_at < task.attempts[0].assigned_at < task.attempts[0].started_at < task.attempts[0].ended_at
    assert answer.positions == {
        running.subjects.event_stream(service): 7 if service == "router" else 0 for service in SERVICES
    }


async def test_an_unknown_id_is_not_found(running: Running):
    for query, body in [
        ("tasks.get", {"task_id": "x"}),
        ("tasks.history", {"task_id": "x"}),
        ("tasks.why", {"task_id": "x"}),
        ("agents.get", {"agent_id": "x"}),
    ]:
        assert (await fault(running, query, **body))[0] == "not_found"
    assert (await running.ask("agents.work", agent_id="x")).work == []


async def test_tasks_are_listed_newest_first_in_pages(running: Running):
    names = [f"t{number}" for number in range(7)]
    await running.router.write(*(submitted(name) for name in names))
    found = await pages(running, "tasks.list", "tasks", limit=3)
    assert [ids(page) for page in found] == [["t6", "t5", "t4"], ["t3", "t2", "t1"], ["t0"]]
    found = await pages(running, "tasks.list", "tasks", limit=7)
    assert len(found) == 1


async def test_tasks_that_came_at_the_same_moment_are_all_listed(running: Running):
    messages = running.router.messages([submitted(f"t{number}") for number in range(5)])
    envelopes = [msgspec.json.decode(message.payload) for message in messages]
    for message, envelope in zip(messages, envelopes, strict=True):
        same = envelope | {"time": envelopes[0]["time"]}
        await running.router.raw(message.subject, msgspec.json.encode(same))
    found = await pages(running, "tasks.list", "tasks", limit=2)
    assert [ids(page) for page in found] == [["t4", "t3"], ["t2", "t1"], ["t0"]]


async def test_every_filter_of_a_list_holds(running: Running):
    await running.router.write(
        submitted("t1", kind="parse", skills=["a"], actor="me"),
        submitted("t2", kind="echo", skills=["a", "b"], actor="me"),
        submitted("t3", kind="echo", skills=["b"], actor="you"),
        submitted("t4", kind="parse", skills=[], actor="you"),
        assigned("t1", "a1"),
        assigned("t2", "a1"),
        assigned("t3", "a2"),
        completed("t2", "a1"),
    )
    middle = (await running.ask("tasks.get", task_id="t3")).task.submitted_at

    async def listed(**filters: Any) -> list[str]:
        whole = ids((await running.ask("tasks.list", **filters)).tasks)
        assert [
            name for page in await pages(running, "tasks.list", "tasks", limit=1, **filters) for name in ids(page)
        ] == (whole)
        return whole

    assert await listed(phase=["assigned"]) == ["t3", "t1"]
    assert await listed(phase=["assigned", "completed", "assigned"]) == ["t3", "t2", "t1"]
    assert await listed(agent="a1") == ["t2", "t1"]
    assert await listed(kind="parse") == ["t4", "t1"]
    assert await listed(skill="b") == ["t3", "t2"]
    assert await listed(principal="you") == ["t4", "t3"]
    assert await listed(since=middle) == ["t4", "t3"]
    assert await listed(skill="b", since=middle) == ["t3"]
    assert await listed(skill="a", phase=["assigned", "queued"]) == ["t1"]
    assert await listed(agent="a1", kind="echo", principal="me", skill="a", phase=["completed"]) == ["t2"]
    assert await listed(agent="nobody") == []


async def test_the_history_of_a_task_is_every_event_of_it(running: Running):
    await running.router.write(*life("t1", "a1"), submitted("t2"))
    await running.router.write(Event("t1", CommandRefused("c", "cancel_task", "task_closed", "too late"), "ops"))
    found = await pages(running, "tasks.history", "events", task_id="t1", limit=2)
    entries = [entry for page in found for entry in page]
    assert [len(page) for page in found] == [2, 2, 1]
    assert {entry.stream for entry in entries} == {running.subjects.event_stream("router")}
    assert [(entry.sequence, entry.event.type) for entry in entries] == [
        (1, "podium.task_submitted.v1"),
        (2, "podium.task_assigned.v1"),
        (3, "podium.task_started.v1"),
        (4, "podium.task_completed.v1"),
        (6, "podium.command_refused.v1"),
    ]
    assert msgspec.json.decode(entries[3].event.data)["output"] == {"y": 2}


async def test_a_history_shows_what_cannot_be_read(running: Running):
    await running.router.write(submitted("t1"))
    await running.router.raw(f"{running.subjects.prefix}.evt.router.0.t1.task_started", b"\xff not json")
    entry = (await running.ask("tasks.history", task_id="t1")).events[1]
    assert (entry.event.type, entry.event.subject) == ("unreadable", "t1")
    assert msgspec.json.decode(entry.event.data).endswith("not json")
    assert (await running.ask("tasks.get", task_id="t1")).task.phase == "queued"


async def test_what_an_agent_holds(running: Running):
    await running.router.write(
        *(submitted(f"t{number}") for number in range(1, 6)),
        assigned("t2", "a1", input=Raw(b'{"n":2}')),
        assigned("t1", "a1"),
        assigned("t3", "a2"),
        assigned("t4", "a1"),
        assigned("t5", "a1"),
        started("t1", "a1"),
        completed("t4", "a1"),
        attempt_failed("t5", "a1"),
    )
    work = (await running.ask("agents.work", agent_id="a1")).work
    assert [(item.task_id, item.phase) for item in work] == [("t2", "assigned"), ("t1", "running")]
    assert work[0].event.type == "podium.task_assigned.v1"
    assert msgspec.json.decode(work[0].event.data)["input"] == {"n": 2}
    found = await pages(running, "agents.work", "work", agent_id="a1", limit=1)
    assert [ids(page) for page in found] == [["t2"], ["t1"]]


async def test_progress_is_that_of_the_present_attempt(running: Running):
    await running.router.write(submitted("t1"), assigned("t1", "a1"), started("t1", "a1"))

    async def tell(agent: str, **progress: Any) -> None:
        await running.nc.publish(running.subjects.progress(agent, "t1"), msgspec.json.encode(Progress(**progress)))

    async def told(wanted: Progress | None) -> None:
        async with asyncio.timeout(60):
            while (await running.ask("tasks.get", task_id="t1")).task.progress != wanted:
                await asyncio.sleep(0.01)

    await running.nc.publish(running.subjects.progress("a1", "t1"), b"not json")
    await tell("a1", attempt=1, fraction=0.5, note="half")
    await told(Progress(1, 0.5, "half"))
    await tell("a2", attempt=1, fraction=0.9)
    await told(None)
    await tell("a1", attempt=1, fraction=0.7)
    await told(Progress(1, 0.7))
    await running.router.write(completed("t1", "a1"))
    await told(None)


async def test_why_an_agent_was_chosen(running: Running):
    await running.router.write(submitted("t1"), assigned("t1", "a1"))
    why = await running.ask("tasks.why", task_id="t1")
    assert (why.phase, why.agent, why.attempt, why.waiting) == ("assigned", "a1", 1, None)
    assert why.decision.candidates[0].agent == "a1"
    assert why.summary == "Assigned to a1 as attempt 1, not started yet. a1 was chosen: highest score, 0.9."


async def test_why_a_task_waits_is_asked_of_its_router(running: Running):
    await running.router.write(submitted("t1"))
    why = await running.ask("tasks.why", task_id="t1")
    assert (why.phase, why.decision, why.waiting, why.agent) == ("queued", None, None, None)
    assert "router does not answer" in why.summary
    then = await running.ask("tasks.why", task_id="t1", as_of=why.positions)
    assert "`podium replay --to 1 --ask t1` finds it" in then.summary

    waiting = Waiting("queued", ["3 able agents, 0 free slots"], ahead=2)

    async def explain(msg: Any) -> None:
        await msg.respond(msgspec.json.encode(waiting))

    await running.nc.subscribe(running.subjects.all_explains("router"), cb=explain)
    await settle(running.nc)
    why = await running.ask("tasks.why", task_id="t1")
    assert why.waiting == waiting
    assert why.summary == ("Waits for an agent: 3 able agents, 0 free slots; 2 tasks with the same needs go first.")


async def test_a_router_that_does_not_know_the_task_gives_no_reason(running: Running):
    await running.router.write(submitted("t1"))

    async def explain(msg: Any) -> None:
        await msg.respond(b"{}")

    await running.nc.subscribe(running.subjects.all_explains("router"), cb=explain)
    await settle(running.nc)
    assert (await running.ask("tasks.why", task_id="t1")).waiting is None


@pytest.mark.parametrize(
    ("events", "summary"),
    [
        ([started("t", "a")], "Running as attempt 1 by a. a was chosen: highest score, 0.9."),
        ([completed("t", "a")], "Completed with attempt 1 by a. a was chosen: highest score, 0.9."),
        (
            [attempt_failed("t", "a"), Event("t", TaskFailed("broken", "no disk"))],
            "Failed after 1 attempt: broken: no disk.",
        ),
        (
            [attempt_failed("t", "a"), Event("t", TaskFailed("broken", "podium-sealed.1.ada.router.t.message.AAAA"))],
            "Failed after 1 attempt: broken.",
        ),
        ([Event("t", TaskCancelled("no need"))], "Cancelled: no need."),
        ([Event("t", TaskPaused())], "Paused."),
        ([attempt_failed("t", "a", retry_at=9e9)], "Attempt 1 by a failed (broken); waits for the next one: "),
    ],
    ids=["running", "completed", "failed", "sealed", "cancelled", "paused", "delayed"],
)
async def test_why_in_every_phase(running: Running, events: list[Event], summary: str):
    await running.router.write(submitted("t"), assigned("t", "a"), *events)
    assert (await running.ask("tasks.why", task_id="t")).summary.startswith(summary)
