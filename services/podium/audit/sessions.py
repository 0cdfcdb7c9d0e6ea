"""Sessions: each ends once and nothing follows; each phase begins once, with the next number, and is over once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from podium.contracts.phases import PhaseCompleted, PhaseFailed, PhaseStarted, PhaseWithdrawn
from podium.contracts.sessions import SESSION_CLOSING, SessionCreated, SessionEvent

from .finding import Entry, Finding


class _Open(Struct):
    """`phases`: how many have begun; `under_way`: the numbers of those that are not over."""

    phases: int = 0
    under_way: set[int] = set()


class Sessions:
    """A `Rule` of collaboration's log. A name that is free again after a session's end may be another one's."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._serial = 0

    def add(self, entry: Entry) -> Iterator[Finding]:
        if isinstance(entry.data, SessionEvent):
            for message in self._look(entry.envelope.subject, entry.data):
                yield entry.finds("sessions", message)

    def end(self) -> Iterable[Finding]:
        return ()

    def _look(self, name: str, event: SessionEvent) -> Iterator[str]:
        """What is wrong with the event, in sentences; then it is folded."""
        session = self._open.get(name)
        if isinstance(event, SessionCreated):
            if session is not None:
                yield f"{name} is created while it is open"
            self._open[name] = _Open()
            return
        if session is None:
            yield f"{name} is over or never was, and nothing may happen in it"
            return
        match event:
            case PhaseStarted():
                yield from self._started(name, session, event)
            case PhaseCompleted() | PhaseFailed() | PhaseWithdrawn():
                if event.number not in session.under_way:
                    yield f"phase {event.number} of {name} is over, and was not under way"
                session.under_way.discard(event.number)
            case _ if isinstance(event, SESSION_CLOSING):
                del self._open[name]
                if session.under_way:
                    left = ", ".join(map(str, sorted(session.under_way)))
                    yield f"{name} ends while its phases {left} are under way"
            case _:
                pass

    def _started(self, name: str, session: _Open, event: PhaseStarted) -> Iterator[str]:
        if event.number != session.phases + 1:
            yield f"phase {event.number} of {name} follows upon phase {session.phases}"
        if event.serial != self._serial + 1:
            yield f"phase {event.number} of {name} has the serial number {event.serial} behind {self._serial}"
        session.phases, self._serial = event.number, event.serial
        session.under_way.add(event.number)
