"""What the optimizer can be told, read once: `PODIUM_OPTIMIZER_…` variables, or the file that `PODIUM_CONFIG` names."""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def says(description: str) -> Any:
    return Field(description=description)


Seconds = Annotated[float, Field(gt=0.0)]


class OptimizerSettings(BaseSettings):
    """Each field is the variable `PODIUM_OPTIMIZER_<FIELD>`; durations are in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="PODIUM_OPTIMIZER_", env_file=os.environ.get("PODIUM_CONFIG"), extra="ignore", frozen=True
    )

    publish_interval: Annotated[Seconds, says("between two tables of predictions of the same kind")] = 10.0
    memory: Annotated[float, Field(ge=10.0), says("outcomes of an agent and kind that count; older ones fade")] = 200.0
    half_life: Annotated[Seconds, says("after which an outcome counts half, however few came since")] = 604_800.0
    relationship_half_life: Annotated[Seconds, says("after which what two agents did together counts half")] = (
        2_592_000.0
    )
    replay_buffer: Annotated[int, Field(ge=100), says("attempts that a stage of a policy's trial may take")] = 10_000
    trial_least: Annotated[int, Field(ge=10), says("attempts before a trial is looked at first")] = 200
    threshold: Annotated[
        float, Field(ge=0.0, le=1.0), says("share of today's worth by which a policy in shadow may seem worse at most")
    ] = 0.1
    tune: Annotated[bool, says("whether policies are proposed by the optimizer itself")] = False
    frequency: Annotated[Seconds, says("between two policies that it proposes")] = 7_200.0
    learning_rate: Annotated[
        float, Field(gt=0.0, le=0.5), says("by how much a parameter is moved in such a policy")
    ] = 0.01
    agents_shown: Annotated[int, Field(ge=1, le=2000), says("agents in a table; the busiest are in it")] = 200
    learn_rate: Annotated[
        float, Field(gt=0.0), says("outcomes a second that durations and calibration are learnt from, at the most")
    ] = 50.0
    report_interval: Annotated[Seconds, says("between two reports of how right predictions were")] = 60.0
