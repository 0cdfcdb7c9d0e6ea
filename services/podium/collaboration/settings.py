"""What the collaboration service can be told, read once: `PODIUM_COLLABORATION_…` variables, or a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LEAST_KEY: Final = 32


def says(description: str) -> Any:
    return Field(description=description)


class CollaborationSettings(BaseSettings):
    """Each field is the variable `PODIUM_COLLABORATION_<FIELD>`; durations are in seconds."""

    model_config = SettingsConfigDict(
        env_prefix="PODIUM_COLLABORATION_", env_file=os.environ.get("PODIUM_CONFIG"), extra="ignore", frozen=True
    )

    ballot_key: Annotated[
        SecretStr | None, says("what the papers of secret ballots are sealed with: at least 32 characters")
    ] = None
    ballot_key_file: Annotated[Path | None, says("a file that holds it; `podium up` makes one")] = None

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        key = self.key()
        if key is not None and len(key) < LEAST_KEY:
            raise ValueError(f"the key of secret ballots has {len(key)} characters, not {LEAST_KEY} or more")
        return self

    def key(self) -> str | None:
        """The key of secret ballots.

        Raises:
            ValueError: its file cannot be read.
        """
        if self.ballot_key is not None:
            return self.ballot_key.get_secret_value()
        if self.ballot_key_file is None:
            return None
        try:
            return self.ballot_key_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{self.ballot_key_file} cannot be read: {error}") from error
