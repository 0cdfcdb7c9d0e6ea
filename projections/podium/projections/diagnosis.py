"""What holds work up, found in samples of the read model. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil
from statistics import median
from typing import Final, get_args

from msgspec import Struct

from podium.contracts.diagnosis_queries import Finding, FindingCode, KindTimes, Need, SlowAgent, Spread, Stage
from podium.contracts.health_queries import AgentHealthRow, HoldRow

STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
LONG_ENOUGH: Final = 1.0
"""Seconds: what is over sooner holds nobody up."""

ENOUGH: Final = 5
"""Attempts of an agent, and of the others, before they are compared."""

SLOWER: Final = 2.0
LEAST_SLOWNESS: Final = 0.1
"""Seconds: who takes only so much longer is not slow, whatever the ratio."""

FAILING_SHARE: Final = 0.1
FAILING_LEAST: Final = 10
SOON: Final = 60.0
"""Seconds within which what waits should be done."""

_RANK: Final = {"critical": 0, "warning": 1, "info": 2}


class Try(Struct, frozen=True, gc=False):
    """An attempt; times are seconds since the epoch, UTC."""

    agent: str
    assigned_at: float
    started_at: float | None


class Ended(Struct, frozen=True, gc=False):
    """A task that has ended, and its attempts in order."""

    kind: str
    completed: bool
    code: str | None
    submitted_at: float
    closed_at: float
    tries: list[Try]


def stages_of(task: Ended) -> dict[Stage, float] | None:
    """Seconds of each stage; they add up to the task's whole time. None for one that no agent ever had."""
    if not task.tries:
        return None
    first, last = task.tries[0], task.tries[-1]
    began = last.started_at if last.started_at is not None else last.assigned_at
    return {
        "queueing": max(0.0, first.assigned_at - task.submitted_at),
        "repeating": max(0.0, last.assigned_at - first.assigned_at),
        "starting": max(0.0, began - last.assigned_at),
        "running": max(0.0, task.closed_at - began),
    }


def times_of(tasks: Sequence[Ended]) -> list[KindTimes]:
    """By kind, those with the most tasks first."""
    found: list[KindTimes] = []
    for kind, of_kind in _grouped(tasks, lambda task: task.kind).items():
        times = [stages for task in of_kind if task.completed and (stages := stages_of(task)) is not None]
        failed = sum(not task.completed for task in of_kind)
        if times:
            totals = [sum(stages.values()) for stages in times]
            whole = sum(totals) or 1.0
            spreads: dict[Stage, Spread] = {stage: _spread([each[stage] for each in times], whole) for stage in STAGES}
            found.append(KindTimes(kind, len(times), failed, spreads, _spread(totals, whole)))
    return sorted(found, key=lambda times: (-times.tasks, times.kind))


def slow_agents(tasks: Sequence[Ended]) -> list[SlowAgent]:
    """Who takes at least twice as long as the others for tasks of a kind; the slowest first."""
    found: list[SlowAgent] = []
    for kind, of_kind in _grouped([task for task in tasks if task.completed and task.tries], _kind).items():
        by_agent = _grouped(of_kind, lambda task: task.tries[-1].agent)
        took = {agent: [(stages_of(task) or {})["running"] for task in done] for agent, done in by_agent.items()}
        for agent, own in took.items():
            others = [seconds for other, of_other in took.items() if other != agent for seconds in of_other]
            if len(own) < ENOUGH or len(others) < ENOUGH:
                continue
            mine, theirs = median(own), median(others)
            if mine >= SLOWER * theirs and mine - theirs >= LEAST_SLOWNESS:
                found.append(SlowAgent(agent, kind, len(own), round(mine, 3), round(theirs, 3)))
    return sorted(found, key=lambda slow: slow.others - slow.median)


def findings(
    tasks: Sequence[Ended],
    kinds: Sequence[KindTimes],
    needs: Sequence[Need],
    slow: Sequence[SlowAgent],
    holds: Sequence[HoldRow],
    doubts: Sequence[AgentHealthRow],
) -> list[Finding]:
    """What holds work up and what to do about it, the gravest first."""
    running = {kind.kind: kind.stages["running"].p50 for kind in kinds}
    typical = median(running.values()) if running else None
    found = [
        *_stopped(holds),
        *(finding for need in needs for finding in _of_need(need, holds, typical)),
        *_of_agents(slow, doubts),
        *(finding for times in kinds for finding in _of_times(times)),
        *_failing(tasks),
    ]
    return sorted(found, key=lambda finding: _RANK[finding.severity])


def _stopped(holds: Sequence[HoldRow]) -> Iterator[Finding]:
    for hold in holds:
        if hold.cause == "emergency":
            advice = "when the reason is gone: podium stop --lift --reason ..."
            yield Finding("stopped", "critical", f"everything is stopped by {hold.by}: {hold.reason}", advice)


