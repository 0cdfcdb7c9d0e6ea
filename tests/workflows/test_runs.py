"""What becomes of a run: order, conditions, wiring, versions, children, repetition."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.tasks import TaskSubmitted
from tests.rules.scenario import code, command, names, submit
from tests.workflows.flows import Flow, after, fails


def test_steps_go_in_order_and_outputs_become_inputs():
    flow = Flow(lambda task: {"n": (task["input"] or {"n": 0})["n"] + 1})
    flow.define(
        {"id": "a", "input": "${input}"},
        {"id": "b", "input": {"n": "${steps.a.output.n}"}, **after("a")},
        {"id": "c", "input": "${steps.b.output}", **after("b")},
        output={"all": "${steps.c.output.n}", "text": "from ${input.n}"},
    )
    flow.start(input={"n": 5})
    flow.finish()
    assert flow.output() == {"all": 8, "text": "from 5"}
    assert flow.order() == ["a", "b", "c"]


def test_a_steps_end_and_its_successors_start_are_one_commit():
    flow = Flow()
    flow.define({"id": "a"}, {"id": "b", **after("a")})
    flow.start()
    decided = flow.when(command("complete_task", attempt=1, output=1), by="worker", entity="r-a")
    assert names(decided) == ["task_started", "task_completed", "step_completed", "step_started", "task_submitted"]


def test_without_an_output_of_its_own_a_run_gives_those_of_its_last_steps():
    flow = Flow(lambda task: task["kind"])
    flow.define({"id": "a"}, {"id": "b", **after("a")}, {"id": "c", **after("a")})
    flow.start()
    flow.finish()
    assert flow.output() == {"b": "b", "c": "c"}


def test_the_events_of_a_step_are_always_as_many():
    flow = Flow()
    flow.define({"id": "a"}, {"id": "b", **after("a")})
    flow.start()
    flow.finish()
    assert names([emit for _, _, emit in flow.events]) == [
        *("workflow_defined", "workflow_started"),
        *("step_started", "task_submitted", "task_assigned", "task_started", "task_completed", "step_completed"),
        *("step_started", "task_submitted", "task_assigned", "task_started", "task_completed", "step_completed"),
        "workflow_completed",
    ]


def test_the_same_start_twice_is_one_run():
    flow = Flow()
    flow.define({"id": "a"})
    assert names(flow.start(input=1)) == ["workflow_started"]
    assert flow.start(input=1) == []
    assert code(flow.start(input=2)) == "run_exists"
    flow.finish()
    assert flow.start(input=1) == []
    assert code(flow.start(input=2)) == "run_exists"


def test_what_cannot_be_is_refused():
    flow = Flow()
    assert code(flow.start()) == "unknown_workflow"
    refused = flow.define({"id": "a", "when": "1 +"}, {"id": "a"})
    assert code(refused) == "bad_definition"
    assert [fault["path"] for fault in refused.details["faults"]] == [
        "$.definition.tasks[1].id",
        "$.definition.tasks[0].when",
    ]
    assert code(flow.define({"id": "a"}, id="w") and flow.start(version=7)) == "unknown_workflow"
    flow.define({"id": "a"}, id="v", input_schema={"type": "object"})
    assert code(flow.start(workflow="v", input=1)) == "input_does_not_fit"
    for name in ("cancel_workflow", "pause_workflow", "resume_workflow"):
        assert code(flow.ask(name, run="nobody")) == "unknown_run"


def test_a_definition_is_versioned_by_its_content():
    flow = Flow()
    assert names(flow.define({"id": "a"})) == ["workflow_defined"]
    assert flow.define({"id": "a", "type": None}) == []
    (again,) = flow.define({"id": "a"}, {"id": "b"})
    assert again.event.version == 2


def test_a_run_keeps_the_definition_that_it_began_with():
    flow = Flow(lambda task: task["kind"])
    flow.define({"id": "a"}, {"id": "b", **after("a")})
    flow.start()
    flow.define({"id": "a"}, {"id": "z", **after("a")})
    flow.finish()
    assert flow.output() == {"b": "b"}


def test_conditions_skip_and_what_depends_on_skipped_steps_alone_is_skipped():
    flow = Flow()
    flow.define(
        {"id": "a", "input": 1},
        {"id": "yes", "when": "steps.a.output == 1", **after("a")},
        {"id": "no", "when": "steps.a.output == 2", **after("a")},
        {"id": "behind", **after("no")},
        {"id": "both", "input": "${steps.no.state}", **after("yes", "no")},
    )
    flow.start()
    flow.finish()
    assert flow.done() == {
        "a": "completed",
        "yes": "completed",
        "no": "skipped",
        "behind": "skipped",
        "both": "completed",
    }
    assert flow.output() == {"both": "skipped"}


def test_a_child_workflow_gives_its_output_and_its_failure():
    flow = Flow(fails("bad"))
    flow.define(
        {"id": "a", "input": "${input}"}, {"id": "bad", "when": "input == 2", **after("a")}, id="v", output="${input}"
    )
    flow.define({"id": "c", "for_each": "input", "workflow": "v", "input": "${item}"})
    flow.start(input=[1, 3])
    flow.finish()
    assert flow.output() == {"c": [1, 3]}
    flow.start("s", input=[1, 2])
    flow.finish()
    assert flow.failure("s").step == "c"


def test_workflows_that_call_themselves_come_to_an_end():
    flow = Flow()
    flow.define({"id": "again", "workflow": "w"}, limits={"max_depth": 5})
    flow.start()
    assert flow.failure().code == "too_deep"
    assert len({e.entity for _, _, e in flow.events if type(e.event).__name__ == "WorkflowStarted"}) == 5
    flow.define({"id": "a", "workflow": "nobody"}, id="v")
    flow.start("s", "v")
    assert flow.failure("s").code == "unknown_workflow"


def test_a_run_is_repeated_from_where_it_failed_or_from_a_step():
    broken = {"b"}
    flow = Flow(lambda task: fails(*broken)(task))
    flow.define({"id": "a"}, {"id": "b", **after("a")}, {"id": "c", **after("b")}, {"id": "d"})
    flow.start()
    flow.do("r-d")
    flow.finish()
    assert flow.failure().step == "b"
    broken.clear()
    assert code(flow.rerun("r2", "nobody")) == "unknown_run"
    assert code(flow.rerun("r2", "r", step="nothing")) == "unknown_step"
    flow.rerun("r2", "r")
    flow.finish()
    assert flow.order()[-2:] == ["b", "c"]
    assert flow.output("r2") == {"c": "c", "d": "d"}
    flow.rerun("r3", "r2", step="c")
    flow.finish()
    assert flow.order()[-1:] == ["c"]
    assert flow.output("r3") == flow.output("r2")


def test_a_run_can_move_to_a_version_in_which_what_has_begun_is_as_it_was():
    flow = Flow(lambda task: task["kind"])
    flow.define({"id": "a"}, {"id": "b", **after("a")})
    flow.start()
    flow.define({"id": "a"}, {"id": "b", "kind": "b2", **after("a")}, {"id": "c", **after("b")})
    flow.define({"id": "a", "kind": "other"}, {"id": "b", **after("a")})
    refused = flow.ask("migrate_workflow", version=3)
    assert code(refused) == "cannot_migrate"
    assert refused.details["obstacles"] == ["a has begun, and is another in the version"]
    assert code(flow.ask("migrate_workflow", version=9)) == "unknown_workflow"
    assert names(flow.ask("migrate_workflow", version=2)) == ["workflow_migrated"]
    assert flow.ask("migrate_workflow", version=2) == []
    flow.finish()
    assert flow.output() == {"c": "c"}
    assert flow.order() == ["a", "b2", "c"]


@pytest.mark.parametrize(
    ("method", "value", "path"),
    [("all", {"a": 1, "b": 2, "c": 2}, ["a", "b", "c"]), ("best", 2, ["c"]), ("majority", 2, ["b", "c"])],
)
def test_results_are_combined(method: str, value: Any, path: list[str]):
    sure = {"a": 0.2, "b": 0.6, "c": 0.9}
    flow = Flow(lambda task: {"a": 1, "b": 2, "c": 2}[task["kind"]])
    confidence = " : ".join(f"step == '{step}' ? {share}" for step, share in sure.items()) + " : 0.0"
    synthesis = {"method": method, "confidence": confidence}
    flow.define({"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "s", "synthesis": synthesis, **after("a", "b", "c")})
    flow.start()
    flow.finish()
    result = flow.output()["s"]
    assert (result["value"], result["path"]) == (value, path)
    assert result["confidence"] == {"all": 0.2, "best": 0.9, "majority": 2 / 3}[method]


def test_the_first_result_is_enough():
    flow = Flow(lambda task: task["kind"])
    flow.define({"id": "a"}, {"id": "b"}, {"id": "s", "synthesis": {"method": "first"}, **after("a", "b")})
    flow.start()
    flow.do("r-b")
    assert flow.done() == {"b": "completed", "s": "completed"}
    flow.finish()
    assert flow.output()["s"]["path"] == ["b"]
    assert list(flow.done().values()).count("completed") == 3


def test_the_longest_way_to_the_end_goes_first():
    flow = Flow(slots=1)
    flow.define(
        {"id": "short", "estimated_duration": 1},
        {"id": "long", "estimated_duration": 5},
        {"id": "chain", "estimated_duration": 1},
        {"id": "end", "estimated_duration": 9, **after("chain")},
    )
    flow.start()
    flow.finish()
    assert flow.order() == ["chain", "end", "long", "short"]


def test_a_task_of_somebody_elses_with_the_name_of_a_step_does_no_harm():
    flow = Flow(lambda task: task["kind"])
    flow.when(submit(skills=["nobody"]), entity="r-a")
    flow.define({"id": "a"})
    flow.start()
    flow.finish()
    assert flow.output() == {"a": "a"}


def test_a_task_that_somebody_cancels_fails_its_step():
    flow = Flow()
    flow.define({"id": "a"})
    flow.start()
    flow.ask("cancel_task", run="r-a", reason="no")
    assert (flow.failure().code, flow.failure().message) == ("cancelled", "its task was cancelled: no")


def test_a_state_from_the_log_or_a_dump_goes_on_alike():
    flow = Flow(lambda task: task["input"], slots=2)
    flow.define(
        {"id": "a", "for_each": "[1, 2, 3]", "input": "${item}"},
        {"id": "w", "wait_for": "go"},
        {"id": "b", "until": "iteration == 3", "input": "${iteration}", **after("a")},
        {"id": "c", "approve": {"roles": ["r"]}, **after("b", "w")},
        roles={"r": ["ann"]},
    )
    flow.start()
    flow.ask("signal_workflow", signal="other", payload=[1])
    while True:
        assert flow.replayed().dump() == flow.dump()
        again = flow.decider.load(flow.dump())
        assert flow.decider.dump(again) == flow.dump()
        held = flow.held()
        if not held:
            break
        flow.state = again
        flow.agent("worker", skills={"any": 1.0, "other": 1.0}, slots=2)
        flow.reacts()
        flow.do(held[0])
    flow.ask("signal_workflow", signal="go")
    flow.ask("approve_step", by="ann", step="c")
    assert flow.output() == {"c": {"approved": [{"by": "ann", "comment": None}]}}


def test_a_crash_between_a_steps_start_and_its_task_is_made_good():
    flow = Flow()
    flow.define({"id": "a", "input": 7})
    flow.start()
    torn = flow.replayed()
    place = next(n for n, (_, _, emit) in enumerate(flow.events) if isinstance(emit.event, TaskSubmitted))
    torn.events = flow.events[:place]
    torn = torn.replayed()
    assert torn.decider.due(torn.state) == 0.0
    submitted = torn.reacts()
    assert names(submitted) == ["task_submitted"]
    assert submitted[0].event == flow.events[place][2].event
    assert (submitted[0].actor, submitted[0].parent) == ("ops", "r")
