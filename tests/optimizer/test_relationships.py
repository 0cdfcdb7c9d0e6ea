"""Who gets on with whom: what agents do together, and how that went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.catalogue import decode_envelope, wire_name
from podium.contracts.relationships import Deed, Relationship, RelationshipsChanged
from podium.optimizer import deeds
from podium.optimizer.deeds import PhaseCompleted, PhaseFailed, PhaseStarted, Sent, StepStarted, VoteCast
from tests.optimizer.learning import Learning

SAMPLES = Path(__file__).parents[1] / "contracts" / "samples"


def agents(*names: str) -> Learning:
    learning = Learning()
    for name in names:
        learning.told(AgentRegistered(AgentProfile()), name)
    return learning


def between(learning: Learning, one: str, other: str) -> Relationship:
    """As it was said last."""
    learning.after(10.0)
    known: Relationship = learning.state.book.said.known[one][other]
    return known


def counts(learning: Learning, one: str, other: str) -> dict[Deed, tuple[float, float]]:
    return {deed: (tie.count, tie.well) for deed, tie in between(learning, one, other).deeds.items()}


def session(learning: Learning, name: str, *phases: tuple[str, str], ends: Any = None) -> Learning:
    """Phases one after the other, by these agents and for these purposes; `!` before a name: it fails."""
    for number, (agent, purpose) in enumerate(phases, 1):
        who = agent.removeprefix("!")
        learning.told(PhaseStarted(number, number - 1, who, purpose), name)
        learning.told((PhaseFailed if agent.startswith("!") else PhaseCompleted)(number, who), name)
    return learning.told(ends or deeds.SessionCompleted(), name)


def test_sessions_handovers_and_help_count():
    learning = agents("a", "b", "c")
    session(learning, "s1", ("a", "turn"), ("b", "turn"), ("c", "help"))
    session(learning, "s2", ("a", "turn"), ("!b", "turn"), ends=deeds.SessionFailed())
    assert counts(learning, "a", "b") == {"session": (2.0, 1.0), "handover": (2.0, 1.0)}
    assert counts(learning, "b", "c") == {"session": (1.0, 1.0), "help": (1.0, 1.0)}
    assert counts(learning, "a", "c") == {"session": (1.0, 1.0)}


def test_votes_agree_or_do_not():
    learning = agents("a", "b", "c", "d")
    for voter, paper in {"a": [["x"], ["y"]], "b": [["x", "y"]], "c": [["y"]], "d": []}.items():
        learning.told(VoteCast(voter, paper), "v")
    learning.told(VoteCast("c", [["z"]]), "v").told(deeds.BallotClosed(), "v")
    assert counts(learning, "a", "b") == {"vote": (1.0, 1.0)}
    assert counts(learning, "b", "c") == {"vote": (1.0, 0.0)}
    assert "d" not in learning.state.book.said.known["a"]


def test_messages_are_answered_or_die():
    learning = agents("a", "b")
    learning.told(deeds.MessagesSent([Sent("a/1", "a", wants_reply=True), Sent("a/2", "a", wants_reply=True)]), "b")
    learning.told(deeds.MessagesSent([Sent("b/1", "b", reply_to="a/1")]), "a")
    learning.told(deeds.MessagesDead(["a/2"]), "b").told(deeds.MessagesDead(["b/1"]), "a")
    assert counts(learning, "a", "b") == {"message": (2.0, 1.0)}


def test_steps_of_a_workflow_are_handed_over():
    learning = agents("a", "b")
    learning.told(StepStarted("r-1"), "r")
    task(learning, "r-1", "a", ok=True)
    learning.told(StepStarted("r-2"), "r")
    task(learning, "r-2", "b", ok=False)
    task(learning, "r-2", "b", ok=True)
    assert counts(learning, "a", "b") == {"step": (2.0, 1.0)}


def task(learning: Learning, name: str, agent: str, *, ok: bool) -> None:
    (learning.completed if ok else learning.failed)(agent, task=name)


def test_trust_is_believed_as_far_as_it_is_known_and_fades():
    learning = agents("a", "b")
    for number in range(8):
        session(learning, f"s{number}", ("a", "turn"), ("a", "turn"), ("b", "other"))
    known = between(learning, "a", "b")
    assert known.trust == pytest.approx(17 / 18)  # eight sessions, eight handovers, one of each outcome beforehand
    assert 0.8 < known.trust_low < known.trust < known.trust_high < 1.0
    assert known.strength == pytest.approx(16 / 26)
    learning.now += 2_592_000.0
    session(learning, "s9", ("a", "turn"), ("!b", "turn"), ends=deeds.SessionTimedOut())
    later = counts(learning, "a", "b")
    assert later["session"] == pytest.approx((5.0, 4.0), rel=1e-3)
    assert between(learning, "a", "b").trust == pytest.approx(9 / 12, rel=1e-3)


def test_nothing_new_is_not_said_and_who_is_no_agent_is_left_out():
    learning = agents("a", "b")
    session(learning, "s1", ("a", "turn"), ("ops", "turn"))
    assert not said(learning.after(10.0))
    session(learning, "s2", ("a", "turn"), ("b", "turn"))
    assert len(said(learning.after(10.0))) == 1
    assert not said(learning.after(10.0))


def said(emits: list[Any]) -> list[Any]:
    return [emit for emit in emits if isinstance(emit.event, RelationshipsChanged)]


def test_a_replay_knows_the_same_in_whatever_order_the_logs_are_read():
    learning = agents("a", "b", "c")
    for number in range(20):
        learning.now += 1000.0
        session(learning, f"s{number}", ("a", "turn"), ("b", "turn"), ("!c" if number % 3 else "c", "help"))
        learning.told(StepStarted(f"r-{number}"), "r")
        task(learning, f"r-{number}", "abc"[number % 3], ok=number % 4 > 0)
        learning.after(1.0)
    facts = learning.decider.dump_facts(learning.state)
    other = learning.decider.initial()
    collaboration = set(learning.decider.upstream["collaboration"])
    for first in (True, False):
        for at, name, fact in learning.seen:
            if (type(fact) in collaboration) is first:
                learning.decider.observe(other, name, fact, at)
    assert learning.decider.dump_facts(other) == facts
    restored = learning.decider.load(learning.dump())
    learning.decider.load_facts(restored, facts)
    assert learning.decider.dump_facts(restored) == facts


@pytest.mark.parametrize("fact", [*deeds.OF_COLLABORATION, *deeds.OF_THE_ROUTER])
def test_what_is_read_is_what_is_published(fact):
    sample = (SAMPLES / f"podium.{wire_name(fact)}.v1.json").read_bytes()
    msgspec.json.decode(decode_envelope(sample).data, type=fact)
