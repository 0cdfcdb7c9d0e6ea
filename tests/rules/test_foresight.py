"""What is unusual, and limits that will be crossed: told once, with evidence, and taken back."""

from __future__ import annotations

import random
from typing import Any

from podium.contracts.alerts import AlertRaised, AlertRepeated, AlertResolved
from podium.health.foresight import CALM
from tests.rules.health_scenario import HealthScenario, health

KEY: Any = ("skill", "echo", "duration")
LIMIT = 60.0


class Watcher:
    """Health that measures a metric every five seconds."""

    def __init__(self, **settings: Any) -> None:
        self.scenario: HealthScenario = health(**settings)
        self.random = random.Random(1)

    def sees(self, *values: float) -> list[Any]:
        scenario, found = self.scenario, list[Any]()
        state, settings = scenario.state, scenario.decider.settings
        for value in values:
            scenario.now += 5.0
            noisy = value + self.random.gauss(0.0, 0.2)
            emits = state.parts.foresight.look(state.book.desk, KEY, noisy, LIMIT, settings, scenario.now)
            found += [emit.event for emit in scenario._fold(emits, "health")]
        return found


def kinds(events: list[Any]) -> list[str]:
    return [event.labels["kind"] for event in events if isinstance(event, AlertRaised)]


def test_what_is_as_always_is_not_told():
    assert Watcher().sees(*[5.0] * 400) == []


def test_a_leap_is_told_once_and_taken_back_when_it_is_calm():
    watcher = Watcher()
    watcher.sees(*[5.0] * 300)
    told = watcher.sees(*[30.0] * 3)
    assert kinds(told)[:1] == ["anomaly"]
    [raised] = [event for event in told if isinstance(event, AlertRaised) and event.labels["kind"] == "anomaly"]
    assert (raised.severity, raised.labels["name"], raised.labels["metric"]) == ("warning", "echo", "duration")
    assert float(raised.labels["score"]) >= 0.75
    assert raised.title.startswith("duration of skill echo is unusual: ")
    after = watcher.sees(*[5.0] * int(CALM / 5 + 2))
    assert any(isinstance(event, AlertResolved) for event in after)
    assert watcher.scenario.state.book.desk.alerts == {}
    assert not any(isinstance(event, AlertRepeated) for event in watcher.sees(*[5.0] * 50))


def test_a_limit_that_will_be_crossed_is_told_beforehand():
    watcher = Watcher(anomaly_score=1.0)
    told = watcher.sees(*[5.0 + row / 10 for row in range(200)])
    assert kinds(told) == ["forecast"]
    assert "will be beyond 60 in about" in told[0].title
    flat = watcher.sees(*[25.0] * 600)
    assert [type(event) for event in flat] == [AlertResolved]


def test_what_is_far_away_is_not_told():
    watcher = Watcher(anomaly_score=1.0, forecast_horizon=60.0)
    assert watcher.sees(*[5.0 + row / 100 for row in range(200)]) == []


def test_what_another_process_has_told_is_taken_back():
    watcher = Watcher()
    watcher.sees(*[5.0] * 300)
    assert kinds(watcher.sees(30.0, 30.0)) != []
    other = watcher.scenario.restarted()
    assert other.state.book.desk.alerts != {}
    taken = [emit for emit in other.passes(6) if emit.entity in watcher.scenario.state.book.desk.alerts]
    assert {type(emit.event) for emit in taken} == {AlertResolved}
