"""Data subjects: once one is forgotten, it stays so."""

from __future__ import annotations

from collections.abc import Container

from podium.contracts.forgetting import ForgetSubject, SubjectForgotten


def decide(name: str, forgotten: Container[str], command: ForgetSubject) -> list[SubjectForgotten]:
    """Nobody needs to be known to be forgotten: whose data is sealed, the registry is never told."""
    return [] if name in forgotten else [SubjectForgotten(command.reason)]
