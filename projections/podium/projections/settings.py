"""What can be set, read once: `PODIUM_…` variables, or a file named by `PODIUM_CONFIG` (KEY=value lines)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from podium.contracts.names import NAME_PATTERN
from podium.contracts.subjects import DEFAULT_PREFIX

DATABASE_FILE = "read-model.db"


def _says(description: str) -> Any:
    return Field(description=description)


class Settings(BaseSettings):
    """What the projections are told. Each field is the variable `PODIUM_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix="PODIUM_", env_file=os.environ.get("PODIUM_CONFIG"), extra="ignore", env_nested_delimiter="__"
    )

    nats: Annotated[str, _says("the NATS server's address; several with commas")] = "nats://127.0.0.1:4222"
    credentials: Annotated[Path | None, _says("a NATS credentials file")] = None
    user: Annotated[str | None, _says("NATS user name")] = None
    password: Annotated[str | None, _says("NATS password")] = None
    prefix: Annotated[str, Field(pattern=NAME_PATTERN), _says("first token of every subject")] = DEFAULT_PREFIX
    data: Annotated[Path, _says("directory of the read model's file")] = Path("podium-data")
    database: Annotated[
        str | None,
        _says(f"sqlite:///file or postgresql+psycopg://user:password@host/name; else {DATABASE_FILE} in `data`"),
    ] = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _says("what is logged to stderr")] = "info"
    log_format: Annotated[Literal["text", "json"], _says("lines for people or for programs")] = "text"

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("database")
    @classmethod
    def _usable(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ValueError("not the address of a database") from error
        if url.drivername not in ("sqlite", "postgresql+psycopg"):
            raise ValueError(f"{url.drivername} is not supported: sqlite:///file or postgresql+psycopg://…")
        if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError("a read model in memory cannot be read by several connections: name a file")
        return value

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.data / DATABASE_FILE).resolve()}"


def describe() -> str:
    """The variables with defaults and meanings, a line each."""
    rows = [
        (f"PODIUM_{name.upper()}", field.description or "", f" [{field.default}]" if field.default is not None else "")
        for name, field in Settings.model_fields.items()
    ]
    width = max(len(name) for name, _, _ in rows)
    return "\n".join(f"  {name:<{width}}  {meaning}{default}" for name, meaning, default in rows)
