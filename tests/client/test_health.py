"""`client.health`: each call is the command or query that it says."""

from __future__ import annotations

from typing import Any, cast

import pytest

from podium.client import Client
from podium.client._health import Health
from podium.contracts import alert_queries, alerts, diagnosis_queries, health_queries, hooks, pools, recovery


class Heard:
    """What was sent and asked."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Any]] = []
        self.asked: list[Any] = []

    async def send(self, service: str, entity: str, command: Any) -> None:
        self.sent.append((service, entity, command))

    async def query(self, query: Any) -> Any:
        self.asked.append(query)
        if isinstance(query, alert_queries.ListAlerts):
            return alert_queries.AlertsAnswer(positions={}, alerts=[])
        return None


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("hold", ("a1", "a new disk"), recovery.HoldWork("a new disk")),
        ("resume", ("a1", "it is in"), recovery.ResumeWork("it is in")),
        ("acknowledge", ("a1", "mine"), alerts.AcknowledgeAlert("mine")),
        ("resolve", ("a1", "cleaned up"), alerts.ResolveAlert("cleaned up")),
        ("raise_alert", ("a1", "full"), alerts.RaiseAlert("full")),
        ("silence", ("a1", {"name": "x"}, 60.0, "it moves"), alerts.SilenceAlerts({"name": "x"}, 60.0, "it moves")),
        ("end_silence", ("a1",), alerts.EndSilence()),
        ("hook", ("a1", "pager"), hooks.DefineHook("pager")),
        ("remove_hook", ("a1",), hooks.RemoveHook()),
        ("remove_plan", ("a1",), recovery.RemovePlan()),
        ("resize_pool", ("a1", 3, "tonight"), pools.ResizePool(3, "tonight")),
    ],
)
async def test_a_call_is_a_command(call: str, arguments: tuple[Any, ...], expected: Any):
    heard = Heard()
    await getattr(Health(cast(Client, heard)), call)(*arguments)
    assert heard.sent == [("health", "a1", expected)]


async def test_a_stop_is_about_everything():
    heard = Heard()
    health = Health(cast(Client, heard))
    await health.stop("wrong files")
    await health.lift_stop("they are back")
    commands = [recovery.StopAll("wrong files"), recovery.LiftStop("they are back")]
    assert heard.sent == [("health", "all", command) for command in commands]


async def test_a_question_wants_all_that_there_is():
    heard = Heard()
    health = Health(cast(Client, heard))
    await health.overview()
    await health.agent("a1")
    await health.diagnose(60.0)
    assert await health.alerts(is_open=None) == []
    assert heard.asked == [
        health_queries.HealthOverview(fresh=True),
        health_queries.GetAgentHealth(agent_id="a1", fresh=True),
        diagnosis_queries.Diagnose(window=60.0, fresh=True),
        alert_queries.ListAlerts(open=None, fresh=True),
    ]
