"""`client.health`: how everything is, what keeps work from whom, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.contracts.alert_queries import (
    AlertRow,
    ChannelRow,
    GetAlert,
    HookRow,
    ListAlerts,
    ListChannels,
    ListHooks,
    ListRoutes,
    ListSilences,
    RouteRow,
    SilenceRow,
)
from podium.contracts.alerts import AcknowledgeAlert, EndSilence, RaiseAlert, ResolveAlert, SilenceAlerts
from podium.contracts.diagnosis_queries import Diagnose, DiagnosisAnswer
from podium.contracts.health_queries import (
    AgentHealthAnswer,
    GetAgentHealth,
    HealthOverview,
    HealthOverviewAnswer,
    ListRecoveries,
    RecoveryRow,
)
from podium.contracts.hooks import DefineHook, Ending, Hooked, RemoveHook
from podium.contracts.outcomes import AcceptedOutcome
from podium.contracts.pools import ListPools, PoolRow, ResizePool
from podium.contracts.recovery import DefinePlan, HoldWork, LiftStop, RemovePlan, ResumeWork, Scope, Severity, StopAll

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._client import Client

ALL = "all"


class Health:
    """Health's commands and queries; errors are those of `Client.send` and `Client.query`.

    Answers reflect everything that was in the streams when they were asked for.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    # How it is

    async def overview(self) -> HealthOverviewAnswer:
        """State, score and its parts, agents in doubt, holds."""
        return await self._client.query(HealthOverview(fresh=True))

    async def agent(self, agent_id: str) -> AgentHealthAnswer:
        """Raises: QueryFailed: `not_found`, if health knows nothing of it."""
        return await self._client.query(GetAgentHealth(agent_id=agent_id, fresh=True))

    async def diagnose(self, window: float = 900.0) -> DiagnosisAnswer:
        """What holds work up; `window`: how many seconds back to look."""
        return await self._client.query(Diagnose(window=window, fresh=True))

    async def recoveries(self, *, is_open: bool | None = None, limit: int = 50) -> list[RecoveryRow]:
        """The newest first; `is_open`: only those under way, or only those that are over."""
        return (await self._client.query(ListRecoveries(open=is_open, limit=limit, fresh=True))).recoveries

    # Who gets work

    async def hold(
        self, name: str, reason: str, *, scope: Scope = "agent", seconds: float | None = None
    ) -> AcceptedOutcome:
        """Keep new work from an agent, a skill, or everything (`all`); what is in hand is finished.

        Args:
            seconds: resumed by itself after so long.
        """
        return await self._client.send("health", name, HoldWork(reason, scope, seconds))

    async def resume(self, name: str, reason: str, *, scope: Scope = "agent") -> AcceptedOutcome:
        """Lift every hold but an emergency stop."""
        return await self._client.send("health", name, ResumeWork(reason, scope))

    async def stop(self, reason: str) -> AcceptedOutcome:
        """Emergency: what runs is cancelled and what comes is refused, until the stop is lifted."""
        return await self._client.send("health", ALL, StopAll(reason))

    async def lift_stop(self, reason: str) -> AcceptedOutcome:
        return await self._client.send("health", ALL, LiftStop(reason))

    # What is wrong

    async def alerts(self, *, is_open: bool | None = True, limit: int = 50) -> list[AlertRow]:
        """The newest first; `is_open`: only those that are, or only those that are over."""
        return (await self._client.query(ListAlerts(open=is_open, limit=limit, fresh=True))).alerts

    async def alert(self, name: str) -> AlertRow:
        """Raises: QueryFailed: `not_found`."""
        return (await self._client.query(GetAlert(alert=name, fresh=True))).alert

    async def raise_alert(
        self, name: str, title: str, *, severity: Severity = "warning", labels: Mapping[str, str] | None = None
    ) -> AcceptedOutcome:
        """Say that something is wrong; the same name is the same trouble."""
        return await self._client.send("health", name, RaiseAlert(title, severity, dict(labels or {})))

    async def acknowledge(self, name: str, note: str = "") -> AcceptedOutcome:
        """Say that you see to it: nobody is told again."""
        return await self._client.send("health", name, AcknowledgeAlert(note))

    async def resolve(self, name: str, reason: str) -> AcceptedOutcome:
        return await self._client.send("health", name, ResolveAlert(reason))

    async def silence(self, name: str, labels: Mapping[str, str], seconds: float, reason: str) -> AcceptedOutcome:
        """Tell nobody of alerts with all these labels for so long; `name` is the silence's."""
        return await self._client.send("health", name, SilenceAlerts(dict(labels), seconds, reason))

    async def end_silence(self, name: str) -> AcceptedOutcome:
        return await self._client.send("health", name, EndSilence())

    async def silences(self, *, limit: int = 50) -> list[SilenceRow]:
        """Those that last, the one that ends last first."""
        return (await self._client.query(ListSilences(limit=limit, fresh=True))).silences

    # What is to be done and told

    async def channels(self, *, limit: int = 50) -> list[ChannelRow]:
        """By which people and programs are told, the newest first; of urls only the host is there."""
        return (await self._client.query(ListChannels(limit=limit, fresh=True))).channels

    async def routes(self, *, limit: int = 50) -> list[RouteRow]:
        """Which alerts go to which channel, the newest first."""
        return (await self._client.query(ListRoutes(limit=limit, fresh=True))).routes

    async def hooks(self, *, limit: int = 50) -> list[HookRow]:
        """Which channels are told when tasks and runs end, the newest first."""
        return (await self._client.query(ListHooks(limit=limit, fresh=True))).hooks

    async def define_plan(self, name: str, plan: DefinePlan) -> AcceptedOutcome:
        """What to do about failures of some kind, in the place of what is done by default."""
        return await self._client.send("health", name, plan)

    async def remove_plan(self, name: str) -> AcceptedOutcome:
        return await self._client.send("health", name, RemovePlan())

    async def hook(
        self,
        name: str,
        channel: str,
        *,
        of: Hooked = "tasks",
        endings: Sequence[Ending] = (),
        kinds: Sequence[str] = (),
    ) -> AcceptedOutcome:
        """Tell a channel of each task, or each run of a workflow, that ends from now on.

        Args:
            endings: all if none is named.
            kinds: of tasks, or names of workflows; all if none is named.
        """
        return await self._client.send("health", name, DefineHook(channel, list(endings), list(kinds), of))

    async def remove_hook(self, name: str) -> AcceptedOutcome:
        return await self._client.send("health", name, RemoveHook())

    # Pools

    async def pools(self) -> list[PoolRow]:
        """By name, each with what it has to do now."""
        return (await self._client.query(ListPools(fresh=True))).pools

    async def resize_pool(self, pool: str, size: int, reason: str, *, seconds: float | None = None) -> AcceptedOutcome:
        """Another size, within the pool's bounds; it is kept for `seconds`, if they are given."""
        return await self._client.send("health", pool, ResizePool(size, reason, seconds))
