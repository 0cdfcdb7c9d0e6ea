"""What an audit says at its end, for people and for programs."""

from __future__ import annotations

from msgspec import Struct

from .finding import Finding

MOST_SHOWN = 50
"""Findings that people are shown; programs get all of them."""


class HeldPosition(Struct, frozen=True):
    """A snapshot that was compared with the log, and its place in it."""

    service: str
    partition: int
    position: int


class Report(Struct, omit_defaults=True):
    """What was looked at, and what was found.

    Attributes:
        events: service → how many there are in its log.
        future: events of types that this version does not know.
        commands: accepted, refused, unknown → how many of the commands that clients told of.
        states: snapshots that were compared.
        rows: of the read models that were compared; None if they were not looked at.
    """

    clean: bool
    seconds: float
    events: dict[str, int]
    future: int
    commands: dict[str, int]
    states: list[HeldPosition]
    rows: int | None
    findings: list[Finding]


def in_words(report: Report) -> list[str]:
    """A line for each thing that was looked at, and then for each finding."""
    lines = [f"{count:,} events of {service}" for service, count in report.events.items()]
    if report.future:
        lines.append(f"{report.future:,} events of types that this version does not know")
    if report.commands:
        heard = ", ".join(f"{count:,} {outcome}" for outcome, count in report.commands.items())
        lines.append(f"commands: {heard}")
    lines += [f"the state of {h.service}-{h.partition} at event {h.position}" for h in report.states]
    if report.rows is not None:
        lines.append(f"{report.rows:,} rows of the read models")
    for finding in report.findings[:MOST_SHOWN]:
        event = f" ({finding.id})" if finding.id else ""
        place = f"{finding.service or '-'} {finding.sequence if finding.sequence is not None else '-'}{event}"
        lines.append(f"{finding.check}: {place}: {finding.message}")
    if len(report.findings) > MOST_SHOWN:
        lines.append(f"… and {len(report.findings) - MOST_SHOWN:,} more; --json shows all")
    lines.append("clean" if report.clean else f"{len(report.findings):,} found")
    return lines
