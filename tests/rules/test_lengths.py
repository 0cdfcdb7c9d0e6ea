"""How long the queue is: said now and then by the router, watched by health."""

from __future__ import annotations

from typing import Any

from podium.contracts.alerts import AlertRaised
from podium.contracts.queues import QUEUE, QueueMeasured
from podium.contracts.thresholds import HealthReport, ThresholdCrossed
from podium.kernel.timers import NEVER
from tests.rules.health_scenario import HealthScenario, health
from tests.rules.scenario import event_of, names, router, submit

# The router says it


def test_what_waits_is_said_when_it_has_changed_every_five_seconds_at_the_most():
    scenario = router(queue_interval=5.0)
    for number in range(3):
        scenario.asked(submit(skills=["echo", "parse"] if number else ["echo"]), entity=f"t{number}")
    assert scenario.decider.due(scenario.state) == scenario.now + 5
    assert scenario.after(4.9) == []
    (emit,) = scenario.after(0.1)
    assert (emit.entity, emit.event) == (QUEUE, QueueMeasured(waiting=3, skills={"echo": 3, "parse": 2}))
    assert scenario.after(5) == [], "it is so still"
    again = scenario.replayed()
    again.reacts()
    assert again.after(5) == [], "nor after a restart"
    assert again.decider.dump(again.decider.load(again.dump())) == again.dump() == scenario.dump()
    scenario.agent("a1", "echo", slots=5)
    assert "queue_measured" not in names(scenario.reacts())
    emits = scenario.after(5)
    assert event_of(emits, QueueMeasured) == QueueMeasured(waiting=2, skills={"echo": 2, "parse": 2})


def test_an_empty_queue_is_said_once_and_not_looked_at():
    scenario = router(queue_interval=5.0)
    scenario.asked(submit())
    assert event_of(scenario.after(5), QueueMeasured).waiting == 1
    scenario.agent("a1").reacts()
    assert event_of(scenario.after(5), QueueMeasured) == QueueMeasured(waiting=0, skills={})
    assert scenario.state.index.measure_at >= NEVER


def test_what_waits_for_a_moment_only_is_not_said():
    scenario = router(queue_interval=5.0)
    scenario.asked(submit())
    scenario.agent("a1").reacts()
    assert "queue_measured" not in names(scenario.after(5))


# Health watches it


def said(scenario: HealthScenario, waiting: int, **skills: int) -> list[Any]:
    """The router says it, and five seconds pass."""
    scenario.router_says(QUEUE, QueueMeasured(waiting=waiting, skills=skills))
    return scenario.passes(5)


def raised(emits: list[Any], kind: str) -> list[AlertRaised]:
    alerts = [emit.event for emit in emits if isinstance(emit.event, AlertRaised)]
    return [alert for alert in alerts if alert.labels["kind"] == kind]


def test_a_queue_that_leaps_is_told_for_its_skill_and_for_everything():
    scenario = health()
    said(scenario, 0)
    for number in range(150):
        waiting = 3 + number % 3
        assert raised(said(scenario, waiting, echo=waiting), "anomaly") == []
    emits = [emit for _ in range(3) for emit in said(scenario, 400, echo=400)]
    told = {(alert.labels["scope"], alert.labels["name"], alert.labels["metric"]) for alert in raised(emits, "anomaly")}
    assert told == {("all", "all", "queue"), ("skill", "echo", "queue")}


def test_a_queue_that_grows_is_told_before_it_is_too_long():
    scenario, emits = health(queue_warning=1000, anomaly_score=1.0), list[Any]()
    for number in range(70):
        emits += said(scenario, 10 * number, echo=10 * number)
    (alert, *_) = raised(emits, "forecast")
    assert alert.title.startswith("queue of ")
    assert "will be beyond 1000 in about" in alert.title
    emits = [emit for number in range(70, 105) for emit in said(scenario, 10 * number, echo=10 * number)]
    crossed = {emit.event.scope for emit in emits if isinstance(emit.event, ThresholdCrossed)}
    assert crossed == {"all", "skill"}


def test_what_was_said_outlives_the_process_and_a_skill_that_nobody_waits_for_has_none():
    scenario = health()
    said(scenario, 4, echo=4, parse=1)
    said(scenario, 2, parse=2)
    again = scenario.restarted()
    again.decider.load_facts(again.state, scenario.decider.dump_facts(scenario.state))
    for name, waiting in (("echo", 0), ("parse", 2)):
        report = again.decider.explain(again.state, name, again.now)
        assert isinstance(report, HealthReport)
        assert report.skill is not None
        assert report.skill.values["queue"] == waiting
    report = again.decider.explain(again.state, "all", again.now)
    assert isinstance(report, HealthReport)
    assert report.all is not None
    assert report.all.values["queue"] == 2
