"""Alerts: one for one trouble, few messages for many alerts, and what becomes of each message."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.alerts import (
    AlertRaised,
    AlertResolved,
    DeliveryFailed,
    NotificationDelivered,
    NotificationDropped,
    NotificationQueued,
)
from podium.contracts.predictions import DriftDetected, DriftEnded
from tests.rules.health_scenario import HealthScenario, health
from tests.rules.scenario import code, command, event_of, names

HOOK = {"channel": {"kind": "webhook", "url": "http://127.0.0.1:1/hook"}}
RAISE = command("raise_alert", title="the disk is nearly full", severity="critical", labels={"kind": "disk"})


def routed(scenario: HealthScenario | None = None, **route: Any) -> HealthScenario:
    """Everything goes to one webhook, five seconds after it began."""
    scenario = scenario or health()
    scenario.asked(command("define_channel", **HOOK), entity="hook")
    scenario.asked(command("define_channel", **HOOK), entity="boss")
    scenario.asked(command("define_route", channel="hook", **route), entity="all")
    return scenario


def sent(emits: list[Any]) -> list[NotificationQueued]:
    return [emit.event for emit in emits if isinstance(emit.event, NotificationQueued)]


# One trouble, one alert


def test_a_trouble_is_raised_once_and_counted():
    scenario = health()
    assert names(scenario.when(RAISE, entity="disk")) == ["alert_raised"]
    (emit,) = scenario.when(RAISE, entity="disk")
    assert emit.event.count == 2
    assert scenario.when(RAISE, entity="disk")[0].event.count == 3
    worse = command("raise_alert", title="the disk is full", severity="critical")
    assert names(scenario.when(worse, entity="disk")) == ["alert_raised"]


def test_an_alert_is_resolved_and_acknowledged_once():
    scenario = health()
    scenario.asked(RAISE, entity="disk")
    acknowledge, resolve = command("acknowledge_alert", note="mine"), command("resolve_alert", reason="cleaned up")
    assert names(scenario.when(acknowledge, entity="disk")) == ["alert_acknowledged"]
    assert scenario.when(acknowledge, entity="disk") == []
    scenario.now += 10
    (emit,) = scenario.when(resolve, entity="disk")
    assert emit.event == AlertResolved("cleaned up", 10.0)
    assert code(scenario.when(resolve, entity="disk")) == "unknown_alert"
    assert code(scenario.when(acknowledge, entity="disk")) == "unknown_alert"


def test_health_raises_what_it_sees_and_resolves_it():
    scenario = health("a1", "a2")
    raised = event_of(scenario.passes(4, "a2"), AlertRaised)
    assert (raised.severity, raised.labels) == ("warning", {"kind": "agent_lost", "scope": "agent", "name": "a1"})
    assert "alert_raised" not in names(scenario.passes(60, "a2"))
    emits = scenario.beats("a1").reacts()
    assert event_of(emits, AlertResolved).reason == "it is so no more"


def test_an_alert_that_is_resolved_by_hand_is_raised_again_while_the_trouble_is_there():
    scenario = health("a1", "a2")
    emits = scenario.passes(4, "a2")
    (alert,) = [emit.entity for emit in emits if isinstance(emit.event, AlertRaised)]
    again = scenario.asked(command("resolve_alert", reason="I think so"), entity=alert)
    assert names(again) == ["alert_resolved", "alert_raised"]
    scenario.beats("a1")
    assert "alert_resolved" in names(scenario.reacts())
    assert scenario.restarted().state.book.desk.alerts == {}


def test_what_was_raised_by_others_is_not_resolved_by_health():
    scenario = health()
    scenario.asked(RAISE, entity="disk")
    assert scenario.passes(100) == []


def test_a_recovery_that_did_not_help_is_an_alert_until_somebody_sees_to_it():
    scenario = health("a1", "a2").submitted().gives("a1")
    scenario.passes(3, "a2")
    emits = scenario.failed("a1").passes(65, "a2")
    raised = next(e for e in emits if isinstance(e.event, AlertRaised) and e.event.labels["kind"] == "recovery")
    assert raised.event.severity == "critical"
    assert "nobody else has taken what it had in hand" in raised.event.title
    scenario.asked(command("resolve_alert", reason="seen"), entity=raised.entity)
    assert scenario.passes(60, "a2") == []


def test_alerts_outlive_the_process():
    scenario = routed(health("a1", "a2"))
    scenario.passes(4, "a2")
    again = scenario.restarted().agent("a1").agent("a2").beats("a2")
    emits = again.passes(6, "a2")
    assert names(emits) == ["notification_queued"]
    loaded = scenario.decider.load(scenario.dump())
    assert scenario.decider.dump(loaded) == scenario.dump()


# Who is told


def test_like_alerts_are_one_message():
    scenario = routed()
    for number in range(30):
        scenario.asked(RAISE, entity=f"disk-{number}")
    assert scenario.passes(4.9) == []
    (emit,) = scenario.passes(0.2)
    assert (emit.entity, emit.event.channel, emit.event.why) == ("notification-1", "hook", "raised")
    assert (emit.event.total, len(emit.event.alerts), emit.event.severity) == (30, 20, "critical")
    assert scenario.passes(3000) == []


def test_a_storm_is_a_handful_of_messages():
    """Ten thousand alerts of one kind, over ten minutes, each raised three times."""
    scenario, messages = routed(), 0
    for number in range(10_000):
        for _ in range(3):
            scenario.when(RAISE, entity=f"disk-{number}")
        if number % 100 == 0:
            messages += len(sent(scenario.passes(6)))
    messages += len(sent(scenario.passes(120)))
    assert 2 <= messages <= 12


def test_what_is_still_open_is_told_again():
    scenario = routed(again=600.0)
    scenario.asked(RAISE, entity="disk")
    told = sent(scenario.passes(1300))
    assert [message.why for message in told] == ["raised", "again", "again"]
    scenario.asked(command("acknowledge_alert"), entity="disk")
    assert scenario.passes(2000) == []


def test_the_end_is_told_to_whom_the_beginning_was():
    scenario = routed()
    scenario.asked(RAISE, entity="disk")
    scenario.passes(6)
    scenario.asked(command("resolve_alert", reason="done"), entity="disk")
    (message,) = sent(scenario.passes(10))
    assert (message.why, [brief.alert for brief in message.alerts]) == ("resolved", ["disk"])
    scenario.asked(RAISE, entity="disk")
    scenario.asked(command("resolve_alert", reason="done"), entity="disk")
    assert scenario.passes(100) == []
    assert scenario.state.book.desk.queues == {}


def test_nobody_acknowledges_and_it_is_escalated_once():
    scenario = routed(escalate_to="boss", escalate_after=60.0)
    scenario.asked(RAISE, entity="disk")
    told = sent(scenario.passes(600))
    assert [(message.why, message.channel) for message in told] == [("raised", "hook"), ("escalated", "boss")]
    other = routed(escalate_to="boss", escalate_after=60.0)
    other.asked(RAISE, entity="disk")
    other.asked(command("acknowledge_alert"), entity="disk")
    assert [message.why for message in sent(other.passes(600))] == ["raised"]


def test_routes_are_for_severities_and_labels():
    scenario = routed(severities=["warning"])
    scenario.asked(command("define_route", channel="boss", labels={"kind": "disk"}), entity="disks")
    scenario.asked(RAISE, entity="disk")
    assert [message.channel for message in sent(scenario.passes(10))] == ["boss"]


def test_a_silence_keeps_them_back_for_its_time():
    scenario = routed()
    silence = command("silence_alerts", labels={"kind": "disk"}, seconds=100.0, reason="we know")
    scenario.asked(silence, entity="s1")
    scenario.asked(RAISE, entity="disk")
    assert scenario.passes(99) == []
    assert [message.why for message in sent(scenario.passes(2))] == ["raised"]
    scenario.asked(silence, entity="s1")
    scenario.asked(RAISE, entity="disk-2")
    assert scenario.passes(10) == []
    assert names(scenario.when(command("end_silence"), entity="s1")) == ["silence_ended"]
    assert scenario.when(command("end_silence"), entity="s1") == []


def test_a_route_needs_its_channels():
    refused = health().when(command("define_route", channel="nobody"), entity="r")
    assert (code(refused), refused.details["path"]) == ("unknown_channel", "$.channel")
    scenario = routed()
    assert scenario.when(command("define_route", channel="hook"), entity="all") == []
    assert scenario.when(command("define_channel", **HOOK), entity="hook") == []
    assert names(scenario.when(command("remove_route"), entity="all")) == ["route_removed"]
    assert scenario.when(command("remove_route"), entity="all") == []
    assert names(scenario.when(command("remove_channel"), entity="hook")) == ["channel_removed"]


# Delivery


def queued() -> HealthScenario:
    scenario = routed()
    scenario.asked(RAISE, entity="disk")
    scenario.passes(6)
    return scenario


def test_what_has_arrived_is_done():
    scenario = queued()
    report = command("report_delivery", attempt=1)
    (emit,) = scenario.when(report, entity="notification-1")
    assert emit.event == NotificationDelivered(1)
    assert scenario.when(report, entity="notification-1") == []


def test_a_failed_try_is_followed_by_others_ever_later_and_then_given_up():
    scenario, waits = queued(), []
    for attempt in range(1, 8):
        report = command("report_delivery", attempt=attempt, error="refused")
        (emit,) = scenario.when(report, entity="notification-1")
        assert isinstance(emit.event, DeliveryFailed)
        assert scenario.when(report, entity="notification-1") == []
        waits.append(emit.event.retry_at - scenario.now)
    assert waits == [1, 2, 4, 8, 16, 32, 64]
    (emit,) = scenario.when(command("report_delivery", attempt=8, error="refused"), entity="notification-1")
    assert emit.event == NotificationDropped(8, "refused")


def test_what_can_never_arrive_is_given_up_at_once():
    report = command("report_delivery", attempt=1, error="404", final=True)
    (emit,) = queued().when(report, entity="notification-1")
    assert isinstance(emit.event, NotificationDropped)


@pytest.mark.parametrize("body", [{"kind": "webhook", "url": "ftp://x"}, {"kind": "email", "host": "h", "sender": "a"}])
def test_a_channel_must_make_sense(body: dict[str, Any]):
    with pytest.raises(Exception, match="Expected"):
        command("define_channel", channel=body)


def test_a_kind_that_is_not_what_it_was_raises_an_alert_until_it_is_learnt():
    scenario = HealthScenario()
    drift = DriftDetected(measure="duration", expected=0.5, observed=0.95, evidence=9.0)
    scenario.decider.observe(scenario.state, "render", drift, scenario.now)
    (raised,) = [emit.event for emit in scenario.reacts() if isinstance(emit.event, AlertRaised)]
    assert (raised.title, raised.labels["name"]) == ("duration of render is not what it was", "render")
    again = scenario.decider.load(scenario.dump())
    scenario.decider.load_facts(again, scenario.decider.dump_facts(scenario.state))
    assert list(again.parts.drifts) == [("render", "duration")]
    scenario.decider.observe(scenario.state, "render", DriftEnded("duration"), scenario.now)
    assert [type(emit.event) for emit in scenario.reacts()] == [AlertResolved]
