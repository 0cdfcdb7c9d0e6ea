"""What the collaboration service can be told, read once: `PODIUM_COLLABORATION_…` variables, or a file."""

from __future__ import annotations

import os
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def says(description: str) -> Any:
    return Field(description=description)


class CollaborationSettings(BaseSettings):
    """Each field is the variable `PODIUM_COLLABORATION_<FIELD>`; durations are in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="PODIUM_COLLABORATION_", env_file=os.environ.get("PODIUM_CONFIG"), extra="ignore", frozen=True
    )
