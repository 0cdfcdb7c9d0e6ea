"""Negotiations: turns, strategies, mediation, and how good what was agreed is."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.collaboration.negotiations.outcomes import MOST_OUTCOMES, Space, utility
from podium.collaboration.negotiations.tactics import target
from podium.collaboration.service import Collaboration
from podium.collaboration.settings import CollaborationSettings
from podium.contracts.negotiations import NegotiationAgreed, NegotiationDeadlocked, Preferences
from tests.rules.scenario import START, Scenario, asks, code, command, happened, names

ISSUES = {"price": ["p1", "p2", "p3", "p4", "p5"], "time": ["t1", "t2", "t3"]}
SELLER: dict[str, Any] = {
    "values": {"price": {f"p{i}": i / 5 for i in range(1, 6)}, "time": {"t1": 0.1, "t2": 0.5, "t3": 1.0}},
    "weights": {"price": 3, "time": 1},
}
BUYER: dict[str, Any] = {
    "values": {"price": {f"p{i}": 1 - i / 5 for i in range(1, 6)}, "time": {"t1": 1.0, "t2": 0.6, "t3": 0.1}},
    "weights": {"price": 1, "time": 2},
}


def opened(seller: str | None = None, buyer: str | None = None, **fields: Any) -> Scenario:
    scenario = Scenario(Collaboration(CollaborationSettings()))
    parties = {"ann": {**SELLER, "strategy": seller}, "bob": {**BUYER, "strategy": buyer}}
    body = {"about": "the job", "issues": ISSUES, "parties": parties, **fields}
    scenario.asked(command("open_negotiation", **body), entity="n")
    return scenario


def ends(scenario: Scenario) -> Any:
    return scenario.events[-1][2].event


def test_two_parties_agree_by_turns():
    scenario = opened()
    assert code(scenario.when(command("accept_offer"), by="ann", entity="n")) == "no_offer"
    offer = {"price": "p3", "time": "t1"}
    made = scenario.asked(command("make_offer", offer=offer), by="ann", entity="n")
    assert (names(happened(made)), asks(made)) == (["offer_made"], [("bob", "turn_asked")])
    turn = made[-1].event
    assert (turn.standing, turn.accepted, turn.round, turn.preferences) == (offer, ["ann"], 1, Preferences(**BUYER))
    assert code(scenario.when(command("make_offer", offer=offer), by="ann", entity="n")) == "not_your_turn"
    emits = scenario.asked(command("accept_offer"), by="bob", entity="n")
    assert names(emits) == ["offer_accepted", "negotiation_agreed"]
    agreed = emits[-1].event
    assert agreed.offer == offer
    assert agreed.assessment.utilities == pytest.approx({"ann": 0.75 * 0.6 + 0.25 * 0.1, "bob": 0.4 / 3 + 2 / 3})
    assert code(scenario.when(command("make_offer", offer=offer), by="ann", entity="n")) == "negotiation_closed"


def test_what_is_worse_for_both_is_said_to_be():
    scenario = opened()
    scenario.asked(command("make_offer", offer={"price": "p5", "time": "t2"}), by="ann", entity="n")
    assessment = scenario.asked(command("accept_offer"), by="bob", entity="n")[-1].event.assessment
    space = Space(ISSUES, {"ann": Preferences(**SELLER), "bob": Preferences(**BUYER)})
    if not assessment.pareto:
        assert all(space.utilities(assessment.better) >= space.utilities({"price": "p5", "time": "t2"}) - 1e-9)
    assert assessment.exact
    assert assessment.outcomes == 15


@pytest.mark.parametrize("seller", ["boulware", "linear", "conceder"])
@pytest.mark.parametrize("buyer", ["boulware", "linear", "conceder"])
def test_unattended_parties_come_to_an_agreement(seller: str, buyer: str):
    scenario = opened(seller, buyer, rounds=20)
    agreed = ends(scenario)
    assert isinstance(agreed, NegotiationAgreed)
    assert agreed.assessment is not None
    assert agreed.round <= 20
    assert agreed.assessment.pareto
    if seller == buyer:
        assert agreed.assessment.distance < 0.35


def test_who_concedes_later_gets_more():
    hard, soft = ends(opened("boulware", "conceder", rounds=20)), ends(opened("conceder", "boulware", rounds=20))
    assert hard.assessment.utilities["ann"] > soft.assessment.utilities["ann"]
    assert hard.assessment.utilities["bob"] < soft.assessment.utilities["bob"]


def test_targets_follow_the_formula():
    assert target("linear", 0.5, 1.0, 0.2) == pytest.approx(0.6)
    assert target("boulware", 0.5, 1.0, 0.2) == pytest.approx(1.0 - 0.8 * 0.5**5)
    assert target("conceder", 0.5, 1.0, 0.2) == pytest.approx(1.0 - 0.8 * 0.5**0.2)


def test_an_unattended_party_answers_an_attended_one():
    scenario = opened(None, "linear", rounds=3)
    emits = scenario.asked(command("make_offer", offer={"price": "p5", "time": "t3"}), by="ann", entity="n")
    assert names(emits) == ["offer_made", "offer_made", "turn_asked"]
    assert emits[1].event.party == "bob"
    assert emits[1].event.target == pytest.approx(max(utility(Preferences(**BUYER), o) for o in every()), abs=0.25)


def every() -> list[dict[str, str]]:
    return [dict(zip(ISSUES, values, strict=True)) for values in product(*ISSUES.values())]


def test_after_the_last_round_it_is_a_deadlock():
    scenario = opened(rounds=1)
    scenario.asked(command("make_offer", offer={"price": "p5", "time": "t3"}), by="ann", entity="n")
    emits = scenario.asked(command("make_offer", offer={"price": "p1", "time": "t1"}), by="bob", entity="n")
    assert emits[-1].event == NegotiationDeadlocked("rounds", 1)


def test_a_mediator_puts_the_nash_point_to_all():
    scenario = opened(rounds=1, mediator=True)
    scenario.asked(command("reject_offer"), by="ann", entity="n")
    emits = scenario.asked(command("reject_offer"), by="bob", entity="n")
    proposed = happened(emits)[-1].event.offer
    assert (emits[-1].audience, emits[-1].event.mediated, emits[-1].event.standing) == ("ann", True, proposed)
    best = max(every(), key=lambda o: utility(Preferences(**SELLER), o) * utility(Preferences(**BUYER), o))
    assert proposed == best
    assert code(scenario.when(command("make_offer", offer=best), by="ann", entity="n")) == "not_your_turn"
    scenario.asked(command("accept_offer"), by="ann", entity="n")
    agreed = scenario.asked(command("accept_offer"), by="bob", entity="n")[-1].event
    assert (agreed.how, agreed.assessment.distance) == ("mediation", 0.0)
    other = opened(rounds=1, mediator=True)
    for party in ("ann", "bob", "ann"):
        other.asked(command("reject_offer"), by=party, entity="n")
    assert ends(other) == NegotiationDeadlocked("mediation", 1, "ann")


def test_deadlines_end_it_and_turns_pass():
    scenario = opened(deadline=START + 100, turn_seconds=30)
    passed = scenario.after(30)
    assert (names(happened(passed)), asks(passed)) == (["turn_passed"], [("bob", "turn_asked")])
    assert passed[-1].event.deadline == START + 60
    assert scenario.decider.due(scenario.state) == START + 60
    emits = scenario.after(100)
    assert isinstance(emits[-1].event, NegotiationDeadlocked)
    assert emits[-1].event.why == "deadline"


@pytest.mark.parametrize("strategy", [None, "linear"])
def test_nobody_agrees_with_itself(strategy: str | None):
    """Who has passed has not agreed, also if the one who made the offer comes to its turn again."""
    scenario = opened(strategy, rounds=3)
    offer = {"price": "p5", "time": "t3"}
    if strategy is None:
        scenario.asked(command("make_offer", offer=offer), by="ann", entity="n")
    emits = scenario.asked(command("reject_offer"), by="bob", entity="n")
    if strategy is None:
        assert code(scenario.when(command("accept_offer"), by="ann", entity="n")) == "no_offer"
        scenario.asked(command("reject_offer"), by="ann", entity="n")
    else:
        assert names(happened(emits)) == ["turn_passed", "offer_made"]
    agreed = scenario.asked(command("accept_offer"), by="bob", entity="n")
    assert names(agreed) == ["offer_accepted", "negotiation_agreed"]


def test_of_three_parties_all_must_accept_the_same_offer():
    scenario = Scenario(Collaboration(CollaborationSettings()))
    parties = {"ann": None, "bob": None, "cy": None}
    scenario.asked(command("open_negotiation", about="?", issues=ISSUES, parties=parties), entity="n")
    offer = {"price": "p5", "time": "t3"}
    scenario.asked(command("make_offer", offer=offer), by="ann", entity="n")
    scenario.asked(command("accept_offer"), by="bob", entity="n")
    for party in ("cy", "ann", "bob"):
        assert names(happened(scenario.asked(command("reject_offer"), by=party, entity="n"))) == ["turn_passed"]
    assert names(scenario.asked(command("accept_offer"), by="cy", entity="n"))[-1] == "negotiation_agreed"


def test_anyone_may_leave():
    scenario = opened()
    emits = scenario.asked(command("leave_negotiation", reason="too dear"), by="bob", entity="n")
    assert emits[-1].event == NegotiationDeadlocked("left", 1, "bob", "too dear")


@pytest.mark.parametrize(
    ("offer", "path"),
    [
        ({"price": "p1"}, "$.offer.time"),
        ({"price": "p9", "time": "t1"}, "$.offer.price"),
        ({"price": "p1", "time": "t1", "place": "x"}, "$.offer.place"),
    ],
)
def test_an_offer_says_something_for_each_issue(offer: dict[str, str], path: str):
    refused = opened().when(command("make_offer", offer=offer), by="ann", entity="n")
    assert (code(refused), refused.details["path"]) == ("bad_offer", path)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"deadline": START}, "$.deadline"),
        ({"issues": {"price": ["p1", "p1"]}, "parties": {"a": None, "b": None}}, "$.issues.price"),
        ({"parties": {"a": None, "b": None}, "mediator": True}, "$.parties.a"),
        ({"parties": {"a": {"values": {"x": {}}}, "b": None}}, "$.parties.a"),
        ({"parties": {"a": {"values": {"price": {"p9": 1}}}, "b": None}}, "$.parties.a.values.price"),
    ],
)
def test_a_negotiation_that_cannot_be_is_refused(fields: dict[str, Any], path: str):
    body = {"about": "?", "issues": ISSUES, "parties": {"a": None, "b": None}, **fields}
    refused = Scenario(Collaboration(CollaborationSettings())).when(command("open_negotiation", **body), entity="n")
    assert (code(refused), refused.details["path"]) == ("bad_negotiation", path)


def test_who_is_no_party_has_no_say():
    scenario = opened()
    assert code(scenario.when(command("accept_offer"), by="eve", entity="n")) == "not_a_party"
    assert code(scenario.when(command("accept_offer"), by="ann", entity="m")) == "unknown_negotiation"


GRADES = st.lists(st.integers(0, 10).map(lambda grade: grade / 10), min_size=6, max_size=6)


@settings(max_examples=60, deadline=None)
@given(GRADES, GRADES, st.integers(0, 5))
def test_pareto_and_nash_are_what_trying_all_outcomes_says(one: list[float], other: list[float], picked: int):
    issues = {"a": ["x", "y", "z"], "b": ["u", "v"]}

    def preferences(grades: list[float]) -> Preferences:
        return Preferences(
            {"a": dict(zip("xyz", grades[:3], strict=True)), "b": dict(zip("uv", grades[3:5], strict=True))},
            {"a": 1.0 + grades[5], "b": 1.0},
        )

    parties = {"ann": preferences(one), "bob": preferences(other)}
    outcomes = [dict(zip(issues, values, strict=True)) for values in product(*issues.values())]
    worth = [tuple(utility(parties[party], outcome) for party in parties) for outcome in outcomes]
    found = Space(issues, parties).assess(outcomes[picked])
    mine = worth[picked]
    dominated = any(
        all(w >= m - 1e-9 for w, m in zip(each, mine, strict=True))
        and any(w > m + 1e-9 for w, m in zip(each, mine, strict=True))
        for each in worth
    )
    assert found.pareto == (not dominated)
    products = [w[0] * w[1] for w in worth]
    assert found.nash_utilities["ann"] * found.nash_utilities["bob"] == pytest.approx(max(products))


def test_a_large_space_is_sampled_and_says_so():
    issues = {f"i{n}": [f"v{k}" for k in range(20)] for n in range(10)}
    grades = {issue: {value: k / 19 for k, value in enumerate(values)} for issue, values in issues.items()}
    space = Space(issues, {"ann": Preferences(grades), "bob": Preferences(grades)})
    best = dict.fromkeys(issues, "v19")
    found = space.assess(best)
    assert (found.exact, found.outcomes, found.pareto) == (False, MOST_OUTCOMES, True)
    assert found.nash == best


def test_a_replay_and_a_dump_give_the_same_state():
    scenario = opened(None, "linear", deadline=START + 100)
    scenario.asked(command("make_offer", offer={"price": "p5", "time": "t3"}), by="ann", entity="n")
    assert scenario.replayed().dump() == scenario.dump()
    loaded = scenario.decider.load(scenario.dump())
    assert scenario.decider.dump(loaded) == scenario.dump()
    assert scenario.decider.due(loaded) == START + 100
