"""The contract net: bids until the deadline, the best one gets the job, and the next if it fails."""

from __future__ import annotations

from typing import Any

import pytest

from podium.collaboration.service import Collaboration
from podium.collaboration.settings import CollaborationSettings
from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.tenders import AwardFailed, BidPlaced, ContractAwarded, TenderClosed
from tests.rules.scenario import START, Scenario, asks, code, command, names


def announced(**fields: Any) -> Scenario:
    scenario = Scenario(Collaboration(CollaborationSettings()))
    body = {"task": "paint it", "deadline": START + 60, **fields}
    scenario.asked(command("announce_task", **body), entity="t")
    return scenario


def bids(scenario: Scenario, bidder: str, price: float, **fields: Any) -> list[Any]:
    return scenario.asked(command("place_bid", price=price, **fields), by=bidder, entity="t")


def reports(scenario: Scenario, bidder: str, done: bool) -> list[Any]:
    return scenario.asked(command("report_award", done=done), by=bidder, entity="t")


def test_who_may_bid_is_asked_to():
    scenario = announced(bidders=["ann", "bob", "ann"])
    assert asks([emit for _, _, emit in scenario.events]) == [("ann", "bid_asked"), ("bob", "bid_asked")]
    everybody = Scenario(Collaboration(CollaborationSettings()))
    for agent in ("ann", "ops", "bob"):
        everybody.decider.observe(everybody.state, agent, AgentRegistered(AgentProfile()), START)
    emits = everybody.asked(command("announce_task", task="paint it", deadline=START + 60), entity="t")
    assert asks(emits) == [("ann", "bid_asked"), ("bob", "bid_asked")]  # and not its manager, ops


def test_the_best_bid_gets_the_job_at_the_deadline():
    scenario = announced()
    bids(scenario, "ann", 20)
    bids(scenario, "bob", 10)
    assert scenario.decider.due(scenario.state) == START + 60
    (emit,) = scenario.after(60)
    assert emit.event == ContractAwarded("bob", {"ann": 0.5, "bob": 1.0}, "best", "paint it")
    assert emit.audience == "bob"
    assert [emit.event for emit in reports(scenario, "bob", True)] == [TenderClosed("done", "bob")]


def test_criteria_weigh_price_time_and_quality():
    scenario = announced(criteria={"price": 1, "seconds": 1, "quality": 2})
    bids(scenario, "ann", 10, seconds=100, quality=0.2)
    bids(scenario, "bob", 20, seconds=50, quality=0.9)
    assert scenario.after(60)[0].event.scores == pytest.approx({"ann": (1 + 0.5 + 0.4) / 4, "bob": (0.5 + 1 + 1.8) / 4})


def test_after_a_failure_the_next_best_gets_it():
    scenario = announced()
    bids(scenario, "ann", 20)
    bids(scenario, "bob", 10)
    scenario.after(60)
    emits = reports(scenario, "bob", False)
    assert [type(emit.event) for emit in emits] == [AwardFailed, ContractAwarded]
    assert emits[1].event.bidder == "ann"
    assert reports(scenario, "ann", False)[-1].event == TenderClosed("failed")


def test_without_bids_it_ends():
    assert announced().after(60)[0].event == TenderClosed("no_bids")


def test_a_bid_may_be_changed_and_withdrawn_until_the_deadline():
    scenario = announced()
    bids(scenario, "ann", 20)
    assert bids(scenario, "ann", 20) == []
    assert bids(scenario, "ann", 15)[0].event == BidPlaced("ann", 15.0, 0.0, 0.0)
    assert names(scenario.asked(command("withdraw_bid"), by="ann", entity="t")) == ["bid_withdrawn"]
    assert scenario.when(command("withdraw_bid"), by="ann", entity="t") == []
    scenario.now += 60
    assert code(scenario.when(command("place_bid", price=1), by="ann", entity="t")) == "tender_closed"


def test_the_manager_may_award_it():
    scenario = announced(manual=True)
    bids(scenario, "ann", 20)
    bids(scenario, "bob", 10)
    assert scenario.after(60) == []
    assert code(scenario.when(command("award_bid", bidder="ann"), by="ann", entity="t")) == "not_permitted"
    assert code(scenario.when(command("award_bid", bidder="eve"), entity="t")) == "no_bid"
    assert scenario.asked(command("award_bid", bidder="ann"), entity="t")[0].event.why == "manual"
    assert scenario.when(command("award_bid", bidder="ann"), entity="t") == []
    assert code(scenario.when(command("award_bid", bidder="bob"), entity="t")) == "tender_closed"
    assert code(scenario.when(command("report_award", done=True), by="bob", entity="t")) == "not_permitted"
    assert scenario.asked(command("cancel_tender"), entity="t")[0].event == TenderClosed("cancelled", "ann")
    assert scenario.when(command("cancel_tender"), entity="t") == []


def test_what_cannot_be_is_refused():
    scenario = announced(bidders=["ann"])
    assert code(scenario.when(command("place_bid", price=1), by="bob", entity="t")) == "not_permitted"
    assert code(scenario.when(command("place_bid", price=1), by="bob", entity="u")) == "unknown_tender"
    again = command("announce_task", task="paint it", deadline=START + 60, bidders=["ann"])
    assert scenario.when(again, entity="t") == []
    assert code(scenario.when(again, by="eve", entity="t")) == "tender_exists"
    assert code(scenario.when(command("announce_task", task="?", deadline=START), entity="u")) == "bad_tender"
    nothing = command("announce_task", task="?", deadline=START + 1, criteria={"price": 0})
    assert code(scenario.when(nothing, entity="u")) == "bad_tender"


def test_a_replay_and_a_dump_give_the_same_state():
    scenario = announced()
    bids(scenario, "bob", 10)
    bids(scenario, "ann", 10)
    assert scenario.replayed().dump() == scenario.dump()
    loaded = scenario.decider.load(scenario.dump())
    assert scenario.decider.dump(loaded) == scenario.dump()
    scenario.state = loaded
    assert scenario.after(60)[0].event.bidder == "bob"
