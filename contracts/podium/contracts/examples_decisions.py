"""Examples of how agents decide together, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import examples_ballots, examples_bargaining
from .query import Answer, Query
from .subjects import Service

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (*examples_ballots.COMMANDS, *examples_bargaining.COMMANDS)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (*examples_ballots.EVENTS, *examples_bargaining.EVENTS)

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {**examples_ballots.QUERIES, **examples_bargaining.QUERIES}
