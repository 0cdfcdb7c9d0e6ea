"""One try to deliver a message by a channel. It blocks: the notifier gives each try a thread."""

from __future__ import annotations

import os
import smtplib
import ssl
import time
from email.message import EmailMessage
from http.client import HTTPException, HTTPMessage
from typing import IO, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from podium.contracts.channels import Channel, Email, Slack, Webhook

from .message import Message, body, email, signature, slack_body

TRY_SECONDS: Final = 10.0
AGENT: Final = "podium"
SECRET: Final = "PODIUM_SECRET_"  # noqa: S105 - the name's beginning, not a secret
_AGAIN: Final = frozenset({408, 425, 429})
"""Answers of the 400s that may be others the next time."""


class Undelivered(Exception):
    """It did not arrive; `final`: it will not, however often it is tried."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class _Stay(HTTPRedirectHandler):
    """Who signs a message for one address does not send it to another."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def deliver(notification: str, event: Message, channel: Channel) -> None:
    """Raises: Undelivered"""
    match channel:
        case Webhook():
            _post(channel.url, body(notification, event), notification, _secret(channel.secret))
        case Slack():
            url = channel.url or _secret(channel.secret)
            if url is None:
                raise Undelivered("the channel has neither a url nor a secret", final=True)
            _post(url, slack_body(event), notification, None)
        case Email():
            domain = channel.sender.rpartition("@")[2] or AGENT
            _mail(email(notification, event, channel, domain), channel)


def _secret(name: str | None) -> str | None:
    """Raises: Undelivered if it is not there; it may be after a restart."""
    if name is None:
        return None
    value = os.environ.get(SECRET + name)
    if value is None:
        raise Undelivered(f"the notifier has no variable {SECRET}{name}")
    return value


def _post(url: str, content: bytes, notification: str, secret: str | None) -> None:
    if not url.startswith(("http://", "https://")):
        raise Undelivered("the address is not http or https", final=True)
    headers = {"Content-Type": "application/json", "User-Agent": AGENT, "Podium-Notification": notification}
    if secret is not None:
        timestamp = int(time.time())
        headers |= {"Podium-Timestamp": str(timestamp), "Podium-Signature": signature(secret, timestamp, content)}
    request = Request(url, data=content, headers=headers, method="POST")  # noqa: S310 - looked at above
    try:
        with build_opener(_Stay).open(request, timeout=TRY_SECONDS) as answer:
            answer.read(1024)
    except HTTPError as error:
        final = 300 <= error.code < 500 and error.code not in _AGAIN
        error.close()
        raise Undelivered(f"HTTP {error.code}", final=final) from error
    except (URLError, HTTPException, OSError) as error:
        raise Undelivered(str(getattr(error, "reason", error)) or type(error).__name__) from error


def _mail(message: EmailMessage, channel: Email) -> None:
    password = _secret(channel.secret)
    try:
        with smtplib.SMTP(channel.host, channel.port, timeout=TRY_SECONDS) as server:
            if channel.starttls:
                server.starttls(context=ssl.create_default_context())
            if channel.user is not None:
                server.login(channel.user, password or "")
            server.send_message(message)
    except smtplib.SMTPResponseException as error:
        text = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise Undelivered(f"SMTP {error.smtp_code} {text}", final=500 <= error.smtp_code < 600) from error
    except smtplib.SMTPRecipientsRefused as error:
        final = all(500 <= code < 600 for code, _ in error.recipients.values())
        raise Undelivered(f"refused for {', '.join(error.recipients)}", final=final) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered(str(error) or type(error).__name__) from error
