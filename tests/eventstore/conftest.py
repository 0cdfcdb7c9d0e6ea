"""The environment of an application on the shared server, below a prefix of the test's own."""

from __future__ import annotations

import pytest
from eventsourcing.utils import Environment

from podium.contracts.subjects import Subjects
from tests.nats_server import NatsServer


@pytest.fixture
def environment(shared_nats: NatsServer, subjects: Subjects) -> Environment:
    return Environment(
        env={
            "PERSISTENCE_MODULE": "podium.eventstore",
            "NATS_URL": shared_nats.url,
            "NATS_PREFIX": subjects.prefix,
            "NATS_TIMEOUT": "60",
        }
    )
