"""Every query over a real server, with both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from podium.contracts.envelope import Beat, CommandRefused, Progress
from podium.contracts.queries import QUERIES
from podium.contracts.tasks import ReportRefused, TaskCancelled, TaskFailed, TaskPaused, Waiting
from podium.projections.catalogue import SERVICES
from podium.runtime.wire import settle
from tests.projections.feed import (
    Event,
    assigned,
    attempt_failed,
    completed,
    life,
    registered,
    started,
    submitted,
    unregistered,
)
from tests.projections.running import Refusal, Running

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def fault(running: Running, query: str, **body: Any) -> tuple[str, str]:
    """The code and the sentence of the fault that a query is answered with."""
    with pytest.raises(Refusal) as refusal:
        await running.ask(query, **body)
    return refusal.value.error.code, refusal.value.error.message


async def pages(running: Running, query: str, field: str, **body: Any) -> list[list[Any]]:
    """Page after page, to the last."""
    found: list[list[Any]] = []
    cursor = None
    while True:
        answer = await running.ask(query, **body, **({"cursor": cursor} if cursor else {}))
        found.append(getattr(answer, field))
        cursor = answer.next
        if cursor is None:
            return found
        assert found[-1]


def ids(tasks: Sequence[Any]) -> list[str]:
    return [task.task_id for task in tasks]


# Tasks


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
        async with asyncio.timeout(10):
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


# Why


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
        ([Event("t", TaskCancelled("no need"))], "Cancelled: no need."),
        ([Event("t", TaskPaused())], "Paused."),
        ([attempt_failed("t", "a", retry_at=9e9)], "Attempt 1 by a failed (broken); waits for the next one: "),
    ],
    ids=["running", "completed", "failed", "cancelled", "paused", "delayed"],
)
async def test_why_in_every_phase(running: Running, events: list[Event], summary: str):
    await running.router.write(submitted("t"), assigned("t", "a"), *events)
    assert (await running.ask("tasks.why", task_id="t")).summary.startswith(summary)


# Agents


async def test_an_agent_with_what_it_did(running: Running):
    await running.registry.write(registered("a1", {"x": 0.5}, slots=3, model="m", metadata={"k": [1]}))
    await running.router.write(
        *life("t1", "a1"),
        submitted("t2"),
        assigned("t2", "a1"),
        submitted("t3"),
        assigned("t3", "a1"),
        attempt_failed("t3", "a1"),
    )
    agent = (await running.ask("agents.get", agent_id="a1")).agent
    assert (agent.registered, agent.profile.slots, agent.profile.model) == (True, 3, "m")
    assert (agent.profile.skills, agent.profile.metadata) == ({"x": 0.5}, {"k": [1]})
    assert (agent.open, agent.completed, agent.failed, agent.mean_duration) == (1, 1, 1, 0.25)
    assert agent.beat is None


async def test_an_agent_shows_its_last_heartbeat(running: Running):
    await running.registry.write(registered("a1"))
    beat = Beat(cpu=0.5, active=2, tasks=["t1"])
    await running.nc.publish(running.subjects.beat("a1"), b"{")
    async with asyncio.timeout(10):
        while True:
            await running.nc.publish(running.subjects.beat("a1"), msgspec.json.encode(beat))
            agent = (await running.ask("agents.get", agent_id="a1")).agent
            if agent.beat is not None:
                break
    assert agent.beat == beat
    assert agent.beat_at is not None
    (listed,) = (await running.ask("agents.list")).agents
    assert listed.beat == beat


async def test_agents_are_listed_by_name_in_pages(running: Running):
    await running.registry.write(
        registered("b"), registered("a", {"x": 1.0}, type="worker"), registered("C"), registered("d"), unregistered("d")
    )
    found = await pages(running, "agents.list", "agents", limit=2)
    assert [[agent.agent_id for agent in page] for page in found] == [["C", "a"], ["b"]]

    async def listed(**filters: Any) -> list[str]:
        return [agent.agent_id for agent in (await running.ask("agents.list", **filters)).agents]

    assert await listed(registered=None) == ["C", "a", "b", "d"]
    assert await listed(registered=False) == ["d"]
    assert await listed(skill="x") == ["a"]
    assert await listed(type="worker", skill="x") == ["a"]
    assert await listed(type="worker", skill="echo") == []


# The whole


async def test_the_overview(running: Running):
    await running.registry.write(registered("a1", slots=4), registered("a2", slots=2), unregistered("a2"))
    await running.router.write(
        *life("t1", "a1", kind="parse"),
        submitted("t2"),
        assigned("t2", "a1"),
        submitted("t3"),
        Event("t3", TaskFailed("deadline_exceeded")),
        Event("t3", CommandRefused("c", "cancel_task", "task_closed", "too late")),
        Event("t2", ReportRefused("a1", 7, "start_task", "stale_attempt", "no")),
    )
    overview = await running.ask("system.overview")
    assert (overview.agents, overview.slots, overview.busy, overview.refused) == (1, 4, 1, 2)
    assert overview.tasks == {"completed": 1, "assigned": 1, "failed": 1}
    assert overview.kinds == {"parse": {"completed": 1}, "echo": {"assigned": 1, "failed": 1}}
    assert (overview.completed_last_minute, overview.failed_last_minute) == (1, 1)
    assert overview.lag is not None


# Bad questions


async def test_a_question_that_cannot_be_read_is_answered_with_the_place_of_the_fault(running: Running):
    for query, body, code, message in [
        ("agents.list", b'{"limit":501}', "invalid", "$.limit: Expected int <= 500"),
        ("agents.list", b'{"limit":"many"}', "invalid", "$.limit: Expected int, got str"),
        ("tasks.get", b"", "invalid", "$: Object missing required field task_id"),
        ("tasks.get", b'{"task_id":"a.b"}', "invalid", "$.task_id: Expected str matching"),
        ("tasks.list", b'{"phase":["lost"]}', "invalid", "$.phase[0]: Invalid enum value 'lost'"),
        ("tasks.list", b'{"fase":[]}', "invalid", "$: Object contains unknown field fase"),
        ("tasks.list", b'{"cursor":"%%%"}', "invalid", "$.cursor: not the `next`"),
        ("tasks.list", b'{"cursor":"WzFd"}', "invalid", "$.cursor: not the `next`"),
        ("tasks.list", b'{"at_least":{"elsewhere":1}}', "invalid", "$.at_least: elsewhere is not read here"),
        ("tasks.list", b"{", "not_json", "the body is not JSON"),
        ("tasks.list", b"\xff", "not_json", "the body is not JSON"),
        ("tasks.list", b"[" * 100_000, "invalid", "$"),
    ]:
        payload = await running.ask_raw(query, body)
        error = msgspec.json.decode(payload)["error"]
        assert (error["code"], error["message"][: len(message)]) == (code, message)


async def test_an_answer_never_exceeds_what_a_message_may_have(running: Running):
    big = Raw(msgspec.json.encode("x" * 400_000))
    await running.router.write(*(submitted(f"t{number}", input=big) for number in range(4)))
    await running.router.write(*(assigned(f"t{number}", "a1", input=big) for number in range(4)))
    found = await pages(running, "agents.work", "work", agent_id="a1")
    assert [ids(page) for page in found] == [["t0", "t1"], ["t2", "t3"]]
    found = await pages(running, "tasks.history", "events", task_id="t0")
    assert [len(page) for page in found] == [2]


async def test_a_task_that_fits_no_message_says_where_its_parts_are(running: Running):
    half = msgspec.json.encode("x" * (running.nc.max_payload // 2))
    await running.router.write(submitted("t", input=Raw(half)), assigned("t", "a1"), completed("t", "a1", output=half))
    code, message = await fault(running, "tasks.get", task_id="t")
    assert code == "too_large"
    assert "tasks.history" in message
    found = await pages(running, "tasks.history", "events", task_id="t")
    assert sum(len(page) for page in found) == 3


# Waiting


async def test_a_question_may_wait_for_a_position(running: Running):
    stream = running.subjects.event_stream("router")
    asking = asyncio.create_task(running.ask("system.overview", fresh=False, at_least={stream: 3}, wait=10.0))
    await running.router.write(submitted("t1"), submitted("t2"))
    await running.ask("system.overview", at_least={stream: 2})
    assert not asking.done()
    await running.router.write(submitted("t3"))
    assert (await asking).positions[stream] == 3


async def test_waiting_has_an_end(running: Running):
    stream = running.subjects.event_stream("router")
    await running.router.write(submitted("t1"))
    await running.ask("system.overview")
    code, message = await fault(running, "system.overview", at_least={stream: 9}, wait=0.05)
    assert code == "timeout"
    assert message == f"after 0.05 s the read model has reached 1 of 9 in {stream}"


async def test_one_that_waits_keeps_nobody_waiting(running: Running):
    stream = running.subjects.event_stream("router")
    asking = asyncio.create_task(running.ask("system.overview", at_least={stream: 1}, wait=30.0))
    for _ in range(3):
        await running.ask("system.overview", fresh=False)
    assert not asking.done()
    await running.router.write(submitted("t1"))
    await asking


async def test_nats_micro_finds_the_queries(running: Running):
    name = f"{running.subjects.prefix}-queries"
    info = msgspec.json.decode((await running.nc.request(f"$SRV.INFO.{name}", b"", timeout=5)).data)
    assert {endpoint["subject"] for endpoint in info["endpoints"]} == {
        running.subjects.query(query) for query in QUERIES
    }
    fault = await running.nc.request(running.subjects.query("tasks.get"), b"{}", timeout=5)
    assert fault.headers is not None
    assert fault.headers["Nats-Service-Error-Code"] == "invalid"
