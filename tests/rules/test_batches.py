"""Many tasks, or many reports, in one command."""

from __future__ import annotations

from podium.contracts.tasks import ReportRefused, TaskCompleted
from tests.rules.scenario import RouterScenario, code, command, event_of, names, router, submit

BODY = {"kind": "k", "skills": ["echo"]}


def batch(*tasks):
    return command("submit_tasks", tasks=[{"task_id": name, "task": {**BODY, **spec}} for name, spec in tasks])


def reports(*given):
    return command("report_tasks", reports=[{"task_id": task, "report": report} for task, report in given])


def say(name, attempt=1, **body):
    return {"command": name, "attempt": attempt, **body}


def with_two_tasks() -> RouterScenario:
    scenario = router().agent("a1", slots=9)
    scenario.asked(batch(("t1", {}), ("t2", {})), entity="b")
    return scenario


def test_a_batch_is_submitted_as_a_whole():
    scenario = router()
    both = batch(("t1", {}), ("t2", {"input": 2}))
    emits = scenario.when(both, entity="b")
    assert [(emit.entity, name) for emit, name in zip(emits, names(emits), strict=True)] == [
        ("t1", "task_submitted"),
        ("t2", "task_submitted"),
    ]
    assert scenario.when(both, entity="b") == []


def test_what_is_there_already_is_passed_over():
    scenario = router()
    scenario.asked(submit())
    emits = scenario.when(batch(("t1", {}), ("t2", {})), entity="b")
    assert [emit.entity for emit in emits] == ["t2"]


def test_one_fault_refuses_the_whole_batch():
    scenario = router()
    outcome = scenario.when(batch(("t1", {}), ("t2", {"deadline": 5})), entity="b")
    assert code(outcome) == "deadline_in_the_past"
    assert outcome.details["path"] == "$.tasks[1].task.deadline"
    assert scenario.events == []


def test_another_task_of_the_same_name_refuses_the_batch():
    scenario = router()
    scenario.asked(submit())
    outcome = scenario.when(batch(("t2", {}), ("t1", {"input": 2})), entity="b")
    assert code(outcome) == "task_exists"
    assert outcome.details == {"path": "$.tasks[1].task", "task_id": "t1"}


def test_a_batch_may_repeat_itself_but_not_contradict():
    scenario = router()
    assert code(scenario.when(batch(("t1", {}), ("t1", {"input": 1})), entity="b")) == "task_exists"
    assert names(scenario.when(batch(("t1", {}), ("t1", {})), entity="b")) == ["task_submitted"]


def test_reports_are_judged_one_after_the_other():
    scenario = with_two_tasks()
    both = reports(("t1", say("start_task")), ("t1", say("complete_task", output=1)), ("t2", say("start_task")))
    emits = scenario.when(both, by="a1", entity="a1")
    assert names(emits) == ["task_started", "task_completed", "task_started"]
    assert scenario.when(reports(("t2", say("start_task"))), by="a1", entity="a1") == []


def test_a_refused_report_does_not_touch_the_others():
    scenario = with_two_tasks()
    given = reports(
        ("t1", say("start_task", attempt=7)),
        ("nowhere", say("fail_task", code="c")),
        ("t2", say("complete_task")),
    )
    emits = scenario.when(given, by="a1", entity="a1")
    assert [emit.entity for emit in emits] == ["t1", "nowhere", "t2", "t2"]
    assert names(emits) == ["report_refused", "report_refused", "task_started", "task_completed"]
    first, second = (emit.event for emit in emits[:2])
    assert isinstance(first, ReportRefused)
    assert isinstance(second, ReportRefused)
    assert (first.agent, first.attempt, first.report, first.code) == ("a1", 7, "start_task", "not_your_task")
    assert (second.report, second.code) == ("fail_task", "unknown_task")
    assert event_of(emits, TaskCompleted).attempt == 1


def test_a_late_report_is_kept_as_refused():
    scenario = with_two_tasks()
    scenario.asked(command("pause_task"))
    emits = scenario.when(reports(("t1", say("complete_task"))), by="a1", entity="a1")
    assert event_of(emits, ReportRefused).code == "stale_attempt"


def test_nobody_sends_the_reports_of_another():
    assert code(with_two_tasks().when(reports(("t1", say("start_task"))), by="a2", entity="a1")) == "not_your_task"