def _of_need(need: Need, holds: Sequence[HoldRow], typical: float | None) -> Iterator[Finding]:
    if need.oldest < LONG_ENOUGH:
        return
    about = "+".join(need.skills)
    whom = f"for {about}" if about else "for any agent"
    wait = f"{_tasks(need.waiting)} {whom}, the first for {need.oldest:.3g} s"
    held = [
        hold
        for hold in holds
        if hold.cause != "emergency" and (hold.scope == "all" or (hold.scope == "skill" and hold.name in need.skills))
    ]
    if need.agents == 0:
        lacking = " and ".join(need.unknown) if need.unknown else f"all of {about}" if about else ""
        message = f"{wait}: no agent has {lacking}" if lacking else f"{wait}: no agent is registered"
        advice = f"start an agent that has {lacking or 'any skill'}, or cancel them"
        yield Finding("no_agent", "critical", message, advice, about)
    elif held:
        why = ", ".join(f"{hold.scope} {hold.name} ({hold.reason})" for hold in held)
        advice = f"when it is over: podium resume {held[0].name} --scope {held[0].scope} --reason ..."
        yield Finding("held", "warning", f"{wait}: held is {why}", advice, about)
    elif need.free == 0:
        message = f"{wait}: all {need.slots} slots of {_count(need.agents)} are in use"
        yield Finding("no_slots", "warning", message, _more_slots(need, typical), about)
    else:
        why = "; ".join(need.reasons) or "its router does not say why"
        message = f"{wait}, though {need.free} of the {need.slots} slots of {_count(need.agents)} are free: {why}"
        advice = "look at the tasks' constraints and resources, and at holds of the agents: podium health"
        yield Finding("blocked", "warning", message, advice, about)


def _more_slots(need: Need, typical: float | None) -> str:
    if typical is None:
        return "start more agents, or give these more slots"
    more = max(1, ceil(need.waiting * typical / SOON))
    return f"start more agents: with {more} more slots what waits would be done within a minute"


def _of_agents(slow: Sequence[SlowAgent], doubts: Sequence[AgentHealthRow]) -> Iterator[Finding]:
    lost = [row.agent_id for row in doubts if row.standing == "lost"]
    if lost:
        advice = "start them again, or unregister those that are gone for good"
        yield Finding("agents_lost", "warning", f"{_agents(len(lost))} lost: {_some(lost)}", advice, lost[0])
    stalled = [row.agent_id for row in doubts if row.stalled]
    if stalled:
        message = f"{_agents(len(stalled))} beating without getting on: {_some(stalled)}"
        yield Finding("agents_stalled", "warning", message, "look at what they are at: podium health NAME", stalled[0])
    for agent in slow:
        message = (
            f"{agent.agent_id} takes {agent.median:.3g} s for {agent.kind} where others take {agent.others:.3g} s "
            f"({agent.attempts} attempts)"
        )
        advice = f"look at its machine, or keep work from it: podium hold {agent.agent_id} --reason slow"
        yield Finding("slow_agent", "warning", message, advice, agent.agent_id)


_OF_STAGES: Final[Mapping[Stage, tuple[FindingCode, float, str, str]]] = {
    "queueing": ("long_queue", 0.5, "waiting for an agent", "more agents or slots for its skills would help"),
    "starting": (
        "late_start",
        0.3,
        "between assignment and start",
        "agents have more slots than they can begin: give them fewer, or start more agents",
    ),
    "repeating": ("repeated", 0.25, "in attempts that failed", "see why they fail: podium query tasks.list kind=KIND"),
}
"""Stage → its finding's code, from which share of the time on, where the time goes, what to do."""


def _of_times(times: KindTimes) -> Iterator[Finding]:
    for stage, (code, share, where, advice) in _OF_STAGES.items():
        spread = times.stages[stage]
        if spread.share >= share and spread.p95 >= LONG_ENOUGH:
            message = (
                f"{spread.share:.0%} of the time of {times.kind} goes {where}: p50 {spread.p50:.3g} s, "
                f"p95 {spread.p95:.3g} s"
            )
            yield Finding(code, "info", message, advice.replace("KIND", times.kind), times.kind)


def _failing(tasks: Sequence[Ended]) -> Iterator[Finding]:
    for kind, of_kind in _grouped(tasks, _kind).items():
        codes = Counter(task.code or "failed" for task in of_kind if not task.completed)
        failed = codes.total()
        if failed >= FAILING_LEAST and failed >= FAILING_SHARE * len(of_kind):
            [(code, times)] = codes.most_common(1)
            message = f"{failed} of {len(of_kind)} tasks of {kind} failed, {times} of them with {code}"
            advice = f"see the newest: podium query tasks.list kind={kind} phase=failed"
            yield Finding("failing", "warning", message, advice, kind)


def _grouped(tasks: Iterable[Ended], key: Callable[[Ended], str]) -> dict[str, list[Ended]]:
    groups: dict[str, list[Ended]] = {}
    for task in tasks:
        groups.setdefault(key(task), []).append(task)
    return groups


def _kind(task: Ended) -> str:
    return task.kind


def _spread(values: Sequence[float], whole: float) -> Spread:
    """The median and the nearest-rank 95th percentile, and their sum's share of the whole."""
    ordered = sorted(values)
    p95 = ordered[max(0, ceil(0.95 * len(ordered)) - 1)]
    return Spread(round(median(ordered), 4), round(p95, 4), round(sum(ordered) / whole, 4))


def _tasks(number: int) -> str:
    return "1 task waits" if number == 1 else f"{number} tasks wait"


def _count(agents: int) -> str:
    return "1 agent" if agents == 1 else f"{agents} agents"


def _agents(number: int) -> str:
    return f"{_count(number)} {'is' if number == 1 else 'are'}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
