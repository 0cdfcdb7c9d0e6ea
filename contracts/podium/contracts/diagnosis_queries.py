"""What holds work up: the question, and the answer with what to do about it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .query import Answer, Query

Stage = Literal["queueing", "starting", "running", "repeating"]
"""`queueing`: until an agent was chosen. `starting`: until it began. `running`: until the result. `repeating`: all
that attempts before the last one took, and the waiting between them.
"""

FindingCode = Literal[
    "no_agent",
    "no_slots",
    "held",
    "blocked",
    "slow_agent",
    "long_queue",
    "late_start",
    "repeated",
    "failing",
    "agents_lost",
    "agents_stalled",
    "stopped",
]


class Spread(Struct, frozen=True):
    """Seconds: the median, and what 95 of 100 do not exceed; `share` of the whole time of such tasks, 0–1."""

    p50: float
    p95: float
    share: float


class KindTimes(Struct, frozen=True):
    """Where the time of tasks of a kind went, of those that completed.

    Attributes:
        tasks: how many those are; `failed`: how many failed beside them.
        total: seconds from submission to the result.
    """

    kind: str
    tasks: int
    failed: int
    stages: dict[Stage, Spread]
    total: Spread


class Need(Struct, frozen=True, omit_defaults=True):
    """Skills that tasks need which wait for an agent.

    Attributes:
        skills: all of these; none means that any agent will do.
        waiting: how many such tasks wait; estimated from those that wait longest if there are very many.
        oldest: seconds for which the first of them has waited.
        agents, slots, free: agents that have all the skills, what they take at once, and what of that is left.
        unknown: the skills that no agent has.
        reasons: why the first one waits, as its router says.
    """

    skills: list[str]
    waiting: int
    oldest: float
    agents: int
    slots: int
    free: int
    unknown: list[str] = []
    reasons: list[str] = []


class SlowAgent(Struct, frozen=True):
    """`median`: seconds of its completed attempts of the kind; `others`: of everybody else's."""

    agent_id: str
    kind: str
    attempts: int
    median: float
    others: float


class Finding(Struct, frozen=True, omit_defaults=True):
    """One thing that holds work up.

    Attributes:
        code: what it is, for programs; `message`: in words.
        about: the skill, agent or kind.
        advice: what to do.
    """

    code: FindingCode
    severity: Literal["info", "warning", "critical"]
    message: str
    advice: str
    about: str = ""


class DiagnosisAnswer(Answer, frozen=True, kw_only=True):
    """
    Attributes:
        window: seconds that were looked at.
        sampled: tasks that ended in it and were looked at, the newest ones.
        waiting: tasks that wait for an agent, of all kinds.
        findings: the gravest first; empty if nothing holds work up.
    """

    window: float
    sampled: int
    waiting: int
    findings: list[Finding]
    kinds: list[KindTimes]
    needs: list[Need]
    slow: list[SlowAgent]


class Diagnose(Query, frozen=True, kw_only=True):
    """What holds work up: which skills lack agents, which agents are slow, where the time goes, and what to do.

    It looks at the newest 2,000 tasks that ended within the window and at the 2,000 that wait longest, so it
    costs the same however many there are.
    """

    wire = "health.diagnose"
    answer = DiagnosisAnswer

    window: Annotated[float, Meta(ge=1.0, le=86_400.0)] = 900.0
