"""Teams: all skills at the least cost; and plans that start when all members have accepted them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.collaboration.service import Collaboration
from podium.collaboration.teams import cover
from podium.collaboration.teams.cover import Candidate, choose
from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.relationships import Deed, Relationship, RelationshipsChanged, Tie
from podium.contracts.teams import PlanAccepted, PlanRejected, PlanReviewed, TeamFormed
from tests.rules.scenario import START, Scenario, code, command

AGENTS = {"all": {"parse": 0.9, "write": 0.6, "check": 0.9}, "pen": {"write": 0.9}, "eye": {"check": 0.9, "parse": 0.7}}


def scene(agents: dict[str, dict[str, float]] = AGENTS) -> Scenario:
    scenario = Scenario(Collaboration())
    for name, skills in agents.items():
        scenario.decider.observe(scenario.state, name, AgentRegistered(AgentProfile(skills=skills)), START)
    return scenario


def form(scenario: Scenario, entity: str = "t", **body: Any) -> Any:
    return scenario.when(command("form_team", **{"goal": "g", "skills": {"parse": 0.5}, **body}), entity=entity)


def members(emits: Any) -> list[str]:
    [emit] = emits
    assert isinstance(emit.event, TeamFormed)
    return [member.agent for member in emit.event.members]


def test_one_who_has_all_is_cheaper_than_many():
    assert members(form(scene(), skills={"parse": 0.5, "write": 0.5, "check": 0.5})) == ["all"]


def test_levels_and_costs_decide():
    wanted = {"parse": 0.5, "write": 0.8, "check": 0.5}
    assert members(form(scene(), skills=wanted, costs={"all": 5.0})) == ["eye", "pen"]
    [emit] = form(scene(), skills=wanted, costs={"eye": 3.0})
    event: Any = emit.event
    assert ([one.agent for one in event.members], event.cost, event.method, event.bound) == (
        ["all", "pen"],
        2,
        "exact",
        1,
    )
    assert any("pen has write at a cost of 1" in reason for reason in event.reasons)


def test_who_gets_on_well_goes_together():
    scenario = scene({"a": {"x": 1.0}, "b": {"y": 1.0}, "c": {"y": 0.9}})
    assert members(form(scenario, "before", skills={"x": 0.5, "y": 0.5})) == ["a", "b"]
    deeds: dict[Deed, Tie] = {"session": Tie(4.0, 4.0)}
    fact = RelationshipsChanged(half_life=1.0, relationships=[Relationship("c", 0.3, 5 / 6, 0.5, 0.9, deeds)])
    scenario.decider.observe(scenario.state, "a", fact, START)
    emits = form(scenario, skills={"x": 0.5, "y": 0.5})
    assert members(emits) == ["a", "c"]
    (pair,) = emits[0].event.pairs
    assert (pair.agent, pair.other, pair.trust, pair.worth) == ("a", "c", 5 / 6, pytest.approx(0.1 * 2 / 3))
    assert emits[0].event.worth == pytest.approx(pair.worth)
    assert any("a and c did things together that go well with 83%: +0.0667" in one for one in emits[0].event.reasons)
    restored = scenario.decider.load(scenario.dump())
    scenario.decider.load_facts(restored, scenario.decider.dump_facts(scenario.state))
    assert restored.trust == {("a", "c"): 5 / 6}


def test_what_cannot_be_is_refused_with_its_place():
    assert form(scene(), skills={"sing": 0.1}).details["path"] == "$.skills.sing"
    wanted = {"write": 0.8, "check": 0.5}
    assert form(scene(), skills=wanted, max_size=1).details["path"] == "$.max_size"
    assert code(form(scene(), candidates=["nobody"])) == "unknown_agent"
    assert code(form(scene(), candidates=["pen"])) == "no_team"


def test_the_same_team_twice_is_one():
    scenario = scene()
    assert members(form(scenario)) == ["all"]
    assert form(scenario) == []
    assert code(form(scenario, goal="another")) == "team_exists"
    assert scenario.when(command("dissolve_team"), entity="t")
    assert code(scenario.when(command("dissolve_team"), entity="t")) == "unknown_team"


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.sets(st.sampled_from("abcd"), min_size=1), st.integers(1, 9)), min_size=1, max_size=6),
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(-3, 3)), max_size=4),
)
def test_no_team_is_better_and_the_greedy_one_keeps_its_bound(agents, size, liking):
    candidates = [Candidate(f"a{n}", tuple(sorted(covers)), float(cost)) for n, (covers, cost) in enumerate(agents)]
    worth = {(f"a{i}", f"a{j}"): value / 4 for i, j, value in liking if i < j < len(candidates)}
    skills = sorted(set().union(*(covers for covers, _ in agents)))

    def value(team: tuple[Candidate, ...], pairs: dict[tuple[str, str], float]) -> float:
        names = {one.agent for one in team}
        return sum(one.cost for one in team) - sum(w for pair, w in pairs.items() if names.issuperset(pair))

    teams = [
        team
        for count in range(1, size + 1)
        for team in combinations(candidates, count)
        if set(skills) <= {skill for one in team for skill in one.covers}
    ]
    choice = choose(candidates, skills, size, worth)
    if not teams:
        assert choice is None
        return
    assert choice is not None
    assert choice.cost - choice.worth == pytest.approx(min(value(team, worth) for team in teams), abs=1e-4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cover, "EXACT_AGENTS", 0)
        greedy = choose(candidates, skills, len(candidates), {})
    every = [t for n in range(1, len(candidates) + 1) for t in combinations(candidates, n)]
    whole = [t for t in every if set(skills) <= {skill for one in t for skill in one.covers}]
    assert greedy is not None
    assert greedy.method == "greedy"
    assert greedy.cost <= greedy.bound * min(value(team, {}) for team in whole) + 1e-9


PLAN = {
    "id": "report",
    "tasks": [
        {"id": "read", "skills": ["parse"], "input": "${input}"},
        {"id": "write", "dependencies": ["read"], "skills": ["write"], "input": "${steps.read.output}"},
    ],
}


def proposed() -> Scenario:
    scenario = scene()
    form(scenario, skills={"parse": 0.5, "write": 0.8})
    assert scenario.when(command("propose_plan", team="t", template=PLAN), entity="p")
    return scenario


def review(scenario: Scenario, by: str, accept: bool, comment: str = "") -> Any:
    return scenario.when(command("review_plan", accept=accept, comment=comment), by=by, entity="p")


def test_each_step_goes_to_the_member_that_is_best_at_it():
    event: Any = proposed().events[-1][2].event
    assert event.steps == {"read": "all", "write": "pen"}
    steps = msgspec.json.decode(event.definition)["tasks"]
    assert [step["agent"] for step in steps] == ["all", "pen"]
    assert event.reviewers == ["all", "pen"]


def test_a_plan_is_accepted_by_all_and_then_closed():
    scenario = proposed()
    assert [emit.event for emit in review(scenario, "all", False, "why?")] == [
        PlanReviewed(member="all", accept=False, comment="why?")
    ]
    assert review(scenario, "all", False, "why?") == []
    assert code(review(scenario, "eye", True)) == "not_permitted"
    review(scenario, "all", True)
    assert [emit.event for emit in review(scenario, "pen", True)][1:] == [PlanAccepted()]
    assert review(scenario, "pen", True) == []
    assert code(review(scenario, "pen", False)) == "team_plan_closed"


def test_a_plan_that_somebody_objects_to_is_rejected():
    scenario = proposed()
    review(scenario, "pen", False)
    assert [emit.event for emit in review(scenario, "all", True)][1:] == [PlanRejected(["pen"])]


def test_a_plan_that_nobody_could_carry_out_is_refused():
    scenario = scene()
    form(scenario)
    assert code(scenario.when(command("propose_plan", team="x", template=PLAN), entity="p")) == "unknown_team"
    refused = scenario.when(command("propose_plan", team="t", template={"id": "x", "tasks": []}), entity="p")
    assert code(refused) == "bad_definition"
    singing = {"id": "x", "tasks": [{"id": "a", "skills": ["sing"]}]}
    refused = scenario.when(command("propose_plan", team="t", template=singing), entity="p")
    assert (code(refused), refused.details["path"]) == ("no_team", "$.template.tasks[0]")
    assert code(review(scenario, "all", True)) == "unknown_team_plan"
    assert (
        scenario.replayed().dump() == scenario.dump() == scenario.decider.dump(scenario.decider.load(scenario.dump()))
    )
