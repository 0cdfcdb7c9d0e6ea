"""What health can be told, read once: `PODIUM_HEALTH_…` variables, or the file that `PODIUM_CONFIG` names."""

from __future__ import annotations

import os
from typing import Annotated, Any, Self, get_args

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from podium.contracts.thresholds import Metric


def _says(description: str) -> Any:
    return Field(description=description)


Share = Annotated[float, Field(ge=0.0, le=1.0)]
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

    window: Annotated[Seconds, _says("over which metrics are measured")] = 60.0
    check_interval: Annotated[Seconds, _says("between two measurements")] = 5.0
    least_samples: Annotated[int, Field(ge=1), _says("attempts or tasks that must have ended to say anything")] = 10
    clear_share: Annotated[
        float, Field(gt=0.0, le=1.0), _says("of a limit, below which a value must fall to be well again")
    ] = 0.9
    foresight: Annotated[
        bool, _says("tell of metrics of everything and of skills that are unusual, or will cross a limit")
    ] = True
    anomaly_score: Annotated[Share, _says("from which on a value is unusual; 0.5 is worth a look")] = 0.75
    forecast_horizon: Annotated[Seconds, _says("within which a limit must be crossed to be told of")] = 3600.0
    cpu_warning: Annotated[Share, _says("used share of the processor that is a warning")] = 0.8
    cpu_critical: Annotated[Share, _says("... that is critical")] = 0.95
    memory_warning: Annotated[Share, _says("used share of memory that is a warning")] = 0.85
    memory_critical: Annotated[Share, _says("... that is critical")] = 0.95
    error_rate_warning: Annotated[Share, _says("share of attempts that fail that is a warning")] = 0.05
    error_rate_critical: Annotated[Share, _says("... that is critical")] = 0.25
    task_failure_rate_warning: Annotated[Share, _says("share of tasks that fail that is a warning")] = 0.1
    task_failure_rate_critical: Annotated[Share, _says("... that is critical")] = 0.5
    duration_warning: Annotated[Seconds, _says("mean seconds of an attempt that are a warning")] = 60.0
    duration_critical: Annotated[Seconds, _says("... that are critical")] = 300.0
    queue_warning: Annotated[int, Field(ge=1), _says("tasks that wait that are a warning")] = 800_000
    queue_critical: Annotated[int, Field(ge=1), _says("... that are critical")] = 950_000

    @model_validator(mode="after")
    def _check_levels(self) -> Self:
        if self.lost_phi < self.suspect_phi:
            raise ValueError(f"lost_phi {self.lost_phi:g} is below suspect_phi {self.suspect_phi:g}")
        for metric in get_args(Metric):
            if getattr(self, f"{metric}_critical") < getattr(self, f"{metric}_warning"):
                raise ValueError(f"{metric}_critical is below {metric}_warning")
        return self
