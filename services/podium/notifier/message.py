"""What a message says, for programs and for people. Pure."""

from __future__ import annotations

import hashlib
import hmac
from email.message import EmailMessage
from typing import Any, Final

import msgspec

from podium.contracts.alerts import AlertBrief, NotificationQueued, Why
from podium.contracts.channels import Email
from podium.contracts.hooks import Ending, RunEndQueued, TaskEndQueued

_WHY: Final[dict[Why, str]] = {
    "raised": "",
    "again": "still open: ",
    "escalated": "nobody has acknowledged: ",
    "resolved": "resolved: ",
}

_ENDED: Final[dict[Ending, str]] = {
    "completed": "is completed",
    "failed": "has failed",
    "cancelled": "was cancelled",
}

Message = NotificationQueued | TaskEndQueued | RunEndQueued


def sentence(event: Message) -> str:
    """The message in one line."""
    if isinstance(event, TaskEndQueued):
        code = f": {event.code}" if event.code else ""
        return f"task {event.task} {_ENDED[event.ending]}{code}"
    if isinstance(event, RunEndQueued):
        code = f": {event.code}" if event.code else ""
        return f"run {event.run} of {event.workflow or 'a workflow'} {_ENDED[event.ending]}{code}"
    first = event.alerts[0].title if event.alerts else ""
    more = f" and {event.total - 1:,} more" if event.total > 1 else ""
    return f"[{event.severity}] {_WHY[event.why]}{first}{more}"


def text(event: Message) -> str:
    """The message with a line for each alert that it names."""
    if isinstance(event, TaskEndQueued):
        by = f" by {event.agent}" if event.agent else ""
        return f"{sentence(event)}\n\nkind {event.kind or 'unknown'}{by}"
    if isinstance(event, RunEndQueued):
        where = f"step {event.step}" if event.step else ""
        took = f"after {event.duration:g} s" if event.duration is not None else ""
        return "\n\n".join(filter(None, (sentence(event), " ".join(filter(None, (where, took))))))
    lines = [sentence(event), "", *(_line(brief) for brief in event.alerts)]
    if event.total > len(event.alerts):
        lines.append(f"... and {event.total - len(event.alerts):,} more")
    return "\n".join(lines)


def body(notification: str, event: Message) -> bytes:
    """The JSON of a webhook."""
    return msgspec.json.encode({"notification": notification, **msgspec.to_builtins(event)})


def slack_body(event: Message) -> bytes:
    return msgspec.json.encode({"text": text(event)})


def signature(secret: str, timestamp: int, content: bytes) -> str:
    """`sha256=` and the HMAC of `<timestamp>.<body>`: a receiver also sees to it that the time is not long past."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + content, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def email(notification: str, event: Message, channel: Email, domain: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(sentence(event).split())[:200]
    message["From"], message["To"] = channel.sender, ", ".join(channel.to)
    message["Message-ID"] = f"<{notification}@{domain}>"
    message.set_content(text(event))
    return message


def _line(brief: AlertBrief) -> str:
    times = f" ({brief.count} times)" if brief.count > 1 else ""
    labels: dict[str, Any] = brief.labels
    about = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return f"- {brief.title}{times} [{about}]"
