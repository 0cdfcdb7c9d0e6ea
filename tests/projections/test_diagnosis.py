"""What holds work up: the rules over samples, and the query over real rows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from podium.contracts.diagnosis_queries import Finding, Need
from podium.contracts.health import AgentLost, AgentStalled
from podium.contracts.health_queries import AgentHealthRow, HoldRow
from podium.contracts.recovery import Charge, HoldPlaced
from podium.contracts.tasks import TaskFailed
from podium.projections.diagnosis import Ended, Try, findings, slow_agents, stages_of, times_of
from tests.projections.feed import Event, assigned, attempt_failed, completed, life, registered, started, submitted
from tests.projections.running import Running

in_session = pytest.mark.asyncio(loop_scope="session")


def ended(*tries: tuple[str, float, float | None], kind: str = "k", at: float = 10.0, code: str | None = None) -> Ended:
    """A task that was submitted at 0."""
    return Ended(kind, code is None, code, 0.0, at, [Try(*each) for each in tries])


def need(*skills: str, **fields: Any) -> Need:
    given = {"waiting": 3, "oldest": 5.0, "agents": 2, "slots": 4, "free": 0} | fields
    return msgspec.convert({"skills": skills} | given, Need)


def held(name: str, scope: Any, cause: Any = "maintenance") -> HoldRow:
    return HoldRow(name, scope, cause, "a new disk", 0.0, "ops")


def found(tasks: list[Ended] | None = None, **given: Any) -> list[Finding]:
    tasks = tasks or []
    rest = [given.get(name, []) for name in ("needs", "slow", "holds", "doubts")]
    return findings(tasks, times_of(tasks), *rest)


def codes(**given: Any) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in found(**given)]


def test_the_stages_of_a_task_add_up_to_its_time():
    task = ended(("a", 2.0, 2.5), ("b", 5.0, 6.0), at=9.0)
    assert stages_of(task) == {"queueing": 2.0, "repeating": 3.0, "starting": 1.0, "running": 3.0}
    assert stages_of(ended(("a", 2.0, None))) == {"queueing": 2.0, "repeating": 0.0, "starting": 0.0, "running": 8.0}
    assert stages_of(ended()) is None


def test_times_are_by_kind_and_of_what_completed():
    tasks = [ended(("a", float(at), float(at)), kind="slow", at=10.0) for at in range(10)]
    tasks += [ended(("a", 0.0, 0.0), kind="quick", at=1.0), ended(("a", 0.0, 0.0), kind="slow", code="broken")]
    slow, quick = times_of(tasks)
    assert (slow.kind, slow.tasks, slow.failed, quick.kind) == ("slow", 10, 1, "quick")
    queueing = slow.stages["queueing"]
    assert (queueing.p50, queueing.p95, queueing.share) == (4.5, 9.0, 0.45)
    assert sum(spread.share for spread in slow.stages.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (need("parse", agents=0, slots=0, unknown=["parse"]), ("no_agent", "critical")),
        (need("parse", "read", agents=0, slots=0), ("no_agent", "critical")),
        (need(agents=0, slots=0), ("no_agent", "critical")),
        (need("parse"), ("no_slots", "warning")),
        (need("parse", free=2, reasons=["no able agent has 9 gpu"]), ("blocked", "warning")),
    ],
)
def test_what_waits_is_told_with_its_reason(given: Need, expected: tuple[str, str]):
    assert codes(needs=[given]) == [expected]
    [finding] = found(needs=[given])
    assert finding.about == "+".join(given.skills)
    assert all(reason in finding.message for reason in given.reasons)
    assert finding.advice
    assert codes(needs=[msgspec.structs.replace(given, oldest=0.2)]) == []


def test_slots_that_are_missing_are_counted():
    tasks = [ended(("a", 0.0, 0.0), at=30.0)]
    [finding] = found(tasks, needs=[need("parse", waiting=9)])
    assert "5 more slots" in finding.advice


def test_a_hold_explains_why_work_waits():
    assert codes(needs=[need("parse")], holds=[held("parse", "skill")]) == [("held", "warning")]
    assert codes(needs=[need("parse")], holds=[held("read", "skill")]) == [("no_slots", "warning")]
    stopped = [("stopped", "critical"), ("no_slots", "warning")]
    assert codes(needs=[need("parse")], holds=[held("all", "all", "emergency")]) == stopped


def test_who_takes_twice_as_long_as_the_others_is_slow():
    tasks = [ended(("good", 0.0, 0.0), at=1.0) for _ in range(6)] + [ended(("bad", 0.0, 0.0), at=3.0) for _ in range(5)]
    [slow] = slow_agents(tasks)
    assert (slow.agent_id, slow.median, slow.others, slow.attempts) == ("bad", 3.0, 1.0, 5)
    assert slow_agents(tasks[:-1]) == []
    assert slow_agents([task for task in tasks if task.tries[0].agent == "bad"]) == []
    assert codes(slow=[slow]) == [("slow_agent", "warning")]


def test_where_most_of_the_time_goes_is_said():
    assert codes(tasks=[ended(("a", 8.0, 8.0))]) == [("long_queue", "info")]
    assert codes(tasks=[ended(("a", 0.0, 6.0))]) == [("late_start", "info")]
    assert codes(tasks=[ended(("a", 0.0, 0.0), ("a", 6.0, 6.0))]) == [("repeated", "info")]
    assert codes(tasks=[ended(("a", 0.0, 0.0))]) == []
    assert codes(tasks=[ended(("a", 0.8, 0.8), at=0.9)]) == []


def test_many_failures_are_told_with_their_commonest_code():
    failed = [ended(("a", 0.0, 0.0), code="no_disk") for _ in range(9)] + [ended(("a", 0.0, 0.0), code="no_net")]
    [finding] = found(failed)
    assert (finding.code, "9 of them with no_disk" in finding.message) == ("failing", True)
    assert codes(tasks=failed[:9]) == []
    assert codes(tasks=failed + [ended(("a", 0.0, 0.0)) for _ in range(91)]) == []


def test_agents_that_are_lost_or_stuck_are_named():
    doubts = [AgentHealthRow("a", 0.0, "lost"), AgentHealthRow("b", 0.0, stalled=[Charge("t", 1)])]
    assert codes(doubts=doubts) == [("agents_lost", "warning"), ("agents_stalled", "warning")]


@in_session
async def test_the_query_sees_what_waits_and_what_took_how_long(running: Running):
    await running.registry.write(registered("a1", {"echo": 0.5}, slots=1), registered("a2", {"parse": 0.5}))
    tasks = [event for number in range(5) for event in life(f"t{number}", "a1")]
    again = [submitted("t5"), assigned("t5", "a1"), started("t5", "a1"), attempt_failed("t5", "a1")]
    again += [assigned("t5", "a1", 2), started("t5", "a1", 2), completed("t5", "a1", 2)]
    broken = [submitted("t6"), assigned("t6", "a1"), Event("t6", TaskFailed("broken", "", 1, "a1"), "router")]
    waiting = [submitted("w1", skills=["draw"]), submitted("w2", skills=["echo"]), submitted("w3", skills=["echo"])]
    busy = [submitted("t7"), assigned("t7", "a1"), submitted("w4", skills=["parse", "echo"])]
    await running.router.write(*tasks, *again, *broken, *waiting, *busy)
    answer = await running.ask("health.diagnose", window=86_400.0)
    assert (answer.sampled, answer.waiting) == (7, 4)
    [times] = answer.kinds
    assert (times.kind, times.tasks, times.failed) == ("echo", 6, 1)
    assert times.total.p50 == pytest.approx(0.003, abs=1e-4)
    assert times.stages["repeating"].p95 == pytest.approx(0.003, abs=1e-4)
    needs = {tuple(each.skills): each for each in answer.needs}
    one = needs["echo",]
    assert (one.waiting, one.agents, one.slots, one.free) == (2, 1, 1, 0)
    assert (needs["draw",].agents, needs["draw",].unknown) == (0, ["draw"])
    both = needs["echo", "parse"]
    assert (both.agents, both.unknown) == (0, [])


@in_session
async def test_the_query_knows_holds_and_doubts(running: Running):
    await running.feed("health").write(
        Event("all", HoldPlaced(scope="all", cause="emergency", reason="wrong files"), "ops"),
        Event("a1", AgentLost(3.0, 10.0, 0.5, 0.0, []), "health"),
        Event("a2", AgentStalled("t1", 1, 61.0, 60.0), "health"),
    )
    answer = await running.ask("health.diagnose")
    assert [finding.code for finding in answer.findings] == ["stopped", "agents_lost", "agents_stalled"]
    assert (answer.sampled, answer.kinds, answer.needs) == (0, [], [])
