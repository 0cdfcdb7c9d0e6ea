"""What becomes of single steps: failures, fallbacks, lists, loops, limits, results that are used again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from podium.contracts.tasks import TaskSubmitted
from tests.workflows.flows import Broken, Flow, after, fails


def test_a_failure_ends_the_run_and_stops_what_has_begun():
    flow = Flow(fails("bad"))
    flow.define({"id": "bad"}, {"id": "long"}, {"id": "later", **after("bad")})
    flow.start()
    assert sorted(flow.held()) == ["r-bad", "r-long"]
    flow.do("r-bad")
    assert flow.held() == []
    failure = flow.failure()
    assert (failure.code, failure.step) == ("no_luck", "bad")
    assert "later" not in flow.done()


def test_a_failure_that_is_allowed_does_not():
    flow = Flow(fails("bad"))
    flow.define(
        {"id": "bad", "on_failure": "continue"},
        {"id": "then", "when": "steps.bad.state == 'failed' && steps.bad.error.code == 'no_luck'", **after("bad")},
    )
    flow.start()
    flow.finish()
    assert flow.output() == {"then": "then"}


@pytest.mark.parametrize(
    ("fallback", "output"),
    [
        ({"output": {"sorry": "${error.code}"}}, {"sorry": "no_luck"}),
        ({"skills": ["other"], "kind": "plan-b"}, "plan-b"),
    ],
)
def test_a_fallback_takes_the_place_of_what_failed(fallback: Any, output: Any):
    flow = Flow(fails("bad"))
    flow.define({"id": "bad", "fallback": fallback})
    flow.start()
    flow.finish()
    assert flow.output() == {"bad": output}


def test_a_fallback_that_fails_is_a_failure():
    flow = Flow(fails("bad", "worse"))
    flow.define({"id": "bad", "fallback": {"kind": "worse"}})
    flow.start()
    flow.finish()
    assert flow.failure().step == "bad"


def test_a_bad_expression_fails_the_step():
    flow = Flow()
    flow.define({"id": "a"}, {"id": "b", "input": "${steps.a.output.x}", **after("a")})
    flow.start()
    flow.finish()
    assert (flow.failure().code, flow.failure().step) == ("bad_expression", "b")


def test_schemas_hold_of_inputs_and_of_the_runs_output():
    flow = Flow()
    flow.define({"id": "a", "input": "${input}", "input_schema": {"type": "string"}})
    flow.start(input=1)
    assert flow.failure().code == "input_does_not_fit"
    flow.define({"id": "a"}, id="v", output=1, output_schema={"type": "string"})
    flow.start("s", "v")
    flow.finish()
    assert flow.failure("s").code == "output_does_not_fit"


def test_what_was_done_is_undone_in_reverse_and_once():
    flow = Flow(fails("d"))
    undo = {"compensate": {"kind": "undo", "input": "${output}"}}
    flow.define(
        {"id": "a", **undo}, {"id": "b", **undo, **after("a")}, {"id": "c", **after("b")}, {"id": "d", **after("c")}
    )
    flow.start()
    flow.finish()
    assert flow.failure().undone == ["b", "a"]
    submitted = [emit.event for _, _, emit in flow.events if isinstance(emit.event, TaskSubmitted)]
    assert [json.loads(bytes(task.input)) for task in submitted if task.kind == "undo"] == ["b", "a"]


def test_a_list_is_worked_on_element_by_element_and_its_outputs_keep_their_order():
    flow = Flow(lambda task: task["input"] * 10, slots=8)
    flow.define(
        {"id": "a", "for_each": "input", "input": "${item + index}", "concurrency": 3}, {"id": "b", **after("a")}
    )
    flow.start(input=[5, 6, 7, 8, 9])
    assert len(flow.held()) == 3
    while held := flow.held():
        flow.do(held[-1])
        if "r-b" in flow.held():
            break
    completed = [event for event in flow.of_run() if getattr(event, "step", "") == "a"][-1]
    assert json.loads(bytes(completed.output)) == [50, 70, 90, 110, 130]


def test_an_empty_list_is_done_at_once():
    flow = Flow()
    flow.define({"id": "a", "for_each": "[]"})
    flow.start()
    assert flow.output() == {"a": []}


def test_an_element_that_fails_fails_the_step_and_stops_the_others():
    def work(task: dict[str, Any]) -> Any:
        if task["input"] == 2:
            raise Broken
        return task["input"]

    flow = Flow(work)
    flow.define({"id": "a", "for_each": "[1, 2, 3]", "input": "${item}"})
    flow.start()
    flow.do("r-a-1")
    assert flow.failure().step == "a"
    assert flow.held() == []


def test_a_loop_goes_on_until_its_condition_holds():
    flow = Flow(lambda task: (task["input"]["last"] or 0) + task["input"]["round"])
    flow.define(
        {"id": "a", "until": "output >= 10", "input": {"last": "${last}", "round": "${iteration}"}, "max_iterations": 9}
    )
    flow.start()
    flow.finish()
    assert flow.output() == {"a": 10}
    assert len(flow.order()) == 4


def test_a_loop_that_never_gets_there_fails_and_one_that_only_counts_is_done():
    flow = Flow(lambda task: 1)
    flow.define({"id": "a", "until": "output == 2", "max_iterations": 3})
    flow.start()
    flow.finish()
    assert flow.failure().code == "max_iterations"
    flow.define({"id": "a", "max_iterations": 3}, id="v")
    flow.start("s", "v")
    flow.finish()
    assert flow.output("s") == {"a": 1}
    assert len(flow.order()) == 6


def test_a_run_may_not_begin_more_tasks_than_its_limit():
    flow = Flow()
    flow.define({"id": "a", "for_each": "[1, 2, 3, 4]"}, limits={"max_tasks": 3})
    flow.start()
    flow.finish()
    assert flow.failure().code == "too_many_tasks"


def test_the_same_work_is_done_once_while_its_result_is_young():
    flow = Flow(lambda task: flow.now)
    flow.define({"id": "a", "input": "${input}", "cache": {"max_age": 60}})
    flow.start("r1", input=1)
    flow.finish()
    flow.now += 50
    flow.start("r2", input=1)
    flow.start("r3", input=2)
    flow.finish()
    assert flow.output("r1") == flow.output("r2") != flow.output("r3")
    flow.now += 50
    flow.start("r4", input=1)
    flow.finish()
    assert flow.output("r4") == {"a": flow.now}
    assert len(flow.order()) == 3
