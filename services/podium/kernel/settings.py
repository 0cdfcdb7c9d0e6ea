"""What can be set, read once: `PODIUM_…` variables, or a file named by `PODIUM_CONFIG` (KEY=value lines)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from podium.contracts.names import NAME_PATTERN
from podium.contracts.subjects import DEFAULT_PREFIX


def _says(description: str) -> Any:
    return Field(description=description)


class Login(TypedDict):
    """Who a service is to the server; all None where the server asks nobody."""

    user: str | None
    password: str | None
    user_credentials: str | None


class Settings(BaseSettings):
    """What every service is told. Each field is the variable `PODIUM_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix="PODIUM_", env_file=os.environ.get("PODIUM_CONFIG"), extra="ignore", env_nested_delimiter="__"
    )

    nats: Annotated[str, _says("the NATS server's address; several with commas")] = "nats://127.0.0.1:4222"
    credentials: Annotated[Path | None, _says("a NATS credentials file (needs the package nkeys)")] = None
    user: Annotated[str | None, _says("NATS user name")] = None
    password: Annotated[str | None, _says("NATS password")] = None
    prefix: Annotated[str, Field(pattern=NAME_PATTERN), _says("first token of every subject")] = DEFAULT_PREFIX
    replicas: Annotated[Literal[1, 3, 5], _says("copies of each stream; more than 1 needs a cluster")] = 1
    queue_limit: Annotated[
        int, Field(ge=1), _says("commands that may wait for a service; beyond, publishers get an error")
    ] = 1_000_000
    queue_bytes: Annotated[int, Field(ge=1 << 20), _says("bytes of commands that may wait")] = 256 << 20
    snapshot_every: Annotated[int, Field(ge=1000), _says("events between two snapshots")] = 100_000
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _says("what is logged to stderr")] = "info"
    log_format: Annotated[Literal["text", "json"], _says("lines for people or for programs")] = "text"

    def login(self) -> Login:
        """What `connect` needs to be let in."""
        credentials = None if self.credentials is None else str(self.credentials)
        return Login(user=self.user, password=self.password, user_credentials=credentials)

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
