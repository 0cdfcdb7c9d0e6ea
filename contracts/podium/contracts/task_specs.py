"""What a task asks for: who may do it, how often it is tried, in what time."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Raw, Struct

from .agents import Amount, Level, Priority
from .names import Name, Text
from .personal import PersonalJSON

Strategy = Literal["round_robin", "least_loaded", "best_score", "optimal", "adaptive"]
"""How the agent is chosen among those that are able and free."""

Seconds = Annotated[float, Meta(gt=0.0)]
JSON_NULL: Final = Raw(b"null")


class Constraints(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an agent must satisfy, whatever its score.

    Attributes:
        max_response_time: seconds; the agent's mean duration of attempts so far must not exceed it.
        required_model: the agent's model, exactly.
        min_reliability: the agent's share of attempts that completed, 0–1.
        agents: only these, if any are named.
        min_level: the least level in each required skill.
    """

    max_response_time: Seconds | None = None
    required_model: Text | None = None
    min_reliability: Level | None = None
    agents: list[Name] = []
    min_level: Level = 0.0


class Retry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When an attempt fails, how often and how soon again.

    The n-th retry waits `delay` seconds (`fixed`) or `delay * 2**(n-1)` (`exponential`), at the most
    `max_delay`, plus or minus up to the share `jitter` of it.
    """

    max_attempts: Annotated[int, Meta(ge=1, le=1000)] = 3
    backoff: Literal["fixed", "exponential"] = "exponential"
    delay: Annotated[float, Meta(ge=0.0)] = 1.0
    max_delay: Seconds = 60.0
    jitter: Level = 0.1


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Seconds an attempt may take: from assignment to start, from start to its report, without a heartbeat
    of its agent (for agents that send any), and without progress. None leaves it to the settings of router and health.
    """

    start: Seconds | None = None
    finish: Seconds | None = None
    heartbeat: Seconds | None = None
    progress: Seconds | None = None


class TaskSpec(Struct, frozen=True, gc=False, omit_defaults=True):
    """What is to be done.

    Attributes:
        kind: what sort of task, for people, statistics and learning.
        skills: all of these the agent must have; none means any agent.
        input: any JSON; handed to the agent as it is.
        deadline: seconds since the epoch, UTC; past it the task fails.
        estimated_duration: seconds.
        resources: what of the agent's resources it takes up, by name.
        input_schema, output_schema: JSON Schemas (2020-12); what is sealed fits any.
        data_subject: whose data its input is: then the input is sealed (see `personal`).
    """

    kind: Name
    skills: list[Name] = []
    input: PersonalJSON = JSON_NULL
    priority: Priority = 5
    deadline: float | None = None
    estimated_duration: Seconds | None = None
    constraints: Constraints = Constraints()
    resources: dict[Name, Amount] = {}
    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    strategy: Strategy | None = None
    input_schema: dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    metadata: dict[str, Any] = {}
    data_subject: Name | None = None
