"""One thing that `podium doctor` has looked at."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Status = Literal["ok", "warn", "fail"]


class Check(Struct, frozen=True, omit_defaults=True):
    """One thing looked at; `advice` says what to do where it is not ok."""

    name: str
    status: Status
    message: str
    advice: str = ""
