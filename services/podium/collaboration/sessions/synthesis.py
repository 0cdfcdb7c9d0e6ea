"""The result of a session from the outputs of its phases. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Raw

from podium.contracts.personal import told
from podium.contracts.sessions import SessionCompleted, SessionFailed

from .course import OF_A_PART
from .outputs import raw, words_of
from .session import Done, Session


def synthesise(session: Session, now: float) -> SessionCompleted | SessionFailed:
    """The answer, how sure it is, and how it came about."""
    done = [one for one in session.done if one.code is None]
    if not done:
        last = session.done[-1] if session.done else None
        code = "no_answer" if last is None or last.code is None else last.code
        message = "nobody has given an answer" if last is None else told(last.agent, last.message or code)
        return SessionFailed(code=code, message=message, path=session.path(), phases=session.times())
    answer, grounds = _answer(session, done)
    return SessionCompleted(
        answer=answer,
        confidence=_confidence(grounds),
        path=session.path(),
        escalated=session.escalated,
        phases=session.times(),
        took=round(max(0.0, now - (session.since or now)), 6),
    )


def _answer(session: Session, done: list[Done]) -> tuple[Raw, list[Done]]:
    """The answer, and the phases that count towards it."""
    if session.chosen is not None:
        return session.chosen, done
    whole = [one for one in done if one.purpose not in OF_A_PART] or done
    match session.created.strategy:
        case "peer" if whole[-1].purpose in ("turn", "helped"):
            return _most(session, whole)
        case "blackboard":
            return raw(session.board.get("answer", session.board)), done
        case _:
            return words_of(whole[-1].output).answer, whole


def _most(session: Session, done: list[Done]) -> tuple[Raw, list[Done]]:
    """The answer with the most confidence behind it; of equals the one that stands first among the participants.

    Of each agent its latest phase counts; one that does not say how sure it is counts as sure.
    """
    latest = {one.agent: one for one in done}
    groups: dict[bytes, list[Done]] = {}
    for agent in session.participants:
        if agent in latest:
            answer = msgspec.json.decode(words_of(latest[agent].output).answer)
            groups.setdefault(msgspec.json.encode(answer, order="deterministic"), []).append(latest[agent])

    def weight(group: list[Done]) -> float:
        said = (words_of(one.output).confidence for one in group)
        return sum(1.0 if confidence is None else confidence for confidence in said)

    text, group = max(groups.items(), key=lambda item: weight(item[1]))
    return Raw(text), group


def _confidence(done: Iterable[Done]) -> float | None:
    """The mean of those that say how sure they are."""
    said = [sure for one in done if (sure := words_of(one.output).confidence) is not None]
    return round(sum(said) / len(said), 6) if said else None
