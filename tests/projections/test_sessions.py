"""Sessions folded and asked."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from podium.contracts.session_queries import SessionDetail
from podium.contracts.sessions import SessionEvent
from podium.projections.sessions import Rows, fold
from tests.projections.feed import Event
from tests.projections.folding import received
from tests.projections.running import Refusal, Running
from tests.rules.session_scenario import SessionScenario

in_session = pytest.mark.asyncio(loop_scope="session")


def played() -> SessionScenario:
    def ask(given: dict[str, Any]) -> Any:
        return 7 if given["purpose"] == "helped" else {"needs_help": True}

    return SessionScenario(a=ask, b=lambda given: 6).create(context={"x": 1}).play()


def row_of(scenario: SessionScenario) -> SessionDetail:
    rows: Rows = {}
    for event in received(scenario.collaboration):
        fold(rows, event)
    return rows["s1"]


def test_a_row_tells_how_a_session_went():
    row = row_of(played())
    assert (row.state, row.path, row.phases, row.at_work) == ("completed", ["a", "b", "a"], 3, [])
    assert [(phase.agent, phase.purpose, phase.outcome) for phase in row.work] == [
        ("a", "turn", "completed"),
        ("b", "help", "completed"),
        ("a", "helped", "completed"),
    ]
    assert msgspec.json.decode(row.answer) == 7
    assert row.choices[1].agents == ["b"]


def test_a_row_tells_who_is_at_work_and_who_has_left():
    scenario = SessionScenario(a=lambda given: 1, b=lambda given: 2).create(strategy="peer").play(without=("a", "b"))
    assert row_of(scenario).at_work == ["a", "b"]
    scenario.asks("leave_session", by="a")
    scenario.asks("pause_session", reason="wait")
    row = row_of(scenario)
    assert (row.at_work, row.away, row.state, row.paused) == (["b"], ["a"], "paused", "wait")
    scenario.asks("cancel_session", reason="enough")
    row = row_of(scenario)
    assert (row.state, row.message, [phase.outcome for phase in row.work]) == (
        *("cancelled", "enough"),
        ["failed", "withdrawn"],
    )


@in_session
async def test_sessions_are_found_by_state_and_agent(running: Running):
    one, other = played(), SessionScenario(c=lambda given: 1).create("s2").play(without=("c",))
    events = [
        Event(emit.entity, emit.event, actor)
        for scenario in (one, other)
        for _, actor, emit in scenario.collaboration.events
        if isinstance(emit.event, SessionEvent)
    ]
    await running.feed("collaboration").write(*events)
    assert (await running.ask("sessions.get", session_id="s1")).session.path == ["a", "b", "a"]

    async def listed(**filters: Any) -> list[str]:
        return [row.session_id for row in (await running.ask("sessions.list", **filters)).sessions]

    assert set(await listed()) == {"s1", "s2"}
    for filters, found in (({"state": "active"}, ["s2"]), ({"agent": "a"}, ["s1"]), ({"agent": "x"}, [])):
        assert await listed(**filters) == found
    first = await running.ask("sessions.list", limit=1)
    assert {first.sessions[0].session_id, *await listed(limit=1, cursor=first.next)} == {"s1", "s2"}
    with pytest.raises(Refusal):
        await running.ask("sessions.get", session_id="nobody")
