"""Bad input at random: everything that `tests/bad_input.py` lists, and what hypothesis makes of it."""

from __future__ import annotations

import json
import random
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from podium.contracts.catalogue import COMMANDS
from tests.bad_input import AGAINST_THE_RULES, BAD_BODIES


class Nonsense(NamedTuple):
    """A command that some service should refuse, or might have to accept; the audit knows either way."""

    service: str
    entity: str
    command: str
    body: bytes


_LISTED = st.sampled_from([Nonsense(bad.service, bad.entity, bad.command, bad.body) for bad in BAD_BODIES])
_AGAINST = st.sampled_from([Nonsense(bad.service, bad.entity, bad.command, bad.body) for bad in AGAINST_THE_RULES])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
_BODIES = st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode())
_ANY_COMMAND = st.sampled_from([(service, command) for service, commands in COMMANDS.items() for command in commands])


def _addressed(to: tuple[str, str], entity: str, body: bytes) -> Nonsense:
    return Nonsense(to[0], entity, to[1], body)


_MADE = st.builds(_addressed, _ANY_COMMAND, st.sampled_from(["n1", "n2", "n3"]), _BODIES)


def nonsense(number: int, seeded: int) -> list[Nonsense]:
    """So many of them; the same for the same seed."""
    found: list[Nonsense] = []

    @seed(seeded)
    @settings(
        max_examples=number,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(_LISTED | _AGAINST | _MADE)
    def collect(made: Nonsense) -> None:
        found.append(made)

    collect()
    random.Random(seeded).shuffle(found)
    return found
