"""The library's own test cases for recorders, as it ships them, against a real server."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    ProcessRecorder,
    TrackingRecorder,
)
from eventsourcing.tests import persistence
from eventsourcing.utils import Environment

from podium.eventstore import (
    JetStreamAggregateRecorder,
    JetStreamApplicationRecorder,
    JetStreamFactory,
    JetStreamProcessRecorder,
    JetStreamTrackingRecorder,
)

from .counters import Counters


class OnJetStream:
    """Gives a test case recorders of a factory of its own."""

    @pytest.fixture(autouse=True)
    def _a_factory(self, environment: Environment):
        self.env = environment
        self.made = JetStreamFactory(environment)
        yield
        self.made.close()


class TestAggregateRecorder(OnJetStream, persistence.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return self.made.aggregate_recorder()


class TestAggregateRecorderOfTextIds(TestAggregateRecorder):
    def new_originator_id(self) -> UUID | str:
        return f"account.{uuid4()} *>%/é="


class TestApplicationRecorder(OnJetStream, persistence.ApplicationRecorderTestCase):
    def create_recorder(self) -> ApplicationRecorder:
        return self.made.application_recorder()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestApplicationRecorderOfTextIds(TestApplicationRecorder):
    def new_originator_id(self) -> UUID | str:
        return f"account-{uuid4()}"


class TestTrackingRecorder(OnJetStream, persistence.TrackingRecorderTestCase):
    def create_recorder(self) -> TrackingRecorder:
        return self.made.tracking_recorder()


class TestProcessRecorder(OnJetStream, persistence.ProcessRecorderTestCase):
    def create_recorder(self) -> ProcessRecorder:
        return self.made.process_recorder()


class TestProcessRecorderAsTrackingRecorder(OnJetStream, persistence.TrackingRecorderTestCase):
    def create_recorder(self) -> TrackingRecorder:
        return self.made.process_recorder()


class TestProcessRecorderAsApplicationRecorder(OnJetStream, persistence.ApplicationRecorderTestCase):
    def create_recorder(self) -> ApplicationRecorder:
        return self.made.process_recorder()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(OnJetStream, persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> ApplicationRecorder:
        return self.made.application_recorder()


class TestInfrastructureFactory(persistence.InfrastructureFactoryTestCase[JetStreamFactory]):
    @pytest.fixture(autouse=True)
    def _environment(self, environment: Environment):
        self.env = environment

    def expected_factory_class(self):
        return JetStreamFactory

    def expected_aggregate_recorder_class(self):
        return JetStreamAggregateRecorder

    def expected_application_recorder_class(self):
        return JetStreamApplicationRecorder

    def expected_tracking_recorder_class(self):
        return JetStreamTrackingRecorder

    def tracking_recorder_subclass(self):
        return Counters

    def expected_process_recorder_class(self):
        return JetStreamProcessRecorder
