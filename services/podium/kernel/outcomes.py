"""Which commands are already done: what makes a command that comes twice happen once."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from podium.contracts.outcomes import AcceptedOutcome, EventRef, Outcome, RefusedOutcome

WINDOW_COMMANDS: Final = 100_000
WINDOW_SECONDS: Final = 900.0
LIMIT: Final = 2_000_000
"""The most commands that are remembered, so that a long rush cannot take all memory (about 0.3 KB each)."""


class Done(Struct, frozen=True, gc=False):
    """A command's events in the log: the place of the last one, and `(type, entity)` of each."""

    sequence: int
    events: tuple[tuple[str, str], ...]
    refusal: RefusedOutcome | None = None


class OutcomeTable:
    """The outcomes of the last `WINDOW_COMMANDS` commands or `WINDOW_SECONDS`, whichever is more.

    Two generations: the older one is dropped whole when the younger has the window's size, so that
    forgetting costs nothing.
    """

    def __init__(self, commands: int = WINDOW_COMMANDS, seconds: float = WINDOW_SECONDS, limit: int = LIMIT) -> None:
        self._commands = commands
        self._seconds = seconds
        self._limit = limit
        self._young: dict[str, Done] = {}
        self._old: dict[str, Done] = {}
        self._since: float | None = None

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, command_id: str) -> Done | None:
        return self._young.get(command_id) or self._old.get(command_id)

    def add(self, command_id: str, done: Done, at: float) -> None:
        """Remember a command whose last event is of the time `at`."""
        if self._since is None:
            self._since = at
        size = len(self._young)
        if (size >= self._commands and at - self._since >= self._seconds) or size >= self._limit // 2:
            self._old, self._young, self._since = self._young, {}, at
        self._young[command_id] = done

    def settle(self, command_id: str, done: Done) -> None:
        """Put what is known by now in the place of what was added."""
        generation = self._young if command_id in self._young else self._old
        generation[command_id] = done

    def dump(self) -> list[tuple[str, Done]]:
        """Every entry, the oldest first."""
        return [*self._old.items(), *self._young.items()]

    def restore(self, entries: list[tuple[str, Done]], at: float) -> None:
        """The entries of a dump become the older generation."""
        self._old, self._young, self._since = dict(entries), {}, at


def outcome_of(command_id: str, stream: str, done: Done) -> Outcome:
    if done.refusal is not None:
        return done.refusal
    refs = [EventRef(type, subject) for type, subject in done.events]
    return AcceptedOutcome(command_id, stream, done.sequence, refs)
