"""Examples of what is said of data subjects, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import forgetting
from .subjects import Service

_REASON: Final = "asked for by letter 2026-117"

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (("ops", "person-17", forgetting.ForgetSubject(reason=_REASON)),)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    ("registry", "person-17", "ops", forgetting.SubjectForgotten(reason=_REASON)),
)
