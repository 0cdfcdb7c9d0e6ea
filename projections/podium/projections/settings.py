"""What can be set for the projections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from podium.runtime.settings import ProcessSettings, says

DATABASE_FILE = "read-model.db"


class Settings(ProcessSettings):
    """What the projections are told. Each field is the variable `PODIUM_<FIELD>`."""

    data: Annotated[Path, says("directory of the read model's file")] = Path("podium-data")
    database: Annotated[
        str | None,
        says(f"sqlite:///file or postgresql+psycopg://user:password@host/name; else {DATABASE_FILE} in `data`"),
    ] = None

    copy_every: Annotated[
        int,
        Field(ge=1_000),
        says("events between two copies of the read model, from which the past is answered"),
    ] = 5_000
    copies: Annotated[
        int, Field(ge=0), says("copies to keep, at the most; the older, the further apart; 0 makes none")
    ] = 200

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

    @property
    def database_file(self) -> Path | None:
        """The file of a read model in SQLite."""
        url = make_url(self.database_url)
        return Path(url.database or "").resolve() if url.drivername == "sqlite" else None
