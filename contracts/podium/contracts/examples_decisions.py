"""Examples of how agents decide together, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import examples_ballots
from .query import Answer, Query
from .subjects import Service

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (*examples_ballots.COMMANDS,)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (*examples_ballots.EVENTS,)

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {**examples_ballots.QUERIES}
