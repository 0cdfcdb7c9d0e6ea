"""What can be set for the keeper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from podium.kernel.settings import Settings as KernelSettings
from podium.runtime.settings import says

KEY_FILE = "audit-key.pem"


class Settings(KernelSettings):
    """What the keeper is told, beside what every service is. Each field is the variable `PODIUM_<FIELD>`."""

    data: Annotated[Path, says(f"directory in which {KEY_FILE} is, unless `audit_key` names a file")] = Path(
        "podium-data"
    )
    audit_key: Annotated[
        Path | None, says("the Ed25519 key, PEM, that signs checkpoints of the logs; it is made where there is none")
    ] = None
    checkpoint_seconds: Annotated[float, Field(ge=1.0), says("seconds between two checkpoints, if events came")] = 60.0

    @property
    def key_file(self) -> Path:
        return self.audit_key or self.data / KEY_FILE
