"""Why a task is with this agent, or why it waits."""

from __future__ import annotations

from msgspec import Struct

from .learned import Learned
from .names import RecordedName
from .predictions import Prediction
from .task_specs import Strategy


class Candidate(Struct, frozen=True, gc=False, omit_defaults=True):
    """An agent that was considered, with the parts of its score.

    Attributes:
        score: higher is better; `skill_weight * skill + (1 - skill_weight) * (1 - load)`.
        skill: mean level in the required skills, 0–1.
        load: 0–1; cpu, memory, active tasks and response time, weighted.
    """

    agent: RecordedName
    score: float
    skill: float
    load: float


class Decision(Struct, frozen=True, gc=False, omit_defaults=True):
    """Why this agent and not another, as it was known at that moment.

    Attributes:
        agents: how many were registered.
        able: how many of them satisfy the task's requirements.
        eligible: how many of the able could take it at once.
        candidates: the best of the eligible, the chosen one first.
        ruled_out: how many for what reason, such as `{"lacks skill": 3, "no free slot": 2}`.
        reasons: the choice in words.
        confidence: how likely the attempt completes, 0–1: as predicted; where nothing is, the chosen agent's share of
            attempts that completed, with one success and one failure assumed beforehand (Laplace's rule of succession).
        expected_duration: seconds; the prediction's median, else the agent's mean so far, else the task's own estimate.
        expected_completion: seconds since the epoch, UTC; the interval is the prediction's, else the mean plus or minus
            two standard deviations.
        risks: what speaks against it, in words with numbers.
        learned: how a policy came to it; None where none was asked.
        prediction: what the optimizer expected of the attempt; None where it knew nothing of the kind.
    """

    strategy: Strategy
    agents: int
    able: int
    eligible: int
    candidates: list[Candidate]
    ruled_out: dict[str, int] = {}
    reasons: list[str] = []
    confidence: float | None = None
    expected_duration: float | None = None
    expected_completion: float | None = None
    completion_interval: tuple[float, float] | None = None
    risks: list[str] = []
    learned: Learned | None = None
    prediction: Prediction | None = None


class Waiting(Struct, frozen=True, omit_defaults=True):
    """Why a task has no agent, as its router's partition knows it now.

    Attributes:
        phase: `queued`, `delayed`, `paused`, or what else the task is.
        reasons: in words, such as `no agent has skill parse` or `3 able agents, 0 free slots`.
        ahead: how many tasks with the same requirements go first.
        until: seconds since the epoch, UTC, when it becomes due.
    """

    phase: str
    reasons: list[str]
    ahead: int | None = None
    until: float | None = None
