"""What health says, folded and asked: agents in doubt, holds, recoveries, plans."""

from __future__ import annotations

import random
from typing import Any

import pytest
from msgspec import Struct

from podium.contracts.alerts import (
    AlertAcknowledged,
    AlertBrief,
    AlertRaised,
    AlertRepeated,
    AlertResolved,
    AlertsSilenced,
    DeliveryFailed,
    NotificationDelivered,
    NotificationDropped,
    NotificationQueued,
    RouteDefined,
    SilenceEnded,
)
from podium.contracts.channels import Channel, ChannelDefined, ChannelRemoved, Email, Slack, Webhook
from podium.contracts.health import AgentLost, AgentRecovered, AgentStalled, AgentSuspected
from podium.contracts.hooks import HookDefined, HookRemoved
from podium.contracts.recovery import (
    Charge,
    HoldLifted,
    HoldPlaced,
    PlanDefined,
    PlanRemoved,
    ReassignStep,
    RecoveryEnded,
    RecoveryStarted,
    RecoveryStepTaken,
)
from podium.contracts.subjects import Subjects
from podium.contracts.thresholds import HealthChanged
from podium.projections.health_rows import Row, Rows, fold, key_of
from podium.projections.received import Decoder
from podium.projections.told import shown
from tests.projections.feed import Event, Feed
from tests.projections.running import Refusal, Running

in_session = pytest.mark.asyncio(loop_scope="session")

SUSPECTED = AgentSuspected(1.6, 6.1, 0.5, 0.005)
LOST = AgentLost(2.6, 9.6, 0.5, 0.005, ["t1"])
CHARGES = [Charge("t1", 1)]
STEP = ReassignStep()


def changed(state: Any, was: Any = "healthy", *reasons: str) -> HealthChanged:
    return HealthChanged(scope="agent", state=state, was=was, score=50.0, parts={}, reasons=list(reasons))


def hold(cause: Any = "maintenance", **fields: Any) -> HoldPlaced:
    return HoldPlaced(scope="agent", cause=cause, reason="a new disk", **fields)


def started() -> RecoveryStarted:
    return RecoveryStarted(cause="agent_lost", agent="a1", charges=CHARGES, plan="default", steps=[STEP], times=1)


def taken() -> RecoveryStepTaken:
    return RecoveryStepTaken(number=1, step=STEP, cause="agent_lost", agent="a1", charges=CHARGES)


STORY = [
    Event("a1", SUSPECTED, "health"),
    Event("a1", changed("degraded"), "health"),
    Event("a1", LOST, "health"),
    Event("recovery-1", started(), "health"),
    Event("recovery-1", taken(), "health"),
    Event("a1", changed("critical", "degraded", "it is lost"), "health"),
    Event("a2", AgentStalled("t2", 1, 61.0, 60.0), "health"),
    Event("a2", hold()),
    Event("mine", PlanDefined(causes=["agent_lost"], steps=[STEP], kinds=[], agents=[], times=1, order=5)),
    Event("other", PlanDefined(causes=["agent_lost"], steps=[STEP], kinds=[], agents=[], times=1, order=1)),
]


def folded(*batches: list[Event]) -> Rows:
    rows, decoder, feed = Rows(), Decoder("health", Subjects()), Feed("health", Subjects())
    for batch in batches:
        for event in decoder.decode(feed.messages(batch)):
            key = key_of(event)
            if key is not None:
                fold(rows, event, key)
    return rows


def content(rows: Rows, kind: Any, name: str) -> Any:
    row = rows[kind, name]
    assert isinstance(row, Row)
    return row.content


def test_an_agent_is_in_doubt_until_it_is_well_and_healthy():
    rows = folded(STORY)
    agent = content(rows, "agent", "a1")
    assert (agent.standing, agent.state, agent.suspected, agent.lost) == ("lost", "critical", 1, 1)
    well = folded(STORY, [Event("a1", AgentRecovered("lost", 4.0)), Event("a1", changed("healthy", "critical"))])
    assert not well["agent", "a1"].open
    assert content(well, "agent", "a1").lost == 1


