"""What can be set, read once: `PODIUM_…` variables, or a file named by `PODIUM_CONFIG` (KEY=value lines)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from podium.contracts.names import NAME_PATTERN
from podium.contracts.subjects import DEFAULT_PREFIX


class Settings(BaseSettings):
    """What every service is told. Each field is the variable `PODIUM_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix="PODIUM_", env_file=os.environ.get("PODIUM_CONFIG"), extra="ignore", env_nested_delimiter="__"
    )

    nats: str = Field("nats://127.0.0.1:4222", description="the NATS server's address; several with commas")
    credentials: Path | None = Field(None, description="a NATS credentials file")
    user: str | None = Field(None, description="NATS user name")
    password: str | None = Field(None, description="NATS password")
    prefix: Annotated[str, Field(pattern=NAME_PATTERN)] = Field(
        DEFAULT_PREFIX, description="first token of every subject; systems with different ones share a server"
    )
    replicas: Literal[1, 3, 5] = Field(1, description="copies of each stream; more than 1 needs a cluster")
    partitions: Annotated[int, Field(ge=1, le=64)] = Field(1, description="partitions of each service")
    queue_limit: Annotated[int, Field(ge=1)] = Field(
        1_000_000, description="commands that may wait for a service; beyond, publishers get an error"
    )
    queue_bytes: Annotated[int, Field(ge=1 << 20)] = Field(1 << 30, description="bytes of commands that may wait")
    snapshot_every: Annotated[int, Field(ge=1000)] = Field(100_000, description="events between snapshots")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="what is logged to stderr")
    log_format: Literal["text", "json"] = Field("text", description="lines for people or for programs")

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value


def describe(settings: type[BaseSettings]) -> str:
    """The variables of a settings class with defaults and meanings, a line each."""
    prefix = settings.model_config.get("env_prefix", "")
    rows = [
        (f"{prefix}{name.upper()}", "" if field.default is None else str(field.default), field.description or "")
        for name, field in settings.model_fields.items()
    ]
    width = max(len(name) for name, _, _ in rows)
    return "\n".join(
        f"  {name:<{width}}  {meaning}{f' [{default}]' if default else ''}" for name, default, meaning in rows
    )
