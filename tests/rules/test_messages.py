"""Messages: who gets them, once, and until when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.collaboration.messages import part
from podium.collaboration.service import Collaboration
from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.messages import MessagesAcknowledged, MessagesDead, MessagesSent
from tests.rules.scenario import START, Scenario, code, command


def post() -> Scenario:
    return Scenario(Collaboration())


def send(scenario: Scenario, *letters: dict[str, Any], by: str = "a") -> Any:
    messages = [{"body": None, **letter} for letter in letters]
    return scenario.when(command("send_messages", messages=messages), by=by, entity="batch")


def ids(emits: Any, receiver: str) -> list[str]:
    sent = [emit.event for emit in emits if emit.entity == receiver and isinstance(emit.event, MessagesSent)]
    return [message.id for event in sent for message in event.messages]


def acknowledge(scenario: Scenario, *names: str, by: str = "b", receiver: str = "b") -> Any:
    return scenario.when(command("acknowledge_messages", ids=list(names)), by=by, entity=receiver)


def test_a_command_is_one_event_for_each_receiver_which_is_its_audience():
    sent = send(post(), {"to": "b", "body": 1}, {"to": "c"}, {"to": "b", "priority": 9, "topic": "t"})
    assert [(emit.entity, emit.audience) for emit in sent] == [("b", "b"), ("c", "c")]
    first, second = sent[0].event.messages
    assert (first.sender, bytes(first.body), first.priority) == ("a", b"1", 5)
    assert (second.priority, second.topic, second.expires) == (9, "t", START + 604_800.0)
    assert first.id != second.id


def test_the_same_message_is_delivered_once_also_when_it_is_done_with():
    scenario = post()
    assert ids(send(scenario, {"to": "b", "id": "m1"}, {"to": "b", "id": "m1"}), "b") == ["a/m1"]
    assert send(scenario, {"to": "b", "id": "m1"}) == []
    acknowledge(scenario, "a/m1")
    assert send(scenario, {"to": "b", "id": "m1"}) == []
    assert ids(send(scenario, {"to": "b", "id": "m1"}, by="c"), "b") == ["c/m1"]
    assert ids(send(scenario, {"to": "c", "id": "m1"}), "c") == ["a/m1"]


def test_messages_without_an_id_are_all_different():
    scenario = post()
    scenario.when(command("join_group"), by="a", entity="lonely")
    seen: list[str] = []
    for _ in range(5):
        seen += ids(send(scenario, {"to": "b"}, {"group": "lonely"}, {"to": "b"}), "b")
    assert len(set(seen)) == 10


def test_only_the_receiver_is_done_with_a_message_and_only_once():
    scenario = post()
    (id,) = ids(send(scenario, {"to": "b"}), "b")
    assert code(acknowledge(scenario, id, by="c")) == "not_your_mailbox"
    assert [emit.event for emit in acknowledge(scenario, id, id, "unknown/1")] == [MessagesAcknowledged([id])]
    assert acknowledge(scenario, id) == []


def test_what_the_receiver_cannot_use_is_a_dead_letter():
    scenario = post()
    (id,) = ids(send(scenario, {"to": "b"}), "b")
    rejected = scenario.when(command("reject_messages", ids=[id], note="what?"), by="b", entity="b")
    assert [emit.event for emit in rejected] == [MessagesDead([id], "rejected", "what?")]
    assert acknowledge(scenario, id) == []


def test_what_nobody_acknowledges_in_time_is_a_dead_letter_once():
    scenario = post()
    send(scenario, {"to": "b", "id": "1", "ttl": 10.0}, {"to": "b", "id": "2", "ttl": 5.0}, {"to": "b", "id": "3"})
    assert scenario.decider.due(scenario.state) == START + 5.0
    assert [emit.event for emit in scenario.after(5.0)] == [MessagesDead(["a/2"], "expired")]
    assert scenario.reacts() == []
    acknowledge(scenario, "a/1")
    assert scenario.after(99.0) == []


def test_a_group_is_its_members_but_for_the_sender():
    scenario = post()
    for agent in ("a", "b", "c"):
        assert scenario.when(command("join_group"), by=agent, entity="g")
    assert scenario.when(command("join_group"), by="c", entity="g") == []
    scenario.when(command("leave_group", agent="c"), by="ops", entity="g")
    sent = send(scenario, {"group": "g", "body": "hi"})
    assert [(emit.entity, emit.event.messages[0].group) for emit in sent] == [("b", "g")]
    assert code(send(scenario, {"group": "nobody"})) == "unknown_group"
    assert scenario.when(command("leave_group"), by="c", entity="g") == []
    assert code(scenario.when(command("leave_group"), by="c", entity="nobody")) == "unknown_group"


def test_everyone_is_who_is_registered():
    scenario = post()
    for agent in ("a", "b", "c"):
        scenario.decider.observe(scenario.state, agent, AgentRegistered(AgentProfile()), START)
    sent = send(scenario, {"everyone": True})
    assert [(emit.entity, emit.event.messages[0].everyone) for emit in sent] == [("b", True), ("c", True)]


@pytest.mark.parametrize("letter", [{}, {"to": "b", "group": "g"}, {"to": "b", "everyone": True}])
def test_a_message_goes_to_one_kind_of_receiver(letter):
    refused = send(post(), {"to": "b"}, letter)
    assert (code(refused), refused.details["path"]) == ("bad_receiver", "$.messages[1]")


def test_a_mailbox_and_a_command_have_their_limits(monkeypatch):
    monkeypatch.setattr(part, "MAILBOX_LIMIT", 3)
    scenario = post()
    send(scenario, {"to": "b"}, {"to": "b"})
    assert code(send(scenario, {"to": "b"}, {"to": "b"})) == "mailbox_full"
    assert ids(send(scenario, {"to": "b"}), "b")
    monkeypatch.setattr(part, "RECEIVERS_LIMIT", 2)
    assert code(send(scenario, {"to": "x"}, {"to": "y"}, {"to": "z"})) == "too_many_receivers"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("sarg"), st.integers(0, 5), st.floats(0.5, 9.0)), max_size=25))
def test_each_message_is_open_until_it_ends_once(steps):
    """Whatever happens: what was sent is open, acknowledged or dead, never two of them; a replay says the same."""
    scenario = post()
    scenario.when(command("join_group"), by="b", entity="g")
    for kind, number, seconds in steps:
        match kind:
            case "s":
                send(scenario, {"to": "b", "id": str(number), "ttl": seconds})
            case "g":
                send(scenario, {"group": "g", "ttl": seconds})
            case "a":
                acknowledge(scenario, f"a/{number}", f"a/#{number}")
            case _:
                scenario.when(command("reject_messages", ids=[f"a/{number}"]), by="b", entity="b")
        scenario.after(seconds / 4)
    sent = [m.id for _, _, e in scenario.events if isinstance(e.event, MessagesSent) for m in e.event.messages]
    over = [
        i
        for _, _, e in scenario.events
        if isinstance(e.event, MessagesAcknowledged | MessagesDead)
        for i in e.event.ids
    ]
    still = scenario.state.messages.open.get("b", {})
    assert len(set(sent)) == len(sent)
    assert sorted([*over, *still]) == sorted(sent)
    decider = scenario.decider
    assert scenario.replayed().dump() == scenario.dump() == decider.dump(decider.load(scenario.dump()))
