"""One task from submission to its end; every command is asked twice."""

from __future__ import annotations

import pytest
from msgspec import Raw

from podium.contracts.catalogue import COMMANDS
from podium.contracts.outcomes import Refused
from podium.contracts.tasks import (
    AttemptFailed,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskResumed,
    TaskStarted,
)
from podium.kernel.decider import Emit
from tests.rules.scenario import (
    START,
    SUBMITTED,
    RouterScenario,
    agents_of,
    assigned,
    code,
    command,
    event_of,
    names,
    router,
    started,
    submit,
    timed_out,
)

BEGIN = command("start_task", attempt=1)
COMPLETE = command("complete_task", attempt=1, output={"ok": True})
FAIL = command("fail_task", attempt=1, code="bad_luck", message="it rained")
ONCE = {"retry": {"max_attempts": 1}}


def with_assigned(**spec) -> RouterScenario:
    scenario = router("a1")
    scenario.asked(submit(**spec))
    return scenario


def with_running(**spec) -> RouterScenario:
    scenario = with_assigned(**spec)
    scenario.asked(BEGIN, by="a1")
    return scenario


# submit


def test_a_submitted_task_goes_to_an_able_agent():
    emits = router("a1").asked(submit(input={"x": 1}))
    assert names(emits) == ["task_submitted", "task_assigned"]
    event = event_of(emits, TaskAssigned)
    assert emits[-1].audience == "a1"
    assert (event.agent, event.attempt, event.kind, event.skills) == ("a1", 1, "k", ["echo"])
    assert bytes(event.input) == b'{"x":1}'
    assert (event.start_by, event.finish_within) == (START + 30, 3600)


def test_the_same_task_may_be_submitted_again():
    scenario = with_running(input={"x": 1}, metadata={"a": 1, "b": 2})
    assert scenario.when(submit(input={"x": 1}, metadata={"b": 2, "a": 1})) == []
    scenario.asked(COMPLETE, by="a1")
    assert scenario.when(submit(input={"x": 1}, metadata={"b": 2, "a": 1})) == []


def test_what_is_said_as_it_is_anyway_makes_no_difference():
    again = submit(priority=5, constraints={"min_level": 0}, retry={"max_attempts": 3, "jitter": 0.1}, resources={})
    assert with_assigned().when(again) == []


@pytest.mark.parametrize(
    "other", [{"input": 2}, {"priority": 6}, {"kind": "l"}, {"metadata": {"a": 1}}, {"skills": []}]
)
def test_another_task_of_the_same_name_is_refused(other):
    scenario = with_assigned()
    assert code(scenario.when(submit(**other))) == "task_exists"
    scenario.asked(COMPLETE, by="a1")
    assert code(scenario.when(submit(**other))) == "task_exists"


def test_a_deadline_must_be_to_come():
    outcome = router("a1").when(submit(deadline=START))
    assert code(outcome) == "deadline_in_the_past"
    assert isinstance(outcome, Refused)
    assert outcome.details["path"] == "$.deadline"


def test_nothing_of_a_message_is_kept():
    body = bytearray(b'{"kind":"k","input":[1,2,3]}')
    scenario = router("a1")
    scenario.asked(type(submit())(kind="k", skills=["echo"], input=Raw(memoryview(body)[20:27])))
    body[:] = b"x" * len(body)
    assert scenario.state.book.tasks["t1"].job.input == b"[1,2,3]"


def test_there_is_a_rule_for_every_command():
    assert set(router().decider._decisions) == set(COMMANDS["router"].values())


# start, complete, fail


def test_an_agent_starts_its_task():
    scenario = with_assigned()
    assert scenario.when(BEGIN, by="a1") == [Emit("t1", TaskStarted("a1", 1, START + 3600))]
    assert scenario.when(BEGIN, by="a1") == []


def test_an_agent_completes_its_task():
    scenario = with_running()
    scenario.now += 2.5
    (emit,) = scenario.when(COMPLETE, by="a1")
    assert emit == Emit("t1", TaskCompleted("a1", 1, emit.event.output, 2.5, "k", 4))
    assert bytes(emit.event.output) == b'{"ok":true}'
    assert scenario.when(COMPLETE, by="a1") == []


def test_who_forgot_to_start_does_not_lose_its_work():
    scenario = with_assigned()
    scenario.now += 2
    emits = scenario.when(COMPLETE, by="a1")
    assert names(emits) == ["task_started", "task_completed"]
    assert event_of(emits, TaskCompleted).duration == 2
    assert scenario.when(COMPLETE, by="a1") == []


@pytest.mark.parametrize("scene", [with_assigned, with_running])
def test_a_failed_attempt_is_followed_by_another(scene):
    scenario = scene(retry={"delay": 5, "jitter": 0})
    assert scenario.when(FAIL, by="a1") == [
        Emit("t1", AttemptFailed("a1", 1, "bad_luck", "it rained", START + 5, "k", 4))
    ]
    assert scenario.when(FAIL, by="a1") == []
    assert scenario.after(4.9) == []
    emits = scenario.after(0.1)
    assert event_of(emits, TaskAssigned).attempt == 2


def test_a_task_whose_last_attempt_failed_has_failed():
    scenario = with_running(**ONCE)
    assert scenario.when(FAIL, by="a1") == [
        Emit("t1", AttemptFailed("a1", 1, "bad_luck", "it rained", None, "k", 4)),
        Emit("t1", TaskFailed("bad_luck", "it rained", 1, "a1")),
    ]
    assert scenario.when(FAIL, by="a1") == []


def test_what_cannot_be_retried_fails_at_once():
    final = command("fail_task", attempt=1, code="no_such_file", retryable=False)
    assert names(with_running().when(final, by="a1")) == ["attempt_failed", "task_failed"]


