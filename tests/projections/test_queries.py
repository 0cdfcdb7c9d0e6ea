"""Questions about agents and about everything over a real server, with both databases; and what no question is."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from podium.contracts.envelope import Beat, CommandRefused
from podium.contracts.queries import QUERIES
from podium.contracts.tasks import ReportRefused, TaskFailed
from tests.projections.asked import fault, ids, pages
from tests.projections.feed import (
    Event,
    assigned,
    attempt_failed,
    completed,
    life,
    registered,
    submitted,
    unregistered,
)
from tests.projections.running import Running

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
    async with asyncio.timeout(60):
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


async def test_a_question_may_wait_for_a_position(running: Running):
    stream = running.subjects.event_stream("router")
    asking = asyncio.create_task(running.ask("system.overview", fresh=False, at_least={stream: 3}, wait=40.0))
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
    info = msgspec.json.decode((await running.nc.request(f"$SRV.INFO.{name}", b"", timeout=60)).data)
    assert {endpoint["subject"] for endpoint in info["endpoints"]} == {
        running.subjects.query(query) for query in QUERIES
    }
    fault = await running.nc.request(running.subjects.query("tasks.get"), b"{}", timeout=60)
    assert fault.headers is not None
    assert fault.headers["Nats-Service-Error-Code"] == "invalid"
