"""Health's words: who is alive, who makes progress, and what is done about it."""

from __future__ import annotations

from typing import Literal

from .alerts import AlertCommand, AlertEvent
from .envelope import Event
from .names import RecordedName
from .pools import PoolCommand, PoolEvent
from .recovery import RecoveryCommand, RecoveryEvent
from .thresholds import ThresholdEvent

Doubt = Literal["suspected", "lost", "stalled"]
"""What may be wrong with an agent that was well."""


class AgentSuspected(Event, frozen=True, tag="agent_suspected"):
    """It promised heartbeats and is late with them: it gets no new work, and keeps what it has.

    Attributes:
        silence: seconds since it was heard.
        phi: how sure it is that it is gone: a living agent is silent for so long after one beat in 10**phi.
        interval: mean seconds between its beats.
        loss: share of its beats that is lost on the way, 0–1.
    """

    silence: float
    phi: float
    interval: float
    loss: float


class AgentLost(Event, frozen=True, tag="agent_lost"):
    """It is taken for dead: what it had is done elsewhere.

    Attributes:
        silence, phi, interval, loss: as in `agent_suspected`.
        tasks: what it had in hand, as far as health knew.
    """

    silence: float
    phi: float
    interval: float
    loss: float
    tasks: list[RecordedName]


class AgentStalled(Event, frozen=True, tag="agent_stalled"):
    """It beats, and makes no progress with a task for longer than the task allows.

    Attributes:
        idle: seconds without progress.
        limit: the task's own `timeouts.progress`, or the setting.
    """

    task: RecordedName
    attempt: int
    idle: float
    limit: float


class AgentRecovered(Event, frozen=True, tag="agent_recovered"):
    """It is heard again, or gets on with the task again.

    Attributes:
        was: what it was taken for.
        after: seconds that it was so.
        task, attempt: of one that was stalled.
    """

    was: Doubt
    after: float
    task: RecordedName | None = None
    attempt: int | None = None


LivenessEvent = AgentSuspected | AgentLost | AgentStalled | AgentRecovered
HealthEvent = LivenessEvent | RecoveryEvent | ThresholdEvent | AlertEvent | PoolEvent
HealthCommand = RecoveryCommand | AlertCommand | PoolCommand
