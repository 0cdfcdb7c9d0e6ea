"""How the run went, computed from its story. Numbers only; `paper` writes them down for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, quantiles

import msgspec
from msgspec import Struct

from .agents import Role
from .analysis import SKILLS
from .findings import AnyFinding, Unreadable
from .story import Attempt, Story, TaskStory
from .survey import Survey


class Share(Struct, frozen=True):
    """What an agent did; `working` is the seconds from start to report of all that it completed, summed."""

    agent: str
    skills: dict[str, float]
    slots: int
    tasks: int
    by_skill: dict[str, int]
    working: float
    lost: int
    killed: bool


class Lost(Struct, frozen=True):
    """An attempt that the kill cost; seconds since the kill until it was noticed, given to another, and done."""

    task_id: str
    attempt: int
    started: bool
    code: str
    noticed: float
    reassigned: float | None
    to: str | None
    done: float | None


class Kill(Struct, frozen=True):
    """`after`: seconds since the first task was submitted; `held`: open attempts as the conductor knew them then."""

    agent: str
    at: float
    after: float
    held: int
    finished: int
    lost: list[Lost]


class Spread(Struct, frozen=True):
    """Seconds between two moments of a task's life."""

    p50: float
    p90: float
    p99: float
    max: float


class Tally(Struct, frozen=True):
    """Tasks by what became of them.

    Attributes:
        results: results that are there, each of the right module.
        twice: tasks that were completed more than once.
        extra: attempts beyond one for each task.
        agreed: tasks that the read model has as completed.
    """

    submitted: int
    completed: int
    failed: int
    results: int
    twice: int
    attempts: int
    extra: int
    agreed: int


class Report(Struct, frozen=True):
    """All of it. Times in seconds.

    Attributes:
        complete: every task was completed, exactly once, and its result is there.
        evenness: of the tasks for each slot over all agents: 1 if all are equal, 1/n if one does everything
            (R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness and Discrimination", DEC TR-301, 1984).
        seconds: until `podium` and then the `agents` were up, of the `work`, and in `total`.
        latencies: from a task's submission to its first assignment (`waited`), from assignment to start
            (`handed`), from start to done (`worked`), and from submission to done (`whole`).
        restarts: what died and was started again, as podium told.
    """

    complete: bool
    tally: Tally
    survey: Survey
    agents: list[Share]
    evenness: float
    kill: Kill | None
    seconds: dict[str, float]
    tasks_per_second: float
    latencies: dict[str, Spread]
    failed: dict[str, str]
    restarts: list[str]
    reopen: str
    ask: list[str]


def results(story: Story) -> dict[str, AnyFinding]:
    """The result of each task that has one of its own skill and module, by task."""
    found: dict[str, AnyFinding] = {}
    for task_id, task in story.tasks.items():
        if not task.outputs:
            continue
        finding = msgspec.json.decode(task.outputs[0], type=AnyFinding)
        of_the_skill = isinstance(finding, Unreadable) or finding.__struct_config__.tag == task.job.skill
        if of_the_skill and finding.module == task.job.module.name:
            found[task_id] = finding
    return found


def tally(story: Story, found: Mapping[str, AnyFinding], agreed: int) -> Tally:
    tasks = story.tasks.values()
    attempts = sum(len(task.attempts) for task in tasks)
    return Tally(
        submitted=sum(task.submitted_at is not None for task in tasks),
        completed=sum(task.phase == "completed" for task in tasks),
        failed=sum(task.phase in ("failed", "cancelled") for task in tasks),
        results=len(found),
        twice=sum(len(task.outputs) > 1 for task in tasks),
        attempts=attempts,
        extra=sum(max(len(task.attempts) - 1, 0) for task in tasks),
        agreed=agreed,
    )


def shares(story: Story, roles: Mapping[str, Role], killed: str | None) -> list[Share]:
    rows: list[Share] = []
    for name, role in roles.items():
        agent = story.agent(name)
        by_skill = {skill: agent.done[skill] for skill in SKILLS if agent.done[skill]}
        rows.append(
            Share(
                agent=name,
                skills=dict(role.levels),
                slots=role.slots,
                tasks=agent.done.total(),
                by_skill=by_skill,
                working=agent.working,
                lost=agent.lost,
                killed=name == killed,
            )
        )
    return rows


def evenness(shares: Sequence[Share]) -> float:
    loads = [share.tasks / share.slots for share in shares]
    squares = sum(load * load for load in loads)
    return sum(loads) ** 2 / (len(loads) * squares) if squares else 1.0


def kill_cost(story: Story, agent: str, at: float, held: int, finished: int) -> Kill:
    """What became of the attempts that the agent had when it was killed."""
    began = min((task.submitted_at for task in story.tasks.values() if task.submitted_at is not None), default=at)
    lost = [
        _lost(task_id, task, attempt, at)
        for task_id, task in story.tasks.items()
        for attempt in task.attempts
        if attempt.agent == agent and attempt.ending != "completed" and (attempt.ended_at or at) >= at
    ]
    return Kill(agent, at, at - began, held, finished, sorted(lost, key=lambda of: of.noticed))


def _lost(task_id: str, task: TaskStory, attempt: Attempt, at: float) -> Lost:
    after = next((other for other in task.attempts if other.number > attempt.number), None)
    done = next((other.ended_at for other in task.attempts if other.ending == "completed"), None)
    return Lost(
        task_id=task_id,
        attempt=attempt.number,
        started=attempt.started_at is not None,
        code=attempt.ending or "open",
        noticed=(attempt.ended_at or story_end(task)) - at,
        reassigned=after.assigned_at - at if after is not None else None,
        to=after.agent if after is not None else None,
        done=done - at if done is not None else None,
    )


def story_end(task: TaskStory) -> float:
    """The time of the last thing that is known of a task's attempts."""
    times = (time for of in task.attempts for time in (of.assigned_at, of.started_at, of.ended_at) if time is not None)
    return max(times)


def latencies(story: Story) -> dict[str, Spread]:
    waited: list[float] = []
    handed: list[float] = []
    worked: list[float] = []
    whole: list[float] = []
    for task in story.tasks.values():
        if task.submitted_at is None or not task.attempts:
            continue
        waited.append(task.attempts[0].assigned_at - task.submitted_at)
        handed += [of.started_at - of.assigned_at for of in task.attempts if of.started_at is not None]
        for attempt in task.attempts:
            if attempt.ending == "completed" and attempt.ended_at is not None and attempt.started_at is not None:
                worked.append(attempt.ended_at - attempt.started_at)
                whole.append(attempt.ended_at - task.submitted_at)
    return {"waited": spread(waited), "handed": spread(handed), "worked": spread(worked), "whole": spread(whole)}


def spread(seconds: Sequence[float]) -> Spread:
    if len(seconds) < 2:
        only = mean(seconds) if seconds else 0.0
        return Spread(only, only, only, only)
    cuts = quantiles(seconds, n=100, method="inclusive")
    return Spread(cuts[49], cuts[89], cuts[98], max(seconds))
