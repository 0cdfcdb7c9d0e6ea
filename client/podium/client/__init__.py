"""podium's SDK: a client that sends, asks and follows, and an agent that does the work.

from podium.client import Agent, Client, Task
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ._agent import Agent
    from ._client import Client
    from ._compare import Difference
    from ._events import ReceivedEvent
    from ._options import ProfileOptions, TaskOptions, new_task
    from ._requests import Award, BidRequest, Grant, Insight, Resolution, StandRequest, TurnRequest, VoteRequest
    from ._task import Task
    from .errors import (
        CommandRefused,
        Erased,
        NotAllowed,
        OutcomeUnknown,
        Overloaded,
        PodiumError,
        QueryFailed,
        ServiceUnavailable,
        TaskError,
        TaskFailed,
    )

__all__ = [
    "Agent",
    "Award",
    "BidRequest",
    "Client",
    "CommandRefused",
    "Difference",
    "Erased",
    "Grant",
    "Insight",
    "NotAllowed",
    "OutcomeUnknown",
    "Overloaded",
    "PodiumError",
    "ProfileOptions",
    "QueryFailed",
    "ReceivedEvent",
    "Resolution",
    "ServiceUnavailable",
    "StandRequest",
    "Task",
    "TaskError",
    "TaskFailed",
    "TaskOptions",
    "TurnRequest",
    "VoteRequest",
    "new_task",
]

_HOMES: Final = {
    "Agent": "_agent",
    "Client": "_client",
    "Difference": "_compare",
    "ReceivedEvent": "_events",
    "ProfileOptions": "_options",
    "TaskOptions": "_options",
    "new_task": "_options",
    "Task": "_task",
    **dict.fromkeys(
        ("Award", "BidRequest", "Grant", "Insight", "Resolution", "StandRequest", "TurnRequest", "VoteRequest"),
        "_requests",
    ),
}


def __getattr__(name: str) -> Any:
    """Loads on first use: the command line needs its help before it needs the libraries of the wire."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f".{_HOMES.get(name, 'errors')}", __name__)
    value = globals()[name] = getattr(home, name)
    return value
