"""Where events stand: the stream of a recorder, its subjects, and the tokens that names become in them.

| subject | what is stored there |
|---|---|
| `<root>.event.<originator>` | the events of an aggregate |
| `<root>.track` | how far others' notifications are processed, where no event came of it |

with `<prefix>.<application>.<purpose>` for the root.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote
from uuid import UUID

from eventsourcing.persistence import DataError

MAX_SUBJECT: Final = 2048
"""Characters; the server takes no line longer than 4,096."""

_TEXT: Final = "="
"""What an originator id begins with that is a text and not a UUID."""


class Place:
    """One recorder's stream and its subjects.

    Attributes:
        stream: its name.
        root: what all its subjects begin with.
    """

    def __init__(self, prefix: str, application: str, purpose: str) -> None:
        tokens = (prefix, token(application or "stored"), token(purpose))
        self.stream = "-".join(tokens)
        self.root = ".".join(tokens)
        self._events = f"{self.root}.event."

    @property
    def subjects(self) -> str:
        """All that the stream takes."""
        return f"{self.root}.>"

    @property
    def room(self) -> str:
        """Where a writer that is always too late asks the others to wait; nothing of it is stored."""
        return self.root

    @property
    def track(self) -> str:
        return f"{self.root}.track"

    def event(self, originator_id: UUID | str) -> str:
        """
        Raises:
            DataError: an id that is too long.
        """
        subject = f"{self._events}{originator_token(originator_id)}"
        if len(subject) > MAX_SUBJECT:
            raise DataError(f"an id makes a subject of {len(subject)} characters, the most is {MAX_SUBJECT}")
        return subject

    def originator(self, subject: str) -> UUID | str:
        """The id in the subject of an event."""
        return read_originator(subject[len(self._events) :])


def originator_token(originator_id: UUID | str) -> str:
    """One token of a subject, from which the id comes back with its type."""
    return str(originator_id) if isinstance(originator_id, UUID) else f"{_TEXT}{_escaped(originator_id)}"


def read_originator(text: str) -> UUID | str:
    return unquote(text[1:], errors="surrogatepass") if text.startswith(_TEXT) else UUID(text)


def token(name: str) -> str:
    """The name as one token of a subject; what a token may not hold is escaped as in an address of the web.

    Raises:
        DataError: an empty name.
    """
    if not name:
        raise DataError("a name is empty")
    return _escaped(name)


def _escaped(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass").replace(".", "%2E")
