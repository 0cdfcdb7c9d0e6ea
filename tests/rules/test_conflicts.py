"""Conflicts: resources by priority, waits that are expected and measured, goals that oppose each other, appeals."""

from __future__ import annotations

from typing import Any

import pytest

from podium.collaboration.service import Collaboration
from podium.collaboration.settings import CollaborationSettings
from podium.contracts.conflicts import ClaimGranted, ClaimQueued, ConflictMeasured, ConflictResolved
from podium.contracts.negotiations import NegotiationAgreed
from tests.rules.scenario import START, Scenario, asks, code, command, happened, names


def conflicts() -> Scenario:
    return Scenario(Collaboration(CollaborationSettings()))


def claims(scenario: Scenario, agent: str, priority: int = 5, resource: str = "gpu", **fields: Any) -> list[Any]:
    return scenario.asked(command("claim_resource", priority=priority, **fields), by=agent, entity=resource)


def releases(scenario: Scenario, agent: str, resource: str = "gpu") -> list[Any]:
    return scenario.asked(command("release_resource"), by=agent, entity=resource)


def of(emits: list[Any], kind: type) -> list[Any]:
    return [emit.event for emit in emits if isinstance(emit.event, kind)]


def test_what_is_free_is_granted_once():
    scenario = conflicts()
    assert of(claims(scenario, "ann"), ClaimGranted) == [ClaimGranted("ann", 1, 5, None)]
    assert claims(scenario, "ann") == []


def test_who_does_not_get_it_waits_and_that_is_a_conflict():
    scenario = conflicts()
    claims(scenario, "ann", 7, seconds=60)
    emits = claims(scenario, "bob", 3, seconds=30)
    assert names(happened(emits)) == ["conflict_detected", "claim_queued", "conflict_resolved"]
    assert asks(emits) == [("bob", "consent_asked")]
    assert (emits[0].entity, emits[0].event.kind, emits[0].event.parties) == ("gpu-1", "resource", ["ann", "bob"])
    assert emits[2].event == ConflictResolved("priority", "ann", expected=60.0)


def test_the_expected_wait_is_compared_with_what_happened():
    scenario = conflicts()
    claims(scenario, "ann", 7, seconds=60)
    claims(scenario, "bob", 3)
    scenario.now += 45
    emits = releases(scenario, "ann")
    assert names(emits) == ["claim_ended", "claim_granted", "conflict_measured"]
    assert of(emits, ConflictMeasured) == [ConflictMeasured(45.0, 60.0, True)]


def test_higher_priorities_go_first_and_of_the_same_who_came_first():
    scenario = conflicts()
    for agent, priority in (("ann", 5), ("bob", 3), ("cy", 9), ("dan", 3)):
        claims(scenario, agent, priority, seconds=10)
    order: list[str] = []
    for agent in ("ann", "cy", "bob", "dan"):
        order += [event.claimant for event in of(releases(scenario, agent), ClaimGranted)]
    assert order == ["cy", "bob", "dan"]


def test_a_tie_of_priorities_is_a_conflict_of_its_own_kind():
    scenario = conflicts()
    claims(scenario, "ann", 5)
    emits = claims(scenario, "bob", 5)
    assert emits[0].event.kind == "priority"
    assert emits[2].event.how == "order"


def test_waits_add_up_and_unknown_ones_are_learned():
    scenario = conflicts()
    claims(scenario, "ann", seconds=10)
    assert of(claims(scenario, "bob", seconds=20), ClaimQueued)[0].expected == 10.0
    assert of(claims(scenario, "cy"), ClaimQueued)[0].expected == 30.0
    assert of(claims(scenario, "dan"), ClaimQueued)[0].expected is None
    scenario.now += 12
    releases(scenario, "ann")
    assert of(claims(scenario, "eve", 0), ClaimQueued)[0].expected == 20.0 + 12.0 + 12.0


def test_a_capacity_is_shared_and_nobody_overtakes_who_needs_more():
    scenario = conflicts()
    scenario.asked(command("define_resource", capacity=3), entity="gpu")
    claims(scenario, "ann", amount=2, seconds=10)
    assert of(claims(scenario, "bob", amount=2, seconds=10), ClaimQueued)[0].expected == 10.0
    assert of(claims(scenario, "cy"), ClaimQueued)
    assert [event.claimant for event in of(releases(scenario, "ann"), ClaimGranted)] == ["bob", "cy"]
    refused = scenario.when(command("claim_resource", amount=4), by="dan", entity="gpu")
    assert code(refused) == "beyond_capacity"
    assert [
        event.claimant
        for event in of(scenario.asked(command("define_resource", capacity=5), entity="gpu"), ClaimGranted)
    ] == []


