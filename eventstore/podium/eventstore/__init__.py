"""JetStream as an event store for applications of the eventsourcing library: `PERSISTENCE_MODULE=podium.eventstore`.

Not for services: the library patches the standard library's dataclasses when it is imported.
"""

from .datastore import Datastore
from .factory import JetStreamFactory
from .places import Place
from .recorders import JetStreamAggregateRecorder, JetStreamApplicationRecorder
from .settings import Settings
from .subscriptions import JetStreamSubscription
from .tracking import JetStreamProcessRecorder, JetStreamTrackingRecorder

Factory = JetStreamFactory

__all__ = [
    "Datastore",
    "Factory",
    "JetStreamAggregateRecorder",
    "JetStreamApplicationRecorder",
    "JetStreamFactory",
    "JetStreamProcessRecorder",
    "JetStreamSubscription",
    "JetStreamTrackingRecorder",
    "Place",
    "Settings",
]
