"""Ways by which people and programs are told: webhooks, chat, mail."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from .envelope import Command, Event
from .names import Name, Text

# Commands


class Webhook(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="webhook"):
    """A POST of JSON, signed with HMAC-SHA256 if there is a secret.

    Attributes:
        secret: the name of the notifier's variable `PODIUM_SECRET_<secret>`; secrets are never in the log.
    """

    url: Annotated[str, Meta(pattern="^https?://", max_length=2048)]
    secret: Name | None = None


class Slack(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="slack"):
    """A POST of `{"text"}`, as Slack and those that follow it take it.

    Attributes:
        url: or left out, and in the notifier's variable `PODIUM_SECRET_<secret>`.
    """

    url: Annotated[str, Meta(pattern="^https?://", max_length=2048)] | None = None
    secret: Name | None = None


class Email(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="email"):
    """A message through an SMTP server.

    Attributes:
        secret: the password is in the notifier's variable `PODIUM_SECRET_<secret>`.
    """

    host: Annotated[str, Meta(min_length=1, max_length=255)]
    sender: Annotated[str, Meta(pattern="@", max_length=320)]
    to: Annotated[list[Annotated[str, Meta(pattern="@", max_length=320)]], Meta(min_length=1, max_length=50)]
    port: Annotated[int, Meta(ge=1, le=65535)] = 25
    starttls: bool = False
    user: Text | None = None
    secret: Name | None = None


Channel = Webhook | Slack | Email


class DefineChannel(Command, frozen=True, tag="define_channel"):
    """A way to tell people or programs. The entity is the channel."""

    channel: Channel


class RemoveChannel(Command, frozen=True, tag="remove_channel"):
    """Nothing more is sent by it; what waits for it is dropped."""


ChannelCommand = DefineChannel | RemoveChannel


# Events


class ChannelDefined(Event, frozen=True, tag="channel_defined"):
    """A way to tell people or programs."""

    channel: Channel


class ChannelRemoved(Event, frozen=True, tag="channel_removed"):
    """Nothing more is sent by it."""


ChannelEvent = ChannelDefined | ChannelRemoved
