"""Mail as real servers want it: over TLS, with a login, and refused for good or for now."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from podium.contracts.alerts import AlertBrief, NotificationQueued
from podium.contracts.channels import Email
from podium.notifier.channels import Undelivered, deliver
from tests.system.receivers import MailServer

LOGIN = ("podium", "a password")
BRIEF = AlertBrief("disk", "the disk is full", "critical", {})
EVENT = NotificationQueued(channel="mail", queue="q/k", why="raised", severity="critical", total=1, alerts=[BRIEF])


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context whose certificate this process trusts."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(address, critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = tmp_path / "server.pem", tmp_path / "server.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form, clear = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, clear))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context


async def send(server: MailServer, **fields: object) -> None:
    given = {"host": "127.0.0.1", "sender": "podium@example.org", "to": ["ops@example.org"], "port": server.port}
    await asyncio.to_thread(deliver, "notification-1", EVENT, Email(**(given | fields)))  # type: ignore[arg-type]


async def test_over_tls_with_a_login(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_SECRET_MAIL", LOGIN[1])
    async with MailServer(tls, LOGIN) as server:
        await send(server, starttls=True, user=LOGIN[0], secret="MAIL")
        (mail,) = await server.mailed(1)
    assert server.users == ["podium"]
    assert b"the disk is full" in mail
    assert server.mails[0].rcpt_tos == ["ops@example.org"]


async def test_a_wrong_password_is_final(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_SECRET_MAIL", "another")
    async with MailServer(tls, LOGIN) as server:
        with pytest.raises(Undelivered, match="SMTP 535") as refused:
            await send(server, starttls=True, user=LOGIN[0], secret="MAIL")
    assert refused.value.final
    assert server.mails == []


async def test_a_server_that_wants_tls_gets_nothing_without(tls: ssl.SSLContext) -> None:
    async with MailServer(tls) as server:
        with pytest.raises(Undelivered, match="SMTP 530"):
            await send(server)


async def test_a_certificate_that_is_not_known_is_not_trusted(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with MailServer(tls) as server:
        with pytest.raises(Undelivered, match="certificate verify failed") as refused:
            await send(server, starttls=True)
    assert not refused.value.final
