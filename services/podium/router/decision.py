"""Why this agent: a choice put into words and numbers."""

from __future__ import annotations

from podium.contracts.tasks import Candidate, Decision

from .agents import Track
from .choice import Choice
from .fleet import Fleet
from .phases import Delayed, Queued
from .scoring import Fits

_UNTRIED = Track()


def record(
    choice: Choice, task: Queued | Delayed, fleet: Fleet, fits: Fits, track: Track | None, now: float
) -> Decision:
    """`track` is the chosen agent's."""
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
    mean = track.mean if track.completed else job.estimated_duration
    expected = None if mean is None else now + mean
    interval = None
    if (deviation := track.deviation) is not None:
        interval = (now + max(0.0, track.mean - 2.0 * deviation), now + track.mean + 2.0 * deviation)
    return Decision(
        strategy=strategy,
        agents=fleet.registered,
        able=choice.fit.able,
        eligible=choice.eligible,
        candidates=candidates,
        ruled_out=choice.ruled_out,
        reasons=_reasons(strategy, choice, candidates[0]),
        confidence=_short(track.confidence),
        expected_duration=mean,
        expected_completion=expected,
        completion_interval=interval,
        risks=_risks(task, track, expected),
        learned=choice.learned,
    )


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


def _risks(task: Queued | Delayed, track: Track, expected: float | None) -> list[str]:
    risks: list[str] = []
    ended = track.completed + track.failed
    if not ended:
        risks.append("no track record yet")
    elif 2 * track.failed > ended:
        risks.append(f"it failed {track.failed} of {ended} attempts")
    trail = task.trail
    if trail.failed_by:
        risks.append(f"attempt {trail.attempt + 1}: {', '.join(trail.failed_by[-3:])} failed before")
    deadline = task.job.deadline
    if deadline is not None and expected is not None and expected > deadline:
        risks.append("expected to end after its deadline")
    return risks


def _short(share: float) -> float:
    """To four places. The function `round` takes ten times as long."""
    return int(share * 10_000.0 + 0.5) / 10_000.0
