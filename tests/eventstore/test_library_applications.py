"""The library's own test cases for applications and projections, as it ships them, against a real server."""

from __future__ import annotations

from typing import ClassVar

import pytest
from eventsourcing.tests import application, projection
from eventsourcing.utils import Environment, get_topic

from podium.eventstore import JetStreamFactory

from .counters import Counters


@pytest.fixture
def in_the_environment(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user sets it: an application that is given nothing runs on JetStream."""
    for key, value in environment.items():
        monkeypatch.setenv(key, value)


@pytest.mark.usefixtures("in_the_environment")
class TestExampleApplication(application.ExampleApplicationTestCase):
    expected_factory_topic = get_topic(JetStreamFactory)


@pytest.mark.usefixtures("in_the_environment")
@pytest.mark.filterwarnings("default::DeprecationWarning")  # one of the cases looks whether the library warns
class TestApplication(application.ApplicationTestCase):
    pass


class TestEventCountersView(projection.EventCountersViewTestCase):
    @pytest.fixture(autouse=True)
    def _a_factory(self, environment: Environment):
        self.factory = JetStreamFactory(environment)
        yield
        self.factory.close()

    def construct_event_counters_view(self) -> projection.EventCountersView:
        view = self.factory.tracking_recorder(Counters)
        assert isinstance(view, Counters)
        return view


class TestAggregateEventCountersProjection(projection.AggregateEventCountersProjectionTestCase):
    view_class = Counters

    @pytest.fixture(autouse=True)
    def _environment(self, environment: Environment):
        type(self).env = environment


class TestEventSourcedProjection(projection.EventSourcedProjectionTestCase):
    env: ClassVar[dict[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _environment(self, environment: Environment):
        type(self).env = environment
