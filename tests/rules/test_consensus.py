"""Consensus: rounds, amendments, thresholds, and a vote where the rounds do not bring it."""

from __future__ import annotations

from typing import Any

from podium.collaboration.service import Collaboration
from podium.collaboration.settings import CollaborationSettings
from podium.contracts.consensus import ProposalClosed, RoundClosed, RoundOpened, StandAsked
from tests.rules.scenario import START, Scenario, asks, code, command, happened, names

MEMBERS = ["ann", "bob", "cy"]


def opened(**fields: Any) -> Scenario:
    scenario = Scenario(Collaboration(CollaborationSettings()))
    scenario.asked(command("open_proposal", **{"text": "Tabs.", "members": MEMBERS, **fields}), entity="p")
    return scenario


def says(scenario: Scenario, member: str, stand: str, **fields: Any) -> list[Any]:
    return scenario.asked(command("take_stand", stand=stand, **fields), by=member, entity="p")


def votes(scenario: Scenario, member: str, choice: str) -> list[Any]:
    return scenario.asked(command("cast_vote", choice=choice), by=member, entity="p-vote-1")


def test_it_is_accepted_when_enough_accept():
    scenario = opened(threshold=2 / 3)
    says(scenario, "ann", "accept")
    says(scenario, "bob", "object")
    emits = says(scenario, "cy", "accept")
    assert names(emits) == ["stand_taken", "round_closed", "proposal_closed"]
    assert emits[1].event == RoundClosed(1, ["ann", "cy"], ["bob"], [], [], 2 / 3)
    assert emits[2].event == ProposalClosed(True, "consensus", "Tabs.", 1)


def test_who_abstains_does_not_count():
    scenario = opened()
    says(scenario, "ann", "accept")
    says(scenario, "bob", "abstain")
    assert says(scenario, "cy", "abstain")[-1].event.accepted


def test_the_next_round_has_the_amendment_that_most_ask_for():
    scenario = opened()
    says(scenario, "ann", "accept", amendment="Both.")
    says(scenario, "bob", "object", amendment="Spaces.")
    emits = says(scenario, "cy", "object", amendment="Spaces.")
    assert asks(emits) == [(member, "stand_asked") for member in MEMBERS]
    assert emits[-1].event == StandAsked("cy", 2, "Spaces.", None, "bob")
    assert happened(emits)[-1].event == RoundOpened(2, "Spaces.", None, "bob")
    says(scenario, "ann", "accept")
    says(scenario, "bob", "accept")
    assert says(scenario, "cy", "accept")[-1].event == ProposalClosed(True, "consensus", "Spaces.", 2)


def test_a_stand_may_change_in_its_round():
    scenario = opened()
    says(scenario, "ann", "object")
    assert names(says(scenario, "ann", "accept")) == ["stand_taken"]
    assert says(scenario, "ann", "accept") == []


def test_a_round_ends_with_its_time_whoever_is_silent():
    scenario = opened(round_seconds=60, rounds=1, fallback=None)
    assert scenario.decider.due(scenario.state) == START + 60
    scenario.now += 60
    assert code(scenario.when(command("take_stand", stand="accept"), by="ann", entity="p")) == "proposal_closed"
    closed, ended = scenario.reacts()
    assert closed.event.silent == MEMBERS
    assert ended.event == ProposalClosed(False, "rounds", "Tabs.", 1)


def no_consensus(**fields: Any) -> Scenario:
    scenario = opened(rounds=1, **fields)
    says(scenario, "ann", "accept")
    says(scenario, "bob", "accept")
    emits = says(scenario, "cy", "object")
    assert names(emits)[-5:] == ["fallback_opened", "ballot_opened", *["vote_asked"] * 3]
    return scenario


def test_without_consensus_it_is_voted_on():
    scenario = no_consensus()
    assert code(scenario.when(command("take_stand", stand="accept"), by="cy", entity="p")) == "proposal_closed"
    votes(scenario, "ann", "accept")
    votes(scenario, "bob", "accept")
    emits = votes(scenario, "cy", "reject")
    assert names(emits) == ["vote_cast", "ballot_closed", "proposal_closed"]
    assert emits[-1].event == ProposalClosed(True, "vote", "Tabs.", 1, "ballot p-vote-1")


def test_a_vote_can_reject_it():
    scenario = no_consensus(fallback="supermajority")
    for member in ("bob", "cy"):
        votes(scenario, member, "reject")
    assert not votes(scenario, "ann", "accept")[-1].event.accepted


def test_who_opened_it_may_withdraw_it_with_its_vote():
    scenario = no_consensus()
    assert code(scenario.when(command("withdraw_proposal"), by="ann", entity="p")) == "not_permitted"
    assert names(scenario.asked(command("withdraw_proposal"), entity="p")) == ["ballot_cancelled", "proposal_closed"]
    assert scenario.when(command("withdraw_proposal"), entity="p") == []
    assert code(scenario.when(command("take_stand", stand="accept"), by="ann", entity="p")) == "proposal_closed"


def test_only_members_speak_and_no_name_is_taken_twice():
    scenario = opened()
    assert code(scenario.when(command("take_stand", stand="accept"), by="eve", entity="p")) == "not_a_member"
    again = command("open_proposal", text="Tabs.", members=MEMBERS)
    assert scenario.when(again, entity="p") == []
    assert code(scenario.when(again, by="eve", entity="p")) == "proposal_exists"
    twice = command("open_proposal", text="?", members=["ann", "ann"])
    assert code(scenario.when(twice, entity="q")) == "bad_proposal"
    assert code(scenario.when(command("take_stand", stand="accept"), by="eve", entity="z")) == "unknown_proposal"


def test_a_replay_and_a_dump_give_the_same_state():
    scenario = opened(round_seconds=60)
    for each in (no_consensus(), scenario):
        assert each.replayed().dump() == each.dump()
        loaded = each.decider.load(each.dump())
        assert each.decider.dump(loaded) == each.dump()
        assert each.decider.due(loaded) == each.decider.due(each.state)
    scenario.state = scenario.decider.load(scenario.dump())
    assert names(happened(scenario.after(60))) == ["round_closed", "round_opened"]
