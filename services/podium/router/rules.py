"""What the rules of a task's life need to know besides the task."""

from __future__ import annotations

from msgspec import Struct

from .schemas import Schemas
from .settings import RouterSettings


class Rules(Struct, frozen=True):
    settings: RouterSettings
    schemas: Schemas