def test_a_stall_is_of_one_task():
    rows = folded(STORY, [Event("a2", AgentStalled("t3", 1, 61.0, 60.0))])
    assert [charge.task for charge in content(rows, "agent", "a2").stalled] == ["t2", "t3"]
    rows = folded(STORY, [Event("a2", AgentRecovered("stalled", 1.0, "t2", 1))])
    assert not rows["agent", "a2"].open


def test_each_cause_of_a_hold_is_a_row():
    rows = folded(STORY, [Event("a2", hold("breaker", until=9e9)), Event("a2", lifted("maintenance"))])
    assert {key: row.open for key, row in rows.items() if key[0] == "hold"} == {
        ("hold", "agent/maintenance/a2"): False,
        ("hold", "agent/breaker/a2"): True,
    }


def lifted(cause: Any) -> Struct:
    return HoldLifted(scope="agent", cause=cause, reason="it is in")


def test_a_recovery_says_how_it_ended():
    rows = folded(STORY, [Event("recovery-1", RecoveryEnded(outcome="recovered", after=1.0, left=[]))])
    recovery = content(rows, "recovery", "recovery-1")
    assert (recovery.taken, recovery.outcome, recovery.ended_at is None) == (1, "recovered", False)
    assert not rows["recovery", "recovery-1"].open


@in_session
@pytest.mark.parametrize("seed", range(3))
async def test_the_answers_are_the_same_however_the_events_come(running: Running, seed: int):
    """In any batches, and also when the read model is built anew."""
    feed = running.feed("health")
    rest = list(STORY)
    while rest:
        some = random.Random(seed).randrange(1, len(rest) + 1)
        await feed.write(*rest[:some])
        del rest[:some]
        await running.ask("health.overview")
    overview = await running.ask("health.overview")
    assert (overview.suspected, overview.lost, overview.stalled, overview.recoveries) == (0, 1, 1, 1)
    assert {row.agent_id for row in overview.doubts} == {"a1", "a2"}
    assert [(row.name, row.by) for row in overview.holds] == [("a2", "ops")]
    assert overview.health is None


@in_session
async def test_one_agent_recoveries_and_plans_can_be_asked_for(running: Running):
    feed = running.feed("health")
    await feed.write(*STORY)
    one = await running.ask("health.agent", agent_id="a2")
    assert (one.agent.standing, [hold.cause for hold in one.holds]) == ("well", ["maintenance"])
    with pytest.raises(Refusal, match="not_found"):
        await running.ask("health.agent", agent_id="nobody")
    assert [plan.plan_id for plan in (await running.ask("plans.list")).plans] == ["other", "mine"]
    await feed.write(Event("mine", PlanRemoved()), *(Event(f"recovery-{number}", started()) for number in range(2, 6)))
    assert [plan.plan_id for plan in (await running.ask("plans.list")).plans] == ["other"]
    first = await running.ask("recoveries.list", limit=3)
    second = await running.ask("recoveries.list", limit=3, cursor=first.next)
    found = [row.recovery_id for row in (*first.recoveries, *second.recoveries)]
    assert found == [f"recovery-{number}" for number in (5, 4, 3, 2, 1)]
    assert second.next is None
    assert (await running.ask("recoveries.list", open=False)).recoveries == []


def queued(*alerts: str) -> NotificationQueued:
    briefs = [AlertBrief(alert, "full", "warning", {}) for alert in alerts]
    return NotificationQueued(
        channel="hook", queue="r/disk", why="raised", severity="warning", total=len(briefs), alerts=briefs
    )


ALERTS = [
    Event("disk", AlertRaised("full", "warning", {"kind": "disk"})),
    Event("disk", AlertRepeated(2)),
    Event("other", AlertRaised("hot", "critical", {})),
    Event("notification-1", queued("disk", "other"), "health"),
    Event("notification-1", DeliveryFailed(1, "refused", 9e9), "notifier"),
    Event("disk", AlertAcknowledged("mine"), "ada"),
    Event("notification-2", queued("other"), "health"),
    Event("notification-2", NotificationDropped(8, "refused"), "notifier"),
]