# reports that do not count


@pytest.mark.parametrize("report", [BEGIN, COMPLETE, FAIL])
def test_nobody_reports_for_another(report):
    assert code(with_running().when(report, by="a2")) == "not_your_task"
    assert code(with_running().when(report, by="ops")) == "not_your_task"


@pytest.mark.parametrize("report", [BEGIN, COMPLETE, FAIL])
def test_a_report_on_what_was_never_given_is_refused(report):
    scenario = router()
    assert code(scenario.when(report, by="a1")) == "unknown_task"
    scenario.asked(submit())
    assert code(scenario.when(report, by="a1")) == "not_your_task"


@pytest.mark.parametrize("name", ["start_task", "complete_task", "fail_task"])
def test_an_attempt_to_come_cannot_be_reported(name):
    body = {"code": "c"} if name == "fail_task" else {}
    assert code(with_running().when(command(name, attempt=2, **body), by="a1")) == "not_your_task"


@pytest.mark.parametrize("report", [BEGIN, COMPLETE, FAIL])
def test_a_late_attempt_cannot_report_on_a_task_that_moved_on(report):
    history = [SUBMITTED, assigned("a1", 1), timed_out("a1", 1), assigned("a2", 2), started("a2", 2)]
    assert code(router().given(*history).when(report, by="a1")) == "stale_attempt"


@pytest.mark.parametrize("report", [BEGIN, COMPLETE, FAIL])
@pytest.mark.parametrize(
    "end",
    [timed_out("a1", 1), TaskPaused(None, "a1", 1), TaskCancelled(None, "a1", 1)],
    ids=["timed out", "paused", "cancelled"],
)
def test_an_attempt_that_is_over_cannot_be_reported(report, end):
    scenario = router().given(SUBMITTED, assigned("a1", 1), end)
    assert code(scenario.when(report, by="a1")) == "stale_attempt"
    assert code(scenario.when(report, by="a2")) == "not_your_task"


def test_an_attempt_has_one_end():
    scenario = with_running()
    scenario.asked(COMPLETE, by="a1")
    assert code(scenario.when(FAIL, by="a1")) == "stale_attempt"
    assert code(scenario.when(BEGIN, by="a1")) == "stale_attempt"
    assert code(scenario.when(COMPLETE, by="a2")) == "not_your_task"
    scenario = with_running()
    scenario.when(FAIL, by="a1")
    assert code(scenario.when(COMPLETE, by="a1")) == "stale_attempt"
    assert code(scenario.when(command("fail_task", attempt=1, code="other"), by="a1")) == "stale_attempt"


# cancel, pause, resume


def test_a_waiting_task_is_cancelled():
    scenario = router()
    scenario.asked(submit())
    cancel = command("cancel_task", reason="no need")
    assert scenario.when(cancel) == [Emit("t1", TaskCancelled("no need"))]
    assert scenario.when(cancel) == []


@pytest.mark.parametrize("scene", [with_assigned, with_running])
def test_who_holds_a_cancelled_task_is_told(scene):
    scenario = scene()
    assert scenario.when(command("cancel_task")) == [Emit("t1", TaskCancelled(None, "a1", 1), "a1")]
    assert scenario.when(command("cancel_task")) == []


@pytest.mark.parametrize("name", ["cancel_task", "pause_task", "resume_task"])
@pytest.mark.parametrize("end", [COMPLETE, FAIL])
def test_what_is_over_stays_over(name, end):
    scenario = with_running(**ONCE)
    scenario.asked(end, by="a1")
    assert code(scenario.when(command(name))) == "task_closed"


@pytest.mark.parametrize("name", ["pause_task", "resume_task"])
def test_what_was_cancelled_stays_cancelled(name):
    assert code(router().given(SUBMITTED, TaskCancelled()).when(command(name))) == "task_closed"


@pytest.mark.parametrize("name", ["cancel_task", "pause_task", "resume_task"])
def test_what_is_not_there_cannot_be_changed(name):
    assert code(router().when(command(name))) == "unknown_task"


def test_a_paused_task_waits_until_it_is_resumed():
    scenario = router()
    scenario.asked(submit())
    assert scenario.when(command("pause_task", reason="later")) == [Emit("t1", TaskPaused("later"))]
    assert scenario.when(command("pause_task", reason="later")) == []
    scenario.agent("a1")
    assert scenario.reacts() == []
    assert scenario.when(command("resume_task", reason="now")) == [Emit("t1", TaskResumed("now"))]
    assert scenario.when(command("resume_task", reason="now")) == []
    assert agents_of(scenario.reacts()) == ["a1"]


@pytest.mark.parametrize("scene", [with_assigned, with_running])
def test_a_pause_takes_the_attempt_back_and_does_not_count_as_failure(scene):
    scenario = scene(**ONCE)
    assert scenario.when(command("pause_task")) == [Emit("t1", TaskPaused(None, "a1", 1), "a1")]
    emits = scenario.asked(command("resume_task"))
    assert names(emits) == ["task_resumed", "task_assigned"]
    assert event_of(emits, TaskAssigned).attempt == 2
    assert names(scenario.asked(command("complete_task", attempt=2), by="a1")) == ["task_started", "task_completed"]


def test_a_pause_does_not_shorten_a_delay():
    scenario = with_running(retry={"delay": 10, "jitter": 0})
    scenario.asked(FAIL, by="a1")
    scenario.asked(command("pause_task"))
    assert names(scenario.asked(command("resume_task"))) == ["task_resumed"]
    assert scenario.after(9.9) == []
    assert agents_of(scenario.after(0.1)) == ["a1"]


def test_a_task_that_is_not_paused_is_resumed_already():
    assert with_running().when(command("resume_task")) == []
