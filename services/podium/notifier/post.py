"""What is to be delivered, as the log says it: folded from health's events, and nothing is kept besides."""

from __future__ import annotations

from msgspec import Struct

from podium.contracts.alerts import DeliveryFailed, NotificationDelivered, NotificationDropped, NotificationQueued
from podium.contracts.channels import Channel, ChannelDefined, ChannelRemoved
from podium.contracts.hooks import RunEndQueued, TaskEndQueued

from .message import Message


class Parcel(Struct):
    """`attempt`: the number of the next try, which is due at `at` (seconds since the epoch, UTC)."""

    event: Message
    attempt: int = 1
    at: float = 0.0


class Post:
    """
    Attributes:
        channels: by name.
        parcels: what has not arrived, by the notification's name.
    """

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.parcels: dict[str, Parcel] = {}

    def fold(self, entity: str, event: Struct | None) -> None:
        match event:
            case ChannelDefined():
                self.channels[entity] = event.channel
            case ChannelRemoved():
                self.channels.pop(entity, None)
                gone = [name for name, parcel in self.parcels.items() if parcel.event.channel == entity]
                for name in gone:
                    del self.parcels[name]
            case NotificationQueued() | TaskEndQueued() | RunEndQueued():
                self.parcels[entity] = Parcel(event)
            case DeliveryFailed():
                if (parcel := self.parcels.get(entity)) is not None:
                    parcel.attempt, parcel.at = event.attempt + 1, event.retry_at
            case NotificationDelivered() | NotificationDropped():
                self.parcels.pop(entity, None)
            case _:
                pass

    def due(self, now: float) -> list[str]:
        """What may be tried now, the oldest first."""
        return [name for name, parcel in self.parcels.items() if parcel.at <= now]

    def next_time(self) -> float | None:
        return min((parcel.at for parcel in self.parcels.values()), default=None)