def test_an_alert_says_who_sees_to_it_and_how_it_ended():
    rows = folded(ALERTS)
    alert = content(rows, "alert", "disk")
    assert (alert.count, alert.acknowledged_by, alert.note, alert.by) == (2, "ada", "mine", "ops")
    rows = folded(ALERTS, [Event("disk", AlertResolved("done", 5.0))])
    assert not rows["alert", "disk"].open
    assert content(rows, "alert", "disk").reason == "done"
    rows = folded(ALERTS, [Event("disk", AlertResolved("done", 5.0))], ALERTS[:1])
    assert rows["alert", "disk"].open
    assert content(rows, "alert", "disk").acknowledged_by is None


@in_session
async def test_alerts_and_messages_can_be_asked_for(running: Running):
    await running.feed("health").write(*ALERTS, Event("notification-1", NotificationDelivered(2), "notifier"))
    assert [row.alert for row in (await running.ask("alerts.list")).alerts] == ["other", "disk"]
    assert (await running.ask("alerts.get", alert="disk")).alert.severity == "warning"
    with pytest.raises(Refusal, match="not_found"):
        await running.ask("alerts.get", alert="nobody")
    found = (await running.ask("notifications.list")).notifications
    assert [(row.notification, row.state, row.attempts) for row in found] == [
        ("notification-2", "dropped", 8),
        ("notification-1", "delivered", 2),
    ]
    assert found[1].alerts == ["disk", "other"]
    assert (await running.ask("notifications.list", open=True)).notifications == []


ROUTE = RouteDefined(
    channel="pager", severities=[], labels={}, wait=5.0, again=None, escalate_to=None, escalate_after=900.0
)
TOLD = [
    Event("pager", ChannelDefined(Webhook("https://example.org/token", "PAGER"))),
    Event("mail", ChannelDefined(Email("mail.example.org", "podium@example.org", ["ops@example.org"]))),
    Event("all", ROUTE, "ada"),
    Event("moving", AlertsSilenced({"name": "a1"}, 9e9, "it moves")),
    Event("longer", AlertsSilenced({"name": "a2"}, 9.5e9, "it moves")),
    Event("over", AlertsSilenced({"name": "a3"}, 1.0, "it has moved")),
    Event("done", HookDefined("pager", ["failed"], ["echo"])),
    Event("night", HookDefined("pager", [], [], "runs")),
]


@in_session
async def test_who_is_told_can_be_asked_for_until_it_is_removed(running: Running):
    feed = running.feed("health")
    await feed.write(*TOLD)
    channels = (await running.ask("channels.list")).channels
    assert [row.channel for row in channels] == ["mail", "pager"]
    assert channels[1].settings == Webhook("https://example.org/…", "PAGER")
    assert [(row.route, row.by) for row in (await running.ask("routes.list")).routes] == [("all", "ada")]
    assert [row.silence for row in (await running.ask("silences.list")).silences] == ["longer", "moving"]
    first = await running.ask("hooks.list", limit=1)
    second = await running.ask("hooks.list", limit=1, cursor=first.next)
    assert [row.hook for row in (*first.hooks, *second.hooks)] == ["night", "done"]
    assert second.next is None
    await feed.write(
        Event("pager", ChannelRemoved()), Event("longer", SilenceEnded()), Event("done", HookRemoved()), TOLD[1]
    )
    assert [row.channel for row in (await running.ask("channels.list")).channels] == ["mail"]
    assert [row.silence for row in (await running.ask("silences.list", limit=1)).silences] == ["moving"]
    assert [row.hook for row in (await running.ask("hooks.list")).hooks] == ["night"]


@pytest.mark.parametrize(
    ("channel", "url"),
    [
        (Webhook("https://user:pw@example.org:8443/path?token=x"), "https://example.org:8443/…"),
        (Webhook("http://127.0.0.1:8080"), "http://127.0.0.1:8080"),
        (Webhook("https://example.org?token=x"), "https://example.org/…"),
        (Webhook("https://a@b@example.org#x@y"), "https://example.org/…"),
        (Slack("https://hooks.example.org/services/x"), "https://hooks.example.org/…"),
    ],
)
def test_nothing_of_a_url_is_shown_that_lets_anyone_send_by_it(channel: Channel, url: str):
    assert getattr(shown(channel), "url", None) == url
    assert shown(Slack(secret="CHAT")) == Slack(secret="CHAT")
