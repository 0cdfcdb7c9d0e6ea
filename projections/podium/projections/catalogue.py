"""The one table of projections: a new one is added here, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from podium.contracts.subjects import Service

from .agents import Agents
from .asks import Asks
from .commands import Commands
from .decisions import Decisions
from .documents import Documents
from .events import Events
from .health import Health
from .learning import Learning
from .messages import Messages
from .policies import Policies
from .projection import Projection
from .relationships import Relationships
from .schedules import Schedules
from .sessions import Sessions
from .tasks_table import Tasks
from .teams import Teams
from .workflows import Workflows

PROJECTIONS: Final[Mapping[str, type[Projection]]] = MappingProxyType(
    {
        projection.name: projection
        for projection in (
            Agents,
            Tasks,
            Events,
            Health,
            Workflows,
            Documents,
            Commands,
            Schedules,
            Sessions,
            Decisions,
            Asks,
            Messages,
            Teams,
            Policies,
            Relationships,
            Learning,
        )
    }
)

SERVICES: Final[tuple[Service, ...]] = tuple(
    dict.fromkeys(service for projection in PROJECTIONS.values() for service in projection.services)
)
"""Whose events are read."""
