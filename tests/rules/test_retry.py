"""When the next attempt comes, and who gets it."""

from __future__ import annotations

import pytest

from podium.contracts.tasks import AttemptFailed, Retry
from podium.router.retry import retry_delay
from tests.rules.scenario import START, agents_of, command, decision_of, event_of, names, router, submit


def delays(retry: Retry, count: int = 6, seed: int = 0, task: str = "t1"):
    return [retry_delay(retry, failures, seed, task) for failures in range(1, count + 1)]


def test_a_fixed_delay_stays_and_attempts_run_out():
    assert delays(Retry(3, "fixed", 2.0, jitter=0)) == [2, 2, None, None, None, None]


def test_an_exponential_delay_doubles_up_to_its_limit():
    assert delays(Retry(10, "exponential", 1.0, 10.0, jitter=0)) == [1, 2, 4, 8, 10, 10]


def test_even_the_thousandth_delay_is_a_number():
    assert retry_delay(Retry(1000, "exponential", 1e300, 60.0, jitter=0), 999, 0, "t1") == 60


def test_jitter_stays_within_its_share_and_differs_between_tasks_attempts_and_seeds():
    retry = Retry(1000, "fixed", 10.0, jitter=0.2)
    spread = [retry_delay(retry, 1, 0, f"t{number}") or 0 for number in range(1000)]
    assert all(8 <= delay <= 12 for delay in spread)
    assert min(spread) < 8.1
    assert max(spread) > 11.9
    assert sum(spread) / 1000 == pytest.approx(10, abs=0.2)
    assert len(set(delays(retry))) == 6
    assert delays(retry) != delays(retry, seed=1)
    assert delays(retry) == delays(retry)


def test_a_retry_prefers_who_has_not_failed_it():
    scenario = router().agent("a1", skills={"echo": 1.0}).agent("a2", skills={"echo": 0.1})
    assert agents_of(scenario.asked(submit(retry={"delay": 0, "max_attempts": 9}))) == ["a1"]
    emits = scenario.asked(command("fail_task", attempt=1, code="c"), by="a1")
    assert agents_of(emits) == ["a2"]
    decision = decision_of(emits)
    assert decision.ruled_out == {"failed an earlier attempt": 1}
    assert decision.risks == ["no track record yet", "attempt 2: a1 failed before"]
    emits = scenario.asked(command("fail_task", attempt=2, code="c"), by="a2")
    assert agents_of(emits) == ["a1"], "both have failed it, so the better one has it again"
    assert decision_of(emits).risks[-1] == "attempt 3: a1, a2 failed before"


def test_a_retry_goes_to_who_failed_it_if_nobody_else_is_free():
    scenario = router("a1")
    scenario.asked(submit(retry={"delay": 0}))
    emits = scenario.asked(command("fail_task", attempt=1, code="c"), by="a1")
    assert names(emits) == ["attempt_failed", "task_assigned"]
    assert agents_of(emits) == ["a1"]


def test_a_retry_keeps_its_place_in_the_queue():
    scenario = router("a1")
    scenario.asked(submit(retry={"delay": 0}))
    scenario.asked(submit(), entity="t2")
    emits = scenario.asked(command("fail_task", attempt=1, code="c"), by="a1")
    assert emits[-1].entity == "t1"


def test_a_delay_ends_by_itself():
    scenario = router("a1")
    scenario.asked(submit(retry={"delay": 4, "jitter": 0}))
    emits = scenario.asked(command("fail_task", attempt=1, code="c"), by="a1")
    assert event_of(emits, AttemptFailed).retry_at == START + 4
    assert scenario.decider.due(scenario.state) == START + 4
    assert scenario.after(3.999) == []
    assert agents_of(scenario.after(0.001)) == ["a1"]
