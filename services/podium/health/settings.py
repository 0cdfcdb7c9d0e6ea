"""What health can be told, read once: `PODIUM_HEALTH_…` variables, or the file that `PODIUM_CONFIG` names."""

from __future__ import annotations

import os
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _says(description: str) -> Any:
    return Field(description=description)


Seconds = Annotated[float, Field(gt=0.0)]


class HealthSettings(BaseSettings):
    """Each field is the variable `PODIUM_HEALTH_<FIELD>`; durations are in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="PODIUM_HEALTH_", env_file=os.environ.get("PODIUM_CONFIG"), extra="ignore", frozen=True
    )

    suspect_phi: Annotated[
        float, Field(gt=0.0, le=100.0), _says("an agent is suspected when so sure: wrongly once in 10**phi beats")
    ] = 6.0
    lost_phi: Annotated[
        float, Field(gt=0.0, le=100.0), _says("an agent is lost when so sure: wrongly once in 10**phi beats")
    ] = 9.5
    first_beat: Annotated[Seconds, _says("from an agent's registration to its first heartbeat")] = 10.0
    hush: Annotated[
        Seconds, _says("if of three or more agents nobody is heard any more, nobody is lost before so long a silence")
    ] = 15.0
    stall_timeout: Annotated[
        Seconds | None, _says("without progress, of a task that says nothing of it; none for no limit")
    ] = None

    breaker_failures: Annotated[
        int, Field(ge=1), _says("failed attempts of an agent that open its breaker; twice as many open a skill's")
    ] = 5
    breaker_share: Annotated[
        float, Field(gt=0.0, le=1.0), _says("and so large a share of all its attempts must have failed")
    ] = 0.5
    breaker_window: Annotated[Seconds, _says("within which they must have failed")] = 60.0
    breaker_open: Annotated[Seconds, _says("until it is tried again; twice as long each time that this fails")] = 30.0
    breaker_longest: Annotated[Seconds, _says("until it is tried again, at the most")] = 600.0

    @model_validator(mode="after")
    def _check_levels(self) -> Self:
        if self.lost_phi < self.suspect_phi:
            raise ValueError(f"lost_phi {self.lost_phi:g} is below suspect_phi {self.suspect_phi:g}")
        return self
