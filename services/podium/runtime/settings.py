"""What every process is told, once: `PODIUM_…` variables, or a file named by `PODIUM_CONFIG` (KEY=value lines)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from podium.contracts.names import NAME_PATTERN
from podium.contracts.subjects import DEFAULT_PREFIX


def says(description: str) -> Any:
    """What a setting means, for `--help`."""
    return Field(description=description)


class Login(TypedDict):
    """Who a process is to the server; all None where the server asks nobody."""

    user: str | None
    password: str | None
    user_credentials: str | None


class ProcessSettings(BaseSettings):
    """Each field is the variable `PODIUM_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix="PODIUM_", env_file=os.environ.get("PODIUM_CONFIG"), extra="ignore", env_nested_delimiter="__"
    )

    nats: Annotated[str, says("the NATS server's address; several with commas")] = "nats://127.0.0.1:4222"
    credentials: Annotated[Path | None, says("a NATS credentials file (needs the package nkeys)")] = None
    user: Annotated[str | None, says("NATS user name")] = None
    password: Annotated[str | None, says("NATS password")] = None
    prefix: Annotated[str, Field(pattern=NAME_PATTERN), says("first token of every subject")] = DEFAULT_PREFIX
    log_level: Annotated[Literal["debug", "info", "warning", "error"], says("what is logged to stderr")] = "info"
    log_format: Annotated[Literal["text", "json"], says("lines for people or for programs")] = "text"

    def login(self) -> Login:
        """What `connect` needs to be let in."""
        credentials = None if self.credentials is None else str(self.credentials)
        return Login(user=self.user, password=self.password, user_credentials=credentials)

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value


def describe(settings: type[BaseSettings], beyond: type[BaseSettings] = BaseSettings) -> str:
    """The variables of a settings class with defaults and meanings, a line each; without those of `beyond`."""
    prefix = settings.model_config.get("env_prefix", "")
    rows = [
        (f"{prefix}{name.upper()}", "" if field.default is None else str(field.default), field.description or "")
        for name, field in settings.model_fields.items()
        if name not in beyond.model_fields
    ]
    width = max((len(name) for name, _, _ in rows), default=0)
    return "\n".join(
        f"  {name:<{width}}  {meaning}{f' [{default}]' if default else ''}" for name, default, meaning in rows
    )
