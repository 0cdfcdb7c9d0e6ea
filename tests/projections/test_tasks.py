"""What a task's events make of its rows. Pure."""

from __future__ import annotations

from podium.contracts.envelope import CommandRefused
from podium.contracts.subjects import Subjects
from podium.contracts.tasks import ReportRefused, TaskCancelled, TaskFailed, TaskPaused, TaskResumed
from podium.projections.received import Decoder
from podium.projections.tasks import Fold, Task
from tests.projections.feed import (
    BEGAN,
    Event,
    Feed,
    assigned,
    attempt_failed,
    completed,
    life,
    started,
    submitted,
)

SUBJECTS = Subjects()


def fold(*events: Event, known: dict[str, Task] | None = None) -> Fold:
    made = Fold(known or {})
    made.add(Decoder("router", SUBJECTS).decode(Feed("router", SUBJECTS).messages(events)))
    return made


def at(number: int) -> float:
    """The time of the n-th event."""
    return BEGAN.timestamp() + number / 1000


def phases(made: Fold) -> dict[tuple[str, str], int]:
    """What changes in the numbers of tasks."""
    return {key: change for key, change in made.phases.items() if change}


def test_a_submitted_task_is_queued():
    task = fold(submitted("t", kind="parse", skills=["a", "b"], actor="me", priority=7)).submitted["t"]
    assert (task.sequence, task.kind, task.skills, task.principal, task.priority) == (1, "parse", '["a","b"]', "me", 7)
    assert (task.phase, task.attempt, task.agent) == ("queued", 0, None)
    assert task.submitted_at == task.updated_at == at(1)


def test_each_skill_is_indexed_once():
    made = fold(submitted("t", skills=["a", "b", "a"]))
    assert made.skills == [("a", at(1), 1), ("b", at(1), 1)]


def test_a_whole_life():
    made = fold(*life("t", "a1"))
    task, attempt = made.submitted["t"], made.assigned[1, 1]
    assert (task.phase, task.agent, task.attempt, task.assigned, task.closed) == ("completed", "a1", 1, 2, 4)
    assert (attempt.assigned_at, attempt.started_at, attempt.ended_at) == (at(2), at(3), at(4))
    assert attempt.outcome == "completed"
    tally = made.agents["a1"]
    assert (tally.open, tally.completed, tally.failed, tally.microseconds) == (0, 1, 0, 250_000)
    assert phases(made) == {("echo", "completed"): 1}


def test_a_failed_attempt_delays_the_task_and_the_next_one_starts_afresh():
    made = fold(submitted("t"), assigned("t", "a1"), started("t", "a1"), attempt_failed("t", "a1", retry_at=5.0))
    task = made.submitted["t"]
    assert (task.phase, task.code) == ("delayed", "broken")
    assert (made.assigned[1, 1].outcome, made.agents["a1"].failed, made.agents["a1"].open) == ("failed", 1, 0)

    made = fold(
        submitted("t"), assigned("t", "a1"), attempt_failed("t", "a1", retry_at=5.0), assigned("t", "a2", attempt=2)
    )
    task = made.submitted["t"]
    assert (task.phase, task.agent, task.attempt, task.code) == ("assigned", "a2", 2, None)


def test_a_failed_task_says_why():
    task = fold(submitted("t"), Event("t", TaskFailed("deadline_exceeded", "too late"))).submitted["t"]
    assert (task.phase, task.code, task.message, task.closed) == ("failed", "deadline_exceeded", "too late", 2)


def test_a_task_that_fails_takes_the_attempt_in_hand_with_it():
    made = fold(submitted("t"), assigned("t", "a1"), Event("t", TaskFailed("deadline_exceeded")))
    assert (made.assigned[1, 1].outcome, made.assigned[1, 1].code) == ("failed", "deadline_exceeded")
    assert made.agents["a1"].failed == 1


def test_an_attempt_that_failed_before_its_task_counts_once():
    made = fold(submitted("t"), assigned("t", "a1"), attempt_failed("t", "a1"), Event("t", TaskFailed("broken")))
    assert made.agents["a1"].failed == 1
    assert made.assigned[1, 1].ended_at == at(3)


def test_a_cancelled_task_ends_its_attempt():
    made = fold(submitted("t"), assigned("t", "a1"), Event("t", TaskCancelled("no need", "a1", 1)))
    assert (made.submitted["t"].phase, made.submitted["t"].message) == ("cancelled", "no need")
    assert (made.assigned[1, 1].outcome, made.agents["a1"].open) == ("cancelled", 0)


def test_a_pause_withdraws_the_attempt_and_a_resumption_queues_the_task():
    made = fold(submitted("t"), assigned("t", "a1"), Event("t", TaskPaused("lunch", "a1", 1)))
    assert (made.submitted["t"].phase, made.submitted["t"].message) == ("paused", "lunch")
    assert (made.assigned[1, 1].outcome, made.agents["a1"].failed) == ("withdrawn", 0)
    made = fold(submitted("t"), Event("t", TaskPaused("lunch")), Event("t", TaskResumed()))
    assert (made.submitted["t"].phase, made.submitted["t"].message) == ("queued", None)


def test_refusals_change_no_phase():
    made = fold(
        submitted("t"),
        Event("t", CommandRefused("c", "start_task", "stale_attempt", "no")),
        Event("t", ReportRefused("a1", 1, "start_task", "stale_attempt", "no")),
    )
    assert made.submitted["t"].phase == "queued"


def test_a_known_task_changes_and_its_attempt_gets_only_what_is_new():
    known = fold(submitted("t"), assigned("t", "a1")).submitted
    made = fold(started("t", "a1"), completed("t", "a1"), known=known)
    assert not made.submitted
    assert made.changed["t"].phase == "completed"
    assert phases(made) == {("echo", "assigned"): -1, ("echo", "completed"): 1}
    attempt = made.reported[1, 1]
    assert (attempt.started_at, attempt.ended_at, attempt.outcome) == (at(1), at(2), "completed")


def test_what_the_rules_do_not_allow_is_passed_over():
    made = fold(
        started("unknown", "a1"),
        submitted("t"),
        submitted("t", kind="other"),
        started("t", "a1"),
        assigned("t", "a1", attempt=2),
        assigned("t", "a2", attempt=2),
        completed("t", "a1", attempt=1),
        completed("t", "a1", attempt=2),
        started("t", "a1", attempt=2),
        Event("t", TaskResumed()),
    )
    task = made.submitted["t"]
    assert (task.kind, task.phase, task.agent, task.attempt) == ("echo", "completed", "a1", 2)
    assert list(made.assigned) == [(2, 2)]
    assert made.agents.keys() == {"a1"}


def test_the_name_of_a_closed_task_may_become_that_of_a_new_one():
    known = fold(*life("t", "a1")).submitted
    made = fold(Event("x", TaskFailed("no")), submitted("t", kind="parse"), assigned("t", "a2"), known=known)
    assert [task.sequence for task in made.replaced] == [1]
    task = made.submitted["t"]
    assert (task.sequence, task.kind, task.phase, task.agent, task.attempt) == (2, "parse", "assigned", "a2", 1)
    assert phases(made) == {("echo", "completed"): -1, ("parse", "assigned"): 1}


def test_a_task_that_is_not_closed_keeps_its_name():
    made = fold(submitted("t"), submitted("t", kind="other"))
    assert made.submitted["t"].kind == "echo"
    assert not made.replaced


def test_text_that_no_database_takes_is_made_plain():
    task = fold(submitted("t"), Event("t", TaskFailed("a\0b", "c\0d"))).submitted["t"]
    assert (task.code, task.message) == ("a�b", "c�d")
