"""What can be set for the keeper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

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
    keep_days: Annotated[
        float | None,
        Field(gt=0.0, le=36_525.0),
        says("days that events stay in the streams; older ones are archived, then cut; by default none is"),
    ] = None
    keep_events: Annotated[
        int | None,
        Field(ge=1),
        says("newest events of each stream that stay; with `keep_days` both keep what they keep"),
    ] = None
    archive: Annotated[
        str | None,
        Field(min_length=1, validate_default=True),
        says("where events are archived before they are cut: a directory, or `objects` for the server's object store"),
    ] = None
    cut_seconds: Annotated[float, Field(ge=10.0), says("seconds between two looks for events that are to be cut")] = (
        86_400.0
    )

    @field_validator("archive")
    @classmethod
    def _somewhere(cls, archive: str | None, info: ValidationInfo) -> str | None:
        if archive is None and (info.data.get("keep_days") or info.data.get("keep_events")):
            raise ValueError("must say where events are archived that are to be cut, a directory or `objects`")
        return archive

    @property
    def cut_to(self) -> str | None:
        """Where events are archived that are cut; None where nothing is cut."""
        return self.archive if self.keep_days is not None or self.keep_events is not None else None

    @property
    def key_file(self) -> Path:
        return self.audit_key or self.data / KEY_FILE