def test_who_waits_may_give_up():
    scenario = conflicts()
    claims(scenario, "ann")
    claims(scenario, "bob")
    scenario.now += 5
    emits = releases(scenario, "bob")
    assert of(emits, ConflictMeasured) == [ConflictMeasured(5.0, None, False)]
    assert releases(scenario, "bob") == []
    assert code(scenario.when(command("release_resource"), entity="nothing")) == "unknown_resource"


def detect(scenario: Scenario, agents: dict[str, Any], **fields: Any) -> list[Any]:
    return scenario.asked(command("detect_conflicts", agents=agents, **fields), entity="plan")


def test_among_agents_the_highest_priority_gets_the_resource():
    agents = {"ann": {"resources": ["gpu"], "priority": 2}, "bob": {"resources": ["gpu"], "priority": 8}}
    emits = detect(conflicts(), agents, seconds=30)
    assert [event.claimant for event in of(emits, ClaimGranted)] == ["bob"]
    queued = of(emits, ClaimQueued)[0]
    assert (queued.claimant, queued.expected) == ("ann", 30.0)


@pytest.mark.parametrize(
    "goals",
    [("maximize-speed", "ensure-accuracy"), ("minimize-cost", "maximize-quality"), ("be-thorough", "be-concise")],
)
def test_opposing_goals_are_negotiated(goals: tuple[str, str]):
    scenario = conflicts()
    agents = {"ann": {"goals": [goals[0]]}, "bob": {"goals": [goals[1], "be-kind"]}}
    emits = detect(scenario, agents)
    assert emits[0].event.goals == list(goals)
    (agreed,) = of(emits, NegotiationAgreed)
    assert agreed.assessment.pareto
    (resolved,) = of(emits, ConflictResolved)
    assert resolved.weights == {goals[0]: 0.5, goals[1]: 0.5}
    assert resolved.winner is None


def test_the_higher_priority_gets_more_of_its_goal():
    agents = {
        "ann": {"goals": ["maximize-speed"], "priority": 8},
        "bob": {"goals": ["ensure-accuracy"], "priority": 2},
    }
    (resolved,) = of(detect(conflicts(), agents), ConflictResolved)
    assert resolved.weights["maximize-speed"] > 0.5


def test_pairs_of_goals_can_be_set_and_removed():
    scenario = conflicts()
    agents = {"ann": {"goals": ["be-fresh"]}, "bob": {"goals": ["be-stable"]}}
    assert detect(scenario, agents) == []
    opposition = command("set_opposition", goals=["be-fresh", "be-stable"])
    scenario.asked(opposition, entity="mine")
    assert scenario.when(opposition, entity="mine") == []
    assert of(detect(scenario, agents), ConflictResolved)
    scenario.asked(command("remove_opposition"), entity="mine")
    assert scenario.when(command("remove_opposition"), entity="mine") == []
    assert detect(scenario, agents) == []
    assert code(scenario.when(command("set_opposition", goals=["a", "a"]), entity="x")) == "bad_opposition"


def test_agents_may_negotiate_themselves_and_a_deadlock_is_settled():
    scenario = conflicts()
    agents = {"ann": {"goals": ["maximize-speed"]}, "bob": {"goals": ["ensure-accuracy"]}}
    emits = detect(scenario, agents, attended=True)
    assert names(happened(emits)) == ["conflict_detected", "negotiation_opened"]
    assert asks(emits) == [("ann", "turn_asked")]
    name = emits[0].entity
    scenario.asked(command("leave_negotiation"), by="bob", entity=name)
    assert code(scenario.when(command("appeal_conflict", reason="?"), by="ann", entity=name)) == "conflict_open"
    assert code(scenario.when(command("settle_conflict"), by="ann", entity=name)) == "not_permitted"
    assert code(scenario.when(command("settle_conflict", winner="eve"), entity=name)) == "not_a_party"
    (settled,) = of(scenario.asked(command("settle_conflict", winner="ann"), entity=name), ConflictResolved)
    assert (settled.how, settled.winner) == ("settled", "ann")
    assert code(scenario.when(command("settle_conflict"), entity=name)) == "conflict_resolved"


