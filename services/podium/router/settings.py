"""What the router can be told, read once: `PODIUM_ROUTER_…` variables, or the file that `PODIUM_CONFIG` names."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from podium.contracts.tasks import Strategy


def _says(description: str) -> Any:
    return Field(description=description)


Share = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(gt=0.0)]
Mode = Literal["static", "dynamic", "adaptive"]
"""Static: as the settings say, and nothing is moved. Dynamic: by the load. Adaptive: also by what was learned."""


class RouterSettings(BaseSettings):
    """Each field is the variable `PODIUM_ROUTER_<FIELD>`; durations are in seconds.

    The load of an agent is the sum of four shares, each 0–1, by their weights: its processor, its memory,
    its slots in use, and its mean duration of a task in units of `response_unit`.
    """

    model_config = SettingsConfigDict(
        env_prefix="PODIUM_ROUTER_", env_file=os.environ.get("PODIUM_CONFIG"), extra="ignore", frozen=True
    )

    strategy: Annotated[Strategy, _says("how an agent is chosen for a task that does not say")] = "best_score"
    mode: Annotated[
        Mode, _says("static: nothing is moved; dynamic: by load; adaptive: tasks that do not say go by `adaptive`")
    ] = "dynamic"
    exploration: Annotated[Share, _says("share of adaptive choices, at the most, that try who may be better")] = 0.1
    decay: Annotated[
        float,
        Field(ge=0.5, lt=1.0),
        _says("how much what is known of an agent still counts after four more attempts, in adaptive"),
    ] = 0.95
    rebalance: Annotated[bool, _says("whether work that was assigned and not begun moves to who has more room")] = True
    rebalance_after: Annotated[
        float, Field(ge=0.1), _says("from an assignment, not begun, to the first look at that, and between looks")
    ] = 5.0
    rebalance_threshold: Annotated[
        float, Field(gt=0.0, le=1.0), _says("difference in shares of used slots from which on it moves")
    ] = 0.5
    skill_weight: Annotated[Share, _says("share of skill in best_score; the rest is freedom from load")] = 0.5
    load_cpu: Annotated[Share, _says("weight of the processor in the load")] = 0.3
    load_memory: Annotated[Share, _says("weight of memory in the load")] = 0.3
    load_active: Annotated[Share, _says("weight of the slots in use in the load")] = 0.2
    load_response: Annotated[Share, _says("weight of the mean duration in the load")] = 0.2
    response_unit: Annotated[Seconds, _says("mean duration that counts as fully loaded")] = 1.0

    start_timeout: Annotated[Seconds | None, _says("from an assignment to its start")] = 30.0
    finish_timeout: Annotated[Seconds | None, _says("from a start to its report")] = 3600.0
    heartbeat_timeout: Annotated[
        Seconds, _says("without a heartbeat, of agents that send any; three of the agent's own intervals if longer")
    ] = 10.0
    urgency_window: Annotated[
        float, Field(ge=0.0), _says("so long before its deadline a task goes before all others")
    ] = 60.0

    queue_interval: Annotated[
        float | None, Field(gt=0.0), _says("seconds between two words on how long the queue is; none for never")
    ] = 5.0
    queue_limit: Annotated[int, Field(ge=1), _says("tasks that may wait")] = 1_000_000
    principal_queue_limit: Annotated[int | None, Field(ge=1), _says("tasks of one principal that may wait")] = None
    principal_running_limit: Annotated[
        int | None, Field(ge=1), _says("tasks of one principal that agents may have in hand")
    ] = None
    closed_kept: Annotated[
        int, Field(ge=1), _says("closed tasks that are still known; a name older than that is new again")
    ] = 100_000
    agents_kept: Annotated[int, Field(ge=1), _says("agents whose track record is kept; the idlest goes first")] = (
        100_000
    )
    seed: Annotated[int, _says("of the jitter of retries")] = 0

    @model_validator(mode="after")
    def _check_weights(self) -> Self:
        total = self.load_cpu + self.load_memory + self.load_active + self.load_response
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"the four load weights add up to {total:g}, not to 1")
        return self
