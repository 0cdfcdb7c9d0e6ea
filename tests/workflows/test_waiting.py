"""Runs that wait: for signals, for people, for time; and those that are stopped or paused."""

from __future__ import annotations

from podium.contracts.workflows import WorkflowCancelled, WorkflowPaused
from tests.rules.scenario import code
from tests.workflows.flows import Flow, after


def test_a_signal_is_waited_for_and_one_that_came_before_is_not_lost():
    flow = Flow()
    flow.define({"id": "a", "wait_for": "go"}, {"id": "b", "wait_for": "go", **after("a")})
    flow.start()
    assert flow.why("r").reasons == ["a: waits for the signal go", "1 step waits for those that it depends on"]
    flow.ask("signal_workflow", signal="other")
    assert flow.done() == {}
    flow.ask("signal_workflow", signal="go", payload=1)
    flow.ask("signal_workflow", signal="go", payload=2)
    assert flow.output() == {"b": 2}


def test_time_may_be_up_for_a_signal():
    flow = Flow()
    flow.define({"id": "a", "wait_for": "go", "timeout": 10, "fallback": {"output": "late"}})
    flow.define({"id": "a", "wait_for": "go", "timeout": 10}, id="v")
    flow.start()
    flow.start("s", "v")
    flow.after(9.9)
    assert flow.done() == flow.done("s") == {}
    flow.after(0.2)
    assert flow.output() == {"a": "late"}
    assert flow.failure("s").code == "timeout"


def test_a_run_may_take_only_so_long_if_it_says_so():
    flow = Flow()
    flow.define({"id": "a"}, timeout=10)
    flow.start()
    flow.after(11)
    assert flow.failure().code == "timeout"
    assert flow.held() == []


def test_people_with_the_role_decide():
    flow = Flow()
    approve = {"approve": {"roles": ["boss"], "count": 2}}
    flow.define({"id": "a", **approve}, {"id": "b", **after("a")}, roles={"boss": ["ann", "bob"]})
    flow.start()
    assert code(flow.ask("approve_step", by="eve", step="a")) == "not_allowed"
    assert code(flow.ask("approve_step", by="ann", step="b")) == "unknown_step"
    assert flow.why("r").reasons[0] == "a: waits for boss to approve, 0 of 2 have"
    flow.ask("approve_step", by="ann", step="a", comment="fine")
    assert flow.ask("approve_step", by="ann", step="a") == []
    assert flow.held() == []
    flow.ask("approve_step", by="bob", step="a")
    assert code(flow.ask("approve_step", by="bob", step="a")) == "not_waiting"
    flow.finish()
    flow.start("s")
    flow.ask("reject_step", run="s", by="bob", step="a", comment="no")
    assert (flow.failure("s").code, flow.failure("s").message) == ("rejected", "bob has rejected it: no")


def test_a_cancelled_run_leaves_nothing_running():
    flow = Flow()
    flow.define({"id": "a"}, {"id": "child", "workflow": "v"}, {"id": "z", **after("a")})
    flow.define({"id": "b"}, {"id": "w", "wait_for": "never"}, id="v")
    flow.start()
    assert sorted(flow.held()) == ["r-a", "r-child-b"]
    flow.ask("cancel_workflow", reason="enough")
    assert isinstance(flow.ended(), WorkflowCancelled)
    assert isinstance(flow.ended("r-child"), WorkflowCancelled)
    assert flow.held() == []
    assert not flow.state.flows.children.links
    assert not flow.state.flows.runs
    assert flow.ask("cancel_workflow") == []
    assert code(flow.ask("pause_workflow")) == "run_closed"


def test_a_paused_run_begins_nothing_until_it_goes_on():
    flow = Flow()
    flow.define({"id": "a"}, {"id": "b", **after("a")})
    flow.start()
    assert isinstance(flow.ask("pause_workflow", reason="lunch")[0].event, WorkflowPaused)
    assert flow.ask("pause_workflow") == []
    flow.finish()
    assert flow.done() == {"a": "completed"}
    assert flow.why("r").phase == "paused"
    flow.ask("resume_workflow")
    flow.finish()
    assert flow.done() == {"a": "completed", "b": "completed"}