def test_who_is_in_a_conflict_is_asked_whether_it_is_content():
    scenario = conflicts()
    agents = {"ann": {"goals": ["maximize-speed"], "priority": 7}, "bob": {"goals": ["ensure-accuracy"]}}
    emits = detect(scenario, agents)
    assert asks(emits) == [("ann", "consent_asked"), ("bob", "consent_asked")]
    name, asked = emits[-1].entity, emits[-1].event
    assert (asked.how, asked.goals) == ("negotiation", ["maximize-speed", "ensure-accuracy"])
    assert asked.weights["maximize-speed"] > asked.weights["ensure-accuracy"]
    accept = command("accept_resolution")
    assert code(scenario.when(accept, by="eve", entity=name)) == "not_permitted"
    assert names(scenario.asked(accept, by="ann", entity=name)) == ["resolution_accepted"]
    assert scenario.when(accept, by="ann", entity=name) == []
    scenario.asked(command("appeal_conflict", reason="?"), by="bob", entity=name)
    assert code(scenario.when(accept, by="bob", entity=name)) == "conflict_open"
    assert scenario.replayed().dump() == scenario.dump()
    scenario.asked(command("decide_appeal", upheld=True), entity=name)
    assert code(scenario.when(accept, by="ann", entity=name)) == "conflict_open"
    again = scenario.asked(command("settle_conflict", winner="bob"), entity=name)
    assert asks(again) == [("ann", "consent_asked"), ("bob", "consent_asked")]
    assert names(scenario.asked(accept, by="ann", entity=name)) == ["resolution_accepted"]


def test_who_claims_is_told_when_it_has_it():
    scenario = conflicts()
    claims(scenario, "ann")
    claims(scenario, "bob")
    releases(scenario, "ann")
    granted = [(emit.audience, emit.event) for _, _, emit in scenario.events if isinstance(emit.event, ClaimGranted)]
    assert [(audience, event.claimant) for audience, event in granted] == [("ann", "ann"), ("bob", "bob")]


def test_an_appeal_that_is_upheld_moves_a_claim_to_the_front():
    scenario = conflicts()
    for agent in ("ann", "bob", "cy"):
        claims(scenario, agent)
    appeal = command("appeal_conflict", reason="my deadline is nearer")
    assert code(scenario.when(appeal, by="eve", entity="gpu-2")) == "not_permitted"
    assert names(scenario.asked(appeal, by="cy", entity="gpu-2")) == ["conflict_appealed"]
    assert scenario.when(appeal, by="cy", entity="gpu-2") == []
    assert code(scenario.when(command("decide_appeal", upheld=True), by="ann", entity="gpu-2")) == "not_permitted"
    emits = scenario.asked(command("decide_appeal", upheld=True), entity="gpu-2")
    assert names(emits) == ["appeal_decided", "claim_preferred"]
    claims(scenario, "dan", 9)
    assert [event.claimant for event in of(releases(scenario, "ann"), ClaimGranted)] == ["cy"]
    assert code(scenario.when(command("decide_appeal", upheld=True), entity="gpu-2")) == "no_appeal"
    assert code(scenario.when(appeal, by="cy", entity="gpu-99")) == "unknown_conflict"


def test_an_upheld_appeal_opens_a_conflict_of_goals_again():
    scenario = conflicts()
    agents = {"ann": {"goals": ["maximize-speed"]}, "bob": {"goals": ["ensure-accuracy"]}}
    name = detect(scenario, agents)[0].entity
    scenario.asked(command("appeal_conflict", reason="no"), by="bob", entity=name)
    scenario.asked(command("decide_appeal", upheld=True), entity=name)
    loaded = scenario.decider.load(scenario.dump())
    scenario.state = loaded
    assert scenario.reacts() == []
    assert of(scenario.asked(command("settle_conflict", winner="bob"), entity=name), ConflictResolved)


def test_an_agent_that_nobody_knows_is_refused():
    refused = conflicts().when(command("detect_conflicts", agents={"x": None, "y": {}}), entity="plan")
    assert (code(refused), refused.details["path"]) == ("unknown_agent", "$.agents.x")


def test_a_replay_and_a_dump_give_the_same_state():
    scenario = conflicts()
    claims(scenario, "ann", seconds=10)
    claims(scenario, "bob", 9)
    detect(scenario, {"ann": {"goals": ["maximize-speed"]}, "bob": {"goals": ["ensure-accuracy"]}}, attended=True)
    scenario.now = START + 3
    releases(scenario, "ann")
    assert scenario.replayed().dump() == scenario.dump()
    assert scenario.decider.dump(scenario.decider.load(scenario.dump())) == scenario.dump()
