"""The recorders of an application, from its environment."""

from __future__ import annotations

from typing import TypeVar

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    ProcessRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic

from .datastore import Datastore
from .places import Place
from .recorders import JetStreamAggregateRecorder, JetStreamApplicationRecorder, StreamRecorder
from .settings import read_settings
from .tracking import JetStreamProcessRecorder, JetStreamTrackingRecorder

R = TypeVar("R", bound=StreamRecorder)


class JetStreamFactory(InfrastructureFactory[JetStreamTrackingRecorder]):
    """All recorders of one application over one connection.

    Raises:
        OSError: an environment variable has a value that cannot be.
    """

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        self.datastore = Datastore(read_settings(self.env))

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        return self._recorder(JetStreamAggregateRecorder, purpose)

    def application_recorder(self) -> ApplicationRecorder:
        return self._recorder(self._chosen(self.APPLICATION_RECORDER_TOPIC, JetStreamApplicationRecorder), "events")

    def tracking_recorder(
        self, tracking_recorder_class: type[JetStreamTrackingRecorder] | None = None
    ) -> JetStreamTrackingRecorder:
        chosen = tracking_recorder_class or self._chosen(self.TRACKING_RECORDER_TOPIC, JetStreamTrackingRecorder)
        return self._recorder(chosen, "tracking")

    def process_recorder(self) -> ProcessRecorder:
        return self._recorder(self._chosen(self.PROCESS_RECORDER_TOPIC, JetStreamProcessRecorder), "events")

    def close(self) -> None:
        self.datastore.close()

    def _chosen(self, key: str, default: type[R]) -> type[R]:
        """The class that the environment names, a kind of the default one."""
        topic = self.env.get(key)
        if not topic:
            return default
        chosen: object = resolve_topic(topic)
        if not (isinstance(chosen, type) and issubclass(chosen, default)):
            raise OSError(f"Environment value for key '{key}' is invalid: {topic!r} is no {default.__name__}")
        return chosen

    def _recorder(self, recorder_class: type[R], purpose: str) -> R:
        recorder = recorder_class(self.datastore, Place(self.datastore.settings.prefix, self.env.name, purpose))
        if self.datastore.settings.create:
            recorder.create_table()
        return recorder
