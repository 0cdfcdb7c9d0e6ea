"""JetStream as an event store for applications of the eventsourcing library: `PERSISTENCE_MODULE=podium.eventstore`."""
