"""Ballots: one voter one vote, changes until the close, quorum, ties, deadlines, and secrets that are kept."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest

from podium.collaboration.ballots.seals import Broken, Seal
from podium.collaboration.service import Collaboration
from podium.collaboration.settings import CollaborationSettings
from podium.contracts.ballots import BallotCancelled, BallotClosed, VoteCast
from tests.rules.scenario import START, Scenario, code, command, names

KEY = "k" * 32
VOTERS = {"ann": 1.0, "bob": 1.0, "cy": 1.0}


def ballots(key: str | None = KEY) -> Scenario:
    return Scenario(Collaboration(CollaborationSettings(ballot_key=key)))  # type: ignore[arg-type]  # text is taken


def opened(scenario: Scenario | None = None, **fields: Any) -> Scenario:
    scenario = scenario or ballots()
    body = {"question": "which?", "options": ["yes", "no"], "voters": VOTERS, **fields}
    scenario.asked(command("open_ballot", **body), entity="b")
    return scenario


def votes(scenario: Scenario, **choices: str) -> Scenario:
    for voter, choice in choices.items():
        scenario.asked(command("cast_vote", choice=choice), by=voter, entity="b")
    return scenario


def close(scenario: Scenario) -> BallotClosed:
    (emit,) = scenario.when(command("close_ballot"), entity="b")
    assert isinstance(emit.event, BallotClosed)
    return emit.event


def test_opening_asks_every_voter_that_is_named():
    emits = ballots().when(command("open_ballot", question="?", options=["a"], voters={"ann": 1}), entity="b")
    assert names(emits) == ["ballot_opened", "vote_asked"]
    assert emits[1].audience == "ann"


def test_a_ballot_is_opened_once():
    scenario = opened()
    assert (
        scenario.when(command("open_ballot", question="which?", options=["yes", "no"], voters=VOTERS), entity="b") == []
    )
    other = command("open_ballot", question="which?", options=["no", "yes"], voters=VOTERS)
    assert code(scenario.when(other, entity="b")) == "ballot_exists"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"options": ["a", "a"]}, "$.options"),
        ({"deadline": START}, "$.deadline"),
        ({"voters": None, "early": True}, "$.early"),
        ({"voters": None, "quorum_share": 0.5}, "$.quorum_share"),
        ({"quorum": 4}, "$.quorum"),
    ],
)
def test_a_ballot_that_cannot_be_is_refused(fields: dict[str, Any], path: str):
    body = {"question": "?", "options": ["a", "b"], "voters": VOTERS, **fields}
    refused = ballots().when(command("open_ballot", **body), entity="b")
    assert (code(refused), refused.details["path"]) == ("bad_ballot", path)


def test_one_voter_has_one_vote_and_may_change_it():
    scenario = votes(opened(), ann="yes", bob="no")
    assert scenario.when(command("cast_vote", choice="yes"), by="ann", entity="b") == []
    (emit,) = scenario.when(command("cast_vote", choice="no"), by="ann", entity="b")
    assert emit.event == VoteCast("ann", 2, [["no"]])
    found = close(scenario)
    assert (found.winner, found.voted, found.count.rounds[0].scores) == ("no", 2, {"yes": 0.0, "no": 2.0})


def test_a_withdrawn_vote_was_never_cast():
    scenario = votes(opened(), ann="yes", bob="no")
    assert names(scenario.when(command("withdraw_vote"), by="bob", entity="b")) == ["vote_withdrawn"]
    assert scenario.when(command("withdraw_vote"), by="bob", entity="b") == []
    assert close(scenario).voted == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$"),
        ({"choice": "yes", "abstain": True}, "$"),
        ({"choice": "maybe"}, "$.choice"),
        ({"approve": ["yes", "yes"]}, "$.approve"),
        ({"rank": ["yes", []]}, "$.rank[1]"),
        ({"rank": []}, "$.rank"),
    ],
)
def test_a_paper_that_does_not_fit_is_refused(body: dict[str, Any], path: str):
    for secret in (False, True):
        refused = opened(secret=secret).when(command("cast_vote", **body), by="ann", entity="b")
        assert (code(refused), refused.details["path"]) == ("bad_paper", path)
        assert not secret or not any(word in refused.message for word in ("yes", "maybe"))


def test_only_voters_vote_and_only_who_opened_it_closes():
    scenario = opened()
    assert code(scenario.when(command("cast_vote", choice="yes"), by="eve", entity="b")) == "not_a_voter"
    assert code(scenario.when(command("close_ballot"), by="ann", entity="b")) == "not_permitted"
    assert code(scenario.when(command("cast_vote", choice="yes"), by="ann", entity="other")) == "unknown_ballot"


def test_after_the_count_nothing_changes():
    scenario = votes(opened(), ann="yes")
    close(scenario)
    assert scenario.when(command("close_ballot"), entity="b") == []
    assert code(scenario.when(command("cast_vote", choice="no"), by="ann", entity="b")) == "ballot_closed"
    assert code(scenario.when(command("cancel_ballot", reason="?"), entity="b")) == "ballot_closed"


def test_a_cancelled_ballot_is_not_counted():
    scenario = votes(opened(), ann="yes")
    (emit,) = scenario.when(command("cancel_ballot", reason="too late"), entity="b")
    assert emit.event == BallotCancelled("too late")
    assert scenario.when(command("cancel_ballot", reason="?"), entity="b") == []


def test_the_deadline_closes_it_and_votes_after_it_do_not_count():
    scenario = votes(opened(deadline=START + 60), ann="yes")
    assert scenario.decider.due(scenario.state) == START + 60
    scenario.now += 60
    assert code(scenario.when(command("cast_vote", choice="no"), by="bob", entity="b")) == "ballot_closed"
    (emit,) = scenario.reacts()
    assert (emit.event.why, emit.event.winner) == ("deadline", "yes")
    assert scenario.decider.due(scenario.state) is None


def test_it_closes_early_when_all_have_voted():
    scenario = votes(opened(early=True), ann="yes", bob="no")
    emits = scenario.when(command("cast_vote", abstain=True), by="cy", entity="b")
    assert names(emits) == ["vote_cast", "ballot_closed"]
    assert (emits[1].event.why, emits[1].event.result, emits[1].event.count.blank) == ("all_voted", "none", 1)


def test_blank_papers_count_for_the_quorum_only():
    scenario = votes(opened(quorum=2), ann="yes")
    assert close(votes(opened(quorum=2), ann="yes")).result == "no_quorum"
    scenario.asked(command("cast_vote", abstain=True), by="bob", entity="b")
    found = close(scenario)
    assert (found.result, found.voted, found.count.papers) == ("won", 2, 1)
    assert close(votes(opened(quorum_share=2 / 3), ann="yes", bob="yes")).quorum == 2


def test_ties_end_as_the_ballot_says():
    tied: dict[str, Any] = {"method": "plurality", "options": ["no", "yes"]}
    assert close(votes(opened(**tied), ann="yes", bob="no")).result == "tied"
    found = close(votes(opened(tie="order", **tied), ann="yes", bob="no"))
    assert (found.result, found.winner) == ("won", "no")
    drawn = close(votes(opened(tie="lot", **tied), ann="yes", bob="no"))
    assert drawn.tie is not None
    assert drawn.tie.seed is not None
    place = int(hashlib.sha256(drawn.tie.seed.encode()).hexdigest(), 16) % 2
    assert drawn.winner == drawn.tie.among[place]


def test_weights_count():
    scenario = votes(opened(voters={"ann": 1.5, "bob": 1.0}, method="weighted"), ann="yes", bob="no")
    found = close(scenario)
    assert (found.winner, found.count.margin) == ("yes", 0.5)


# Secrets


def test_nothing_that_is_kept_says_who_voted_how():
    scenario = votes(opened(secret=True), ann="yes", bob="no", cy="yes")
    kept = [msgspec.json.encode(emit.event) for _, _, emit in scenario.events if isinstance(emit.event, VoteCast)]
    for text in (
        *kept,
        *[json.dumps(book).encode() for book in json.loads(scenario.dump())["ballots"]["open"][0][1]["votes"].values()],
    ):
        assert b"yes" not in text
        assert b'"no"' not in text
    assert len({json.loads(text)["sealed"] for text in kept}) == 3
    assert len({len(text) for text in (json.loads(text)["sealed"] for text in kept)}) == 1
    found = close(scenario)
    assert (found.winner, found.voted) == ("yes", 3)


def test_a_secret_vote_that_returns_to_what_it_was_looks_new():
    scenario = votes(opened(secret=True), ann="yes")
    assert scenario.when(command("cast_vote", choice="yes"), by="ann", entity="b") == []
    votes(scenario, ann="no")
    votes(scenario, ann="yes")
    sealed = [emit.event.sealed for _, _, emit in scenario.events if isinstance(emit.event, VoteCast)]
    assert len(set(sealed)) == 3


def test_a_sealed_paper_opens_nowhere_else():
    seal = Seal(KEY)
    sealed = seal.close([["yes"]], "b", 1.0, "ann", 1)
    assert seal.open(sealed, "b", 1.0, "ann", 1) == [["yes"]]
    for place in (("c", 1.0, "ann", 1), ("b", 2.0, "ann", 1), ("b", 1.0, "bob", 1), ("b", 1.0, "ann", 2)):
        with pytest.raises(Broken):
            seal.open(sealed, *place)
    with pytest.raises(Broken):
        Seal("x" * 32).open(sealed, "b", 1.0, "ann", 1)


def test_without_its_key_a_secret_ballot_waits():
    assert code(opened_secret_without_key()) == "no_ballot_key"
    scenario = votes(opened(secret=True, deadline=START + 1), ann="yes")
    other = ballots("x" * 32)
    other.now = scenario.now
    other.state = other.decider.load(scenario.dump())
    assert code(other.when(command("cast_vote", choice="no"), by="bob", entity="b")) == "no_ballot_key"
    assert code(other.when(command("close_ballot"), entity="b")) == "no_ballot_key"
    assert other.after(10) == []
    back = ballots()
    back.now = other.now
    back.state = back.decider.load(other.dump())
    assert names(back.reacts()) == ["ballot_closed"]


def opened_secret_without_key() -> Any:
    return ballots(None).when(command("open_ballot", question="?", options=["a"], secret=True), entity="b")


def test_a_replay_and_a_dump_give_the_same_state():
    scenario = votes(opened(secret=True, deadline=START + 5), ann="yes", bob="no")
    scenario.asked(command("withdraw_vote"), by="bob", entity="b")
    assert scenario.replayed().dump() == scenario.dump()
    loaded = scenario.decider.load(scenario.dump())
    assert scenario.decider.dump(loaded) == scenario.dump()
    assert scenario.decider.due(loaded) == START + 5
