"""The registry's words of data subjects: the people whose data is sealed, and that they were forgotten."""

from __future__ import annotations

from .envelope import Command, Event
from .names import Text


class ForgetSubject(Command, frozen=True, tag="forget_subject"):
    """The keeper erases the key of the entity, a data subject, for good; nothing can be sealed for it any more.

    `reason` stays in the log for ever: it should name nobody.
    """

    reason: Text | None = None


class SubjectForgotten(Event, frozen=True, tag="subject_forgotten"):
    """What is sealed for the entity can be read by nobody, once the keeper has erased its key."""

    reason: Text | None = None
