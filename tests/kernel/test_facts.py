"""Events of other services are read as far as they are looked at, and no fault comes of the rest."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct

from podium.contracts.catalogue import EVENT_UNIONS
from podium.contracts.envelope import Event
from podium.contracts.examples import EVENT_EXAMPLES
from podium.kernel.facts import FactReader


class Began(Event, frozen=True, tag="task_started"):
    """Less than there is."""

    agent: str


EXAMPLE = EVENT_EXAMPLES["podium.task_started.v1"]
STARTED = msgspec.json.encode(EXAMPLE)


def test_a_struct_of_its_own_has_only_the_fields_that_are_looked_at():
    fact = FactReader("router", (Began,)).decode(STARTED)
    assert (fact.subject, fact.time, fact.data) == (EXAMPLE.subject, EXAMPLE.time, Began("echo-1"))


def test_without_a_name_everything_is_read():
    reader = FactReader("router", ())
    for type, envelope in EVENT_EXAMPLES.items():
        if envelope.source == "/podium/router/0":
            data: Struct = reader.decode(msgspec.json.encode(envelope)).data
            assert isinstance(data, EVENT_UNIONS["router"]), type


def test_what_is_younger_than_the_program_is_no_fault():
    reader = FactReader("router", (Began,))
    younger = STARTED.replace(b'"task_started"', b'"task_begun"').replace(b"task_started.v1", b"task_begun.v1")
    with pytest.raises(msgspec.ValidationError):
        reader.decode(younger)
    assert reader.is_younger(younger)
    assert not reader.is_younger(b"{}")
    assert not reader.is_younger(STARTED.replace(b'"agent"', b'"agents"'))
