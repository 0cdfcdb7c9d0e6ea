"""What is done once and ends: keys, exports, and their proof."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError

from podium.contracts.catalogue import EVENT_UNIONS
from podium.contracts.subjects import Subjects
from podium.runtime.connection import connect, disconnect
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.times import to_text

from . import lines
from .export import Exporter, NoKeeper
from .keys import BadKey, in_pem, in_text, make_key, read_public
from .ledger import event_streams
from .record import Line
from .settings import Settings
from .verify import Verdict, Verifier

CONNECT_SECONDS: Final = 5.0
WHOLE, NOT_WHOLE = 0, 1


class CannotRun(Exception):
    """Nothing can be said; the message says why, in a sentence."""


def key(asked: argparse.Namespace, settings: Settings) -> int:
    """Print a public key, of a new one or of the one that the settings name.

    Raises:
        BadKey
    """
    new: Path | None = asked.new
    if new is None and not settings.key_file.exists():
        raise BadKey(f"{settings.key_file} is not there: name the keeper's PODIUM_DATA or PODIUM_AUDIT_KEY")
    public = make_key(new).public_key() if new is not None else read_public(settings.key_file)
    print(in_pem(public), end="")
    return 0


def export(asked: argparse.Namespace, settings: Settings) -> int:
    """Raises: CannotRun"""
    subjects, services = Subjects(settings.prefix), list[str](asked.service)
    if unknown := [service for service in services if service not in EVENT_UNIONS]:
        raise CannotRun(f"there is no service {unknown[0]}; there are {', '.join(EVENT_UNIONS)}")
    streams = [subjects.event_stream(service) for service in services] or event_streams(subjects)
    exporter = asyncio.run(_export(asked, settings, streams))
    if asked.output is not None and exporter.closing is not None:
        print(f"{exporter.events:,} events in {asked.output}, signed {to_text(exporter.closing.at)}", file=sys.stderr)
    return 0


async def _export(asked: argparse.Namespace, settings: Settings, streams: list[str]) -> Exporter:
    output: Path | None = asked.output
    async with connected(settings) as (nc, subjects):
        exporter = Exporter(nc, subjects)
        said = exporter.lines(streams, asked.since)
        if output is None:
            await _write(said, sys.stdout, asked.format)
            return exporter
        with written(output) as file:
            await _write(said, file, asked.format)
    return exporter


@contextmanager
def written(output: Path) -> Generator[TextIO]:
    """A file that has its name when all is in it; nothing is left of one that could not be written.

    Raises:
        CannotRun
    """
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("w", newline="", encoding="utf-8") as file:
            yield file
        part.replace(output)
    except OSError as error:
        raise CannotRun(f"{output}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


async def _write(said: AsyncIterator[Line], file: TextIO, format: lines.Format) -> None:
    writer = lines.Writer(file, format)
    async for line in said:
        writer.write(line)


def verify(asked: argparse.Namespace, settings: Settings) -> int:
    """Verify a file; without one, the streams as they are now.

    Raises:
        CannotRun
        BadKey
    """
    file: Path | None = asked.export
    public = in_text(read_public(asked.key)) if asked.key is not None else None
    if file is None:
        verdict = asyncio.run(_verify_streams(settings, public))
    else:
        try:
            with file.open(newline="", encoding="utf-8") as opened:
                verdict = Verifier(public).run(lines.read(opened))
        except OSError as error:
            raise CannotRun(f"{file}: {error.strerror}") from error
    print(msgspec.json.encode(verdict).decode() if asked.json else "\n".join(in_words(verdict, public is not None)))
    return WHOLE if verdict.fault is None else NOT_WHOLE


async def _verify_streams(settings: Settings, public: str | None) -> Verdict:
    """As an export of everything would be verified that is made now."""
    async with connected(settings) as (nc, subjects):
        verifier, number = Verifier(public), 0
        async for line in Exporter(nc, subjects).lines(event_streams(subjects), None):
            number += 1
            if not verifier.add(number, line):
                break
        return verifier.end()


def in_words(verdict: Verdict, key_given: bool) -> list[str]:
    """The verdict for people."""
    if (fault := verdict.fault) is not None:
        place = f"line {fault.line}" if fault.line else "at the end"
        event = f", event {fault.sequence} of {fault.stream}" if fault.stream is not None else ""
        return [f"not as it was signed: {place}{event}: {fault.message}"]
    said = [f"{stream}: events {first:,} to {last:,}" for stream, (first, last) in verdict.proven.items()]
    if verdict.absent:
        said.append(f"not in this export: {', '.join(verdict.absent)}")
    signed = f"{verdict.checkpoints:,} signatures, the last of {to_text(verdict.signed_at or 0.0)}"
    said.append(f"as they were signed: {verdict.events:,} events, {signed}")
    if not key_given:
        said.append(f"signed by {verdict.key}: name your key with --key to know that it is yours")
    return said


@asynccontextmanager
async def connected(settings: Settings) -> AsyncGenerator[tuple[Client, Subjects]]:
    """Raises: CannotRun"""
    try:
        nc = await connect(settings.nats, name="podium-keeper", timeout=CONNECT_SECONDS, **settings.login())
    except ConnectionError as error:
        raise CannotRun(str(error)) from error
    try:
        yield nc, Subjects(settings.prefix)
    except (LogUnavailable, NatsError, NoKeeper) as error:
        raise CannotRun(str(error)) from error
    finally:
        await disconnect(nc)
