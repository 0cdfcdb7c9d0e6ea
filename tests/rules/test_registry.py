"""Agents and agent types."""

from __future__ import annotations

import pytest

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentTypeDefined, AgentUnregistered, AgentUpdated
from podium.contracts.forgetting import SubjectForgotten
from podium.kernel.decider import Emit
from podium.registry import service
from tests.rules.scenario import Scenario, code, command, names, registry

REGISTER = command("register_agent", skills={"echo": 0.9}, slots=2)
WORKER = command("define_agent_type", skills={"echo": 0.5}, model="m", slots=4)


def with_agent() -> Scenario:
    scenario = registry()
    scenario.asked(REGISTER, entity="a1")
    return scenario


def with_type() -> Scenario:
    scenario = registry()
    scenario.asked(WORKER, entity="worker")
    return scenario


def test_an_agent_is_registered_with_its_profile():
    profile = AgentProfile(skills={"echo": 0.9}, slots=2)
    assert registry().when(REGISTER, entity="a1") == [Emit("a1", AgentRegistered(profile))]


def test_an_agent_registers_again_as_it_is():
    assert with_agent().when(REGISTER, entity="a1") == []


def test_an_agent_is_not_registered_twice_in_different_ways():
    again = command("register_agent", skills={"echo": 0.9}, slots=3, model="m")
    outcome = with_agent().when(again, entity="a1")
    assert code(outcome) == "agent_exists"
    assert outcome.details == {"path": "$.slots", "differs": ["slots", "model"]}


def test_an_agent_of_a_type_starts_with_the_profile_of_the_type():
    register = command("register_agent", type="worker", slots=1)
    profile = AgentProfile(skills={"echo": 0.5}, model="m", slots=1, type="worker")
    scenario = with_type()
    assert scenario.when(register, entity="a1") == [Emit("a1", AgentRegistered(profile))]
    assert scenario.when(register, entity="a1") == []


def test_what_is_given_as_nothing_is_not_left_out():
    register = command("register_agent", type="worker", model=None)
    (emit,) = with_type().asked(register, entity="a1")
    assert isinstance(emit.event, AgentRegistered)
    assert emit.event.profile.model is None


def test_a_type_must_be_there_before_its_agents():
    outcome = registry().when(command("register_agent", type="nobody"), entity="a1")
    assert code(outcome) == "unknown_agent_type"
    assert outcome.details["path"] == "$.type"


def test_an_update_changes_what_is_given_and_names_what_differs():
    scenario = with_agent()
    update = command("update_agent", slots=5, skills={"echo": 0.9}, model="m")
    profile = AgentProfile(skills={"echo": 0.9}, slots=5, model="m")
    assert scenario.when(update, entity="a1") == [Emit("a1", AgentUpdated(profile, ["slots", "model"]))]
    assert scenario.when(update, entity="a1") == []


@pytest.mark.parametrize("name", ["update_agent", "unregister_agent"])
def test_who_is_not_there_is_not_changed(name):
    assert code(registry().when(command(name), entity="a1")) == "unknown_agent"


def test_an_agent_leaves_once():
    scenario = with_agent()
    leave = command("unregister_agent", reason="done")
    assert scenario.when(leave, entity="a1") == [Emit("a1", AgentUnregistered("done"))]
    assert scenario.when(leave, entity="a1") == []
    assert code(scenario.when(command("update_agent", slots=1), entity="a1")) == "unknown_agent"


def test_an_agent_that_left_may_come_back_as_another():
    scenario = with_agent()
    scenario.asked(command("unregister_agent"), entity="a1")
    assert names(scenario.when(command("register_agent", slots=9), entity="a1")) == ["agent_registered"]


def test_a_type_is_defined_once():
    scenario = registry()
    profile = AgentProfile(skills={"echo": 0.5}, model="m", slots=4)
    assert scenario.when(WORKER, entity="worker") == [Emit("worker", AgentTypeDefined(profile))]
    assert scenario.when(WORKER, entity="worker") == []
    outcome = scenario.when(command("define_agent_type", slots=1), entity="worker")
    assert code(outcome) == "agent_type_exists"
    assert outcome.details["differs"] == ["skills", "slots", "model"]


def test_a_type_is_removed_when_no_agent_is_of_it():
    scenario = with_type()
    scenario.asked(command("register_agent", type="worker"), entity="a1")
    assert code(scenario.when(command("remove_agent_type"), entity="worker")) == "agent_type_in_use"
    scenario.asked(command("unregister_agent"), entity="a1")
    assert names(scenario.when(command("remove_agent_type"), entity="worker")) == ["agent_type_removed"]
    assert scenario.when(command("remove_agent_type"), entity="worker") == []
    assert code(scenario.when(command("remove_agent_type"), entity="other")) == "unknown_agent_type"


def test_a_type_that_was_removed_may_be_defined_anew():
    scenario = with_type()
    scenario.asked(command("remove_agent_type"), entity="worker")
    assert names(scenario.when(command("define_agent_type", slots=1), entity="worker")) == ["agent_type_defined"]


def test_an_agent_and_a_type_may_have_the_same_name():
    scenario = with_type()
    assert names(scenario.when(command("register_agent"), entity="worker")) == ["agent_registered"]


def test_the_events_give_the_state_and_so_does_its_dump():
    scenario = with_type()
    scenario.asked(command("register_agent", type="worker", metadata={"b": 1, "a": [1.5]}), entity="a1")
    scenario.asked(command("register_agent"), entity="a2")
    scenario.asked(command("unregister_agent"), entity="a2")
    scenario.asked(command("define_agent_type"), entity="other")
    scenario.asked(command("remove_agent_type"), entity="other")
    dump = scenario.dump()
    assert scenario.replayed().dump() == dump
    loaded = scenario.decider.load(dump)
    assert loaded == scenario.state
    assert scenario.decider.dump(loaded) == dump


def test_only_so_many_that_left_are_remembered(monkeypatch):
    monkeypatch.setattr(service, "KEPT", 2)
    scenario = registry()
    for agent in ("a1", "a2", "a3"):
        scenario.asked(command("register_agent"), entity=agent)
        scenario.asked(command("unregister_agent"), entity=agent)
    leave = command("unregister_agent")
    assert code(scenario.when(leave, entity="a1")) == "unknown_agent"
    assert scenario.when(leave, entity="a2") == []
    assert scenario.when(leave, entity="a3") == []


def test_nothing_is_ever_due():
    scenario = with_agent()
    assert scenario.reacts() == []
    assert scenario.decider.due(scenario.state) is None


def test_who_is_forgotten_stays_so():
    forget = command("forget_subject", reason="asked for")
    scenario = registry()
    assert scenario.asked(forget, entity="person-17") == [Emit("person-17", SubjectForgotten("asked for"))]
    assert scenario.when(command("forget_subject"), entity="person-17") == []
