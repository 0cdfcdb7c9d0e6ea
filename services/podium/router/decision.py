"""Why this agent: a choice put into words and numbers."""

from __future__ import annotations

from typing import NamedTuple

from podium.contracts.risks import risks_of_limits
from podium.contracts.tasks import Candidate, Decision

from .agents import Track
from .choice import Choice
from .fleet import Fleet
from .outlook import Expected
from .phases import Delayed, Job, Queued
from .scoring import Fits

_UNTRIED = Track()


def record(
    choice: Choice,
    task: Queued | Delayed,
    fleet: Fleet,
    fits: Fits,
    track: Track | None,
    outlook: Expected | None,
    finish_within: float | None,
    now: float,
) -> Decision:
    """`track` and `outlook` are the chosen agent's; `finish_within`: seconds that the attempt may take."""
    job = task.job
    strategy = choice.strategy or fits.strategy(job.needs)
    weight, names = fits.skill_weight, fleet.names
    skill_of, load_of = choice.fit.skill.item, fleet.costs["least_loaded"].item
    candidates: list[Candidate] = []
    for place in choice.best:
        skill, load = skill_of(place), load_of(place)
        score = weight * skill + (1.0 - weight) * (1.0 - load)
        candidates.append(Candidate(names[place], _short(score), _short(skill), _short(load)))
    track = track or _UNTRIED
    times = _times(job, track, outlook)
    expected = None if times.middle is None else now + times.middle
    interval = None if times.low is None or times.high is None else (now + times.low, now + times.high)
    risks = _risks_of_trail(task)
    if outlook is None:
        risks = [*_risks_of_track(track), *risks]
        if job.deadline is not None and expected is not None and expected > job.deadline:
            risks.append("expected to end after its deadline")
    else:
        left = None if job.deadline is None else job.deadline - now
        level = outlook.prediction.level
        risks = [*outlook.risks, *risks, *risks_of_limits(times.high, level, left, finish_within)]
    return Decision(
        strategy=strategy,
        agents=fleet.registered,
        able=choice.fit.able,
        eligible=choice.eligible,
        candidates=candidates,
        ruled_out=choice.ruled_out,
        reasons=_reasons(strategy, choice, candidates[0]),
        confidence=_short(track.confidence if outlook is None else outlook.prediction.success),
        expected_duration=times.middle,
        expected_completion=expected,
        completion_interval=interval,
        risks=risks,
        learned=choice.learned,
        prediction=None if outlook is None else outlook.prediction,
    )


class _Times(NamedTuple):
    """Seconds that an attempt is expected to take, and between which limits; None where nothing is known."""

    middle: float | None
    low: float | None = None
    high: float | None = None


def _times(job: Job, track: Track, outlook: Expected | None) -> _Times:
    """As predicted; else by the agent's track; else by the task's own estimate."""
    if outlook is not None and outlook.prediction.duration is not None:
        return _Times(outlook.prediction.duration, outlook.prediction.low, outlook.prediction.high)
    mean = track.mean if track.completed else job.estimated_duration
    if (deviation := track.deviation) is None:
        return _Times(mean)
    return _Times(mean, max(0.0, track.mean - 2.0 * deviation), track.mean + 2.0 * deviation)


def _reasons(strategy: str, choice: Choice, chosen: Candidate) -> list[str]:
    skill, load = chosen.skill, chosen.load
    if choice.eligible == 1:
        return [f"the only able and free agent: skill {skill:.2f}, load {load:.2f}"]
    among = f"of {choice.eligible} able and free agents"
    if choice.learned is not None and strategy == "adaptive":
        if choice.learned.tried:
            return [f"tried to learn more of it, {among}"]
        return [f"expected to succeed soonest {among}"]
    if strategy == "optimal":
        return [f"its part of the best assignment of all that wait, {among}: skill {skill:.2f}, load {load:.2f}"]
    if strategy == "best_score":
        said = f"best {among}: skill {skill:.2f}, load {load:.2f}"
    elif strategy == "least_loaded":
        said = f"least loaded {among}: load {load:.2f}"
    else:
        said = f"longest without a task {among}"
    if choice.ties == 1:
        return [said]
    return [said, f"{choice.ties} were equal; it was longest without a task"]


def _risks_of_track(track: Track) -> list[str]:
    ended = track.completed + track.failed
    if not ended:
        return ["no track record yet"]
    return [f"it failed {track.failed} of {ended} attempts"] if 2 * track.failed > ended else []


def _risks_of_trail(task: Queued | Delayed) -> list[str]:
    trail = task.trail
    if not trail.failed_by:
        return []
    return [f"attempt {trail.attempt + 1}: {', '.join(trail.failed_by[-3:])} failed before"]


def _short(share: float) -> float:
    """To four places. The function `round` takes ten times as long."""
    return int(share * 10_000.0 + 0.5) / 10_000.0
