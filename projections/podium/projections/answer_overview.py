"""Counts over everything."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, select

from podium.contracts.catalogue import event_type
from podium.contracts.envelope import CommandRefused
from podium.contracts.queries import OverviewAnswer, SystemOverview
from podium.contracts.tasks import ReportRefused

from .sources import Sources
from .store import View

_REFUSALS: Final = (event_type(CommandRefused), event_type(ReportRefused))
_MINUTE: Final = 60.0


async def system_overview(sources: Sources, query: SystemOverview) -> OverviewAnswer:
    since = sources.now() - _MINUTE

    def read(view: View) -> dict[str, Any]:
        profiles, tallies = view.agents.profiles.c, view.tasks.tallies.c
        tasks, phases, counts = view.tasks.tasks.c, view.tasks.phases.c, view.events.counts.c
        run = view.connection.execute
        agents, slots = run(
            select(func.count(), func.coalesce(func.sum(profiles.slots), 0)).where(profiles.registered.is_(True))
        ).one()
        kinds: dict[str, dict[str, int]] = {}
        by_phase: dict[str, int] = {}
        for kind, phase, number in run(select(phases.kind, phases.phase, phases.tasks).where(phases.tasks > 0)):
            kinds.setdefault(kind, {})[phase] = number
            by_phase[phase] = by_phase.get(phase, 0) + number
        # Counted side by side: to group them, SQLite would sort all of them first, which takes seven times as long.
        completed, failed = run(
            select(func.count().filter(tasks.phase == "completed"), func.count().filter(tasks.phase == "failed")).where(
                tasks.closed_at >= since
            )
        ).one()
        return {
            "agents": agents,
            "slots": int(slots),
            "busy": int(run(select(func.coalesce(func.sum(tallies.open), 0))).scalar_one()),
            "tasks": by_phase,
            "kinds": kinds,
            "completed_last_minute": completed,
            "failed_last_minute": failed,
            "refused": int(
                run(select(func.coalesce(func.sum(counts.events), 0)).where(counts.type.in_(_REFUSALS))).scalar_one()
            ),
        }

    found, positions = await sources.view(read)
    return OverviewAnswer(positions=positions, lag=sources.reached.lag, **found)
