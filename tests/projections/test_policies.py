"""Policies as rows."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.policies import Evidence, Policy, PolicyJudged, PolicyRolledBack, PolicyStaged
from podium.contracts.policy_queries import PolicyRow, Standing
from podium.projections.policies import fold
from podium.projections.received import Received
from tests.projections.feed import Event
from tests.projections.running import Refusal, Running

POLICY = Policy("adaptive")
EVIDENCE = Evidence("online", 200, 0.6, 0.5, 0.1, 0.05, 0.15)


def folded(*events: tuple[str, PolicyStaged | PolicyRolledBack | PolicyJudged]) -> dict[str, PolicyRow]:
    rows: dict[str, PolicyRow] = {}
    for number, (name, event) in enumerate(events, 1):
        fold(rows, Received(number, name, "", float(number), "ops", event))
    return rows


def staged(number: int, stage, evidence: Evidence | None = None) -> PolicyStaged:
    return PolicyStaged(number, stage, POLICY, 0.1, f"step {number}", evidence)


def test_a_policy_shows_how_it_came_where_it_is():
    row = folded(("p1", staged(1, "shadow")), ("p1", staged(2, "canary", EVIDENCE)))["p1"]
    assert (row.stage, row.proposed_at, row.since, row.by) == ("canary", 1.0, 2.0, "ops")
    assert [(step.stage, step.evidence) for step in row.steps] == [("shadow", None), ("canary", EVIDENCE)]


def test_a_trial_shows_how_it_stands_until_it_goes_on():
    begun, judged = ("p1", staged(1, "shadow")), ("p1", PolicyJudged("shadow", EVIDENCE, 400))
    assert folded(begun, judged)["p1"].standing == Standing(2.0, EVIDENCE, 400)
    assert folded(begun, judged, ("p1", staged(2, "canary", EVIDENCE)))["p1"].standing is None


def test_who_comes_into_force_takes_the_place_of_who_was():
    rows = folded(("p1", staged(1, "active")), ("p2", staged(2, "active")))
    assert (rows["p1"].stage, rows["p2"].stage) == (None, "active")
    assert rows["p1"].steps[-1].reason == "p2 took its place"


def test_who_is_rolled_back_is_out_of_use():
    row = folded(("p1", staged(1, "shadow")), ("p1", PolicyRolledBack(2, "shadow", "worse", EVIDENCE)))["p1"]
    assert (row.stage, row.steps[-1].reason) == (None, "worse")


@pytest.mark.asyncio(loop_scope="session")
async def test_policies_are_found_by_name_and_state(running: Running):
    await running.feed("optimizer").write(
        Event("p1", staged(1, "active"), "ops"),
        Event("p2", staged(2, "active"), "ops"),
        Event("p3", staged(3, "shadow"), "ops"),
    )

    async def listed(**filters: Any) -> list[str]:
        return [row.policy_id for row in (await running.ask("policies.list", fresh=True, **filters)).policies]

    assert set(await listed(open=True)) == {"p2", "p3"}
    assert await listed(open=False) == ["p1"]
    first = await running.ask("policies.list", limit=2)
    assert len({row.policy_id for row in first.policies} | set(await listed(limit=2, cursor=first.next))) == 3
    assert (await running.ask("policies.get", policy_id="p2")).policy.stage == "active"
    with pytest.raises(Refusal, match="there is no policy p9"):
        await running.ask("policies.get", policy_id="p9")
