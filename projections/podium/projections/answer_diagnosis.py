"""The answer to what holds work up: samples of bounded size, and what is found in them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import case, func, select

from podium.contracts.diagnosis_queries import Diagnose, DiagnosisAnswer, Need
from podium.contracts.health_queries import AgentHealthRow, HoldRow

from .diagnosis import Ended, Try, findings, slow_agents, times_of
from .pages import fitting
from .sources import Sources
from .store import View

SAMPLE: Final = 2_000
"""Tasks that ended, and tasks that wait, which are looked at, at the most."""

NEEDS: Final = 20
"""Sets of skills that are looked at: those for which the most tasks wait."""

ASKED: Final = 5
"""Of how many of them the router is asked why they wait."""

KINDS: Final = 50

_skills = msgspec.json.Decoder(list[str])


class Waiting(Struct):
    """Tasks that wait with the same needs; `first` waits longest, since `since`."""

    skills: list[str]
    tasks: int
    first: str
    since: float


class _Seen(Struct):
    tasks: list[Ended]
    waiting: int
    needs: list[tuple[Need, str]]
    holds: list[HoldRow]
    doubts: list[AgentHealthRow]


async def diagnose(sources: Sources, query: Diagnose) -> DiagnosisAnswer:
    now = sources.now()
    seen, positions = await sources.view(lambda view: _look(view, now - query.window, now))
    needs = await _reasons(sources, seen.needs)
    kinds, slow = times_of(seen.tasks), slow_agents(seen.tasks)
    found = findings(seen.tasks, kinds, needs, slow, seen.holds, seen.doubts)
    return DiagnosisAnswer(
        positions=positions,
        window=query.window,
        sampled=len(seen.tasks),
        waiting=seen.waiting,
        findings=found[: fitting(found, sources.room // 2)],
        kinds=kinds[:KINDS],
        needs=needs,
        slow=slow[:KINDS],
    )


async def _reasons(sources: Sources, needs: Sequence[tuple[Need, str]]) -> list[Need]:
    """The needs, with what the router says of the first that waits."""
    asked = await asyncio.gather(*(sources.waiting(task) for _, task in needs[:ASKED]))
    said = [answer.reasons if answer is not None else [] for answer in asked]
    said += [[] for _ in needs[ASKED:]]
    return [replace(need, reasons=reasons) for (need, _), reasons in zip(needs, said, strict=True)]


def _look(view: View, since: float, now: float) -> _Seen:
    waiting, scale = queued(view)
    needs = [(_need(view, each, scale, now), each.first) for each in waiting[:NEEDS]]
    rows, connection = view.health, view.connection
    holds = [row for _, _, row in rows.list(connection, HoldRow, is_open=True, limit=SAMPLE)]
    doubts = [row for _, _, row in rows.list(connection, AgentHealthRow, is_open=True, limit=SAMPLE)]
    return _Seen(_ended(view, since), round(sum(each.tasks for each in waiting) * scale), needs, holds, doubts)


def _ended(view: View, since: float) -> list[Ended]:
    """The newest that have completed or failed since then."""
    tasks, attempts = view.tasks.tasks.c, view.tasks.attempts.c
    # An expression and no column, so that the index by the time of closing is the one that is read.
    is_result = tasks.phase.concat("").in_(("completed", "failed"))
    newest = (
        select(tasks.sequence, tasks.kind, tasks.phase, tasks.code, tasks.submitted_at, tasks.closed_at)
        .where(tasks.closed_at >= since, is_result)
        .order_by(tasks.closed_at.desc())
        .limit(SAMPLE)
        .subquery()
    )
    tries: dict[int, list[Try]] = {}
    of_newest = select(attempts.task, attempts.agent, attempts.assigned_at, attempts.started_at)
    of_newest = of_newest.where(attempts.task.in_(select(newest.c.sequence)))
    for task, agent, assigned_at, started_at in view.connection.execute(
        of_newest.order_by(attempts.task, attempts.attempt)
    ):
        tries.setdefault(task, []).append(Try(agent, assigned_at, started_at))
    return [
        Ended(kind, phase == "completed", code, submitted_at, closed_at, tries.get(sequence, []))
        for sequence, kind, phase, code, submitted_at, closed_at in view.connection.execute(select(newest))
    ]


def queued(view: View) -> tuple[list[Waiting], float]:
    """What waits longest, by needs, the most wanted first; and for how many tasks each of those stands."""
    tasks, phases = view.tasks.tasks.c, view.tasks.phases.c
    oldest = select(tasks.task_id, tasks.skills, tasks.updated_at).where(tasks.phase == "queued")
    found: dict[str, Waiting] = {}
    for task_id, skills, since in view.connection.execute(oldest.order_by(tasks.submitted_at).limit(SAMPLE)):
        known = found.get(skills)
        if known is None:
            found[skills] = Waiting(sorted(_skills.decode(skills)), 1, task_id, since)
            continue
        known.tasks += 1
        if since < known.since:
            known.first, known.since = task_id, since
    number = view.connection.scalar(select(func.coalesce(func.sum(phases.tasks), 0)).where(phases.phase == "queued"))
    sampled = sum(each.tasks for each in found.values())
    return sorted(found.values(), key=lambda each: -each.tasks), max(1.0, int(number or 0) / max(1, sampled))


def _need(view: View, waiting: Waiting, scale: float, now: float) -> Need:
    profiles, skills, tallies = view.agents.profiles, view.agents.skills.c, view.tasks.tallies
    left = profiles.c.slots - func.coalesce(tallies.c.open, 0)
    able = select(
        func.count(),
        func.coalesce(func.sum(profiles.c.slots), 0),
        func.coalesce(func.sum(case((left > 0, left), else_=0)), 0),
    ).select_from(profiles.outerjoin(tallies, tallies.c.agent_id == profiles.c.agent_id))
    able = able.where(profiles.c.registered.is_(True))
    registered = select(profiles.c.agent_id).where(profiles.c.registered.is_(True))
    unknown: list[str] = []
    if waiting.skills:
        wanted = skills.skill.in_(waiting.skills)
        have_all = select(skills.agent_id).where(wanted).group_by(skills.agent_id)
        able = able.where(profiles.c.agent_id.in_(have_all.having(func.count() == len(waiting.skills))))
        known = select(skills.skill).where(wanted, skills.agent_id.in_(registered)).distinct()
        unknown = sorted(set(waiting.skills) - set(view.connection.scalars(known)))
    agents, slots, free = view.connection.execute(able).one()
    oldest = round(max(0.0, now - waiting.since), 3)
    return Need(waiting.skills, round(waiting.tasks * scale), oldest, int(agents), int(slots), int(free), unknown)
