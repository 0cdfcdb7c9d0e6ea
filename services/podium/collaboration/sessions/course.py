"""How a session goes on after a phase: help first, then rules, then what the agent wants, then the strategy. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from podium.contracts.expressions import EvaluationError, hidden, parse_expression, read_json
from podium.contracts.personal import told
from podium.contracts.phases import NextTurn, PathChosen, Purpose
from podium.contracts.sessions import Participant, SessionFailed

from .outputs import NULL, Request, Words, words_of
from .session import Done, Session

Course = PathChosen | SessionFailed

OF_A_PART = ("help", "assigned")
"""Purposes of phases that somebody else waits for."""


def variables(session: Session, done: Done | None) -> dict[str, Any]:
    """What conditions see."""
    context: dict[str, Any] = hidden(session.created.context)
    seen: dict[str, Any] = {
        **context,
        "goal": hidden(session.created.goal),
        "context": context,
        "board": hidden(session.board),
        "outputs": outputs(session),
    }
    if done is not None:
        failed = done.code is not None
        seen |= {
            "output": read_json(done.output),
            "agent": done.agent,
            "role": done.role or done.agent,
            "phase": done.number,
            "failed": failed,
            "error": {"code": done.code, "message": hidden(done.message)} if failed else None,
        }
    return seen


def outputs(session: Session) -> dict[str, Any]:
    """Role, else agent → the latest output."""
    return {done.key: read_json(done.output) for done in session.done if done.code is None}


def judge(session: Session, number: int, is_known: Callable[[str], bool]) -> Course:
    """What follows from a phase that is over; `is_known`: whether there is such an agent."""
    done = session.phase(number)
    words = words_of(done.output) if done.code is None else Words(NULL)
    if done.purpose == "help":
        asker = session.phase(done.after)
        return _go(session, number, asker.agent, "helped", f"{done.agent} has helped {asker.agent}")
    if words.needs_help is not None and (helper := _helper(session, done, words.needs_help, is_known)) is not None:
        turn = NextTurn(helper, "help", words.needs_help.input)
        return PathChosen(after=number, reason=f"{done.agent} needs help, and {helper} is asked", turns=[turn])
    rule, unclear = _rule(session, done)
    if rule is not None:
        return _ruled(session, done, rule, unclear)
    course = _wanted(session, done, words) or _parts(session, done)
    if course is None and done.code is not None and _is_fatal(session, done):
        message = told(f"phase {number}, {done.agent}", done.message or done.code)
        return SessionFailed(code=done.code, message=message, path=session.path(), phases=session.times())
    if course is None and words.done:
        course = PathChosen(after=number, reason=f"{done.agent} says that nothing is left to do", ends=True)
    course = course or PathChosen(after=number, reason="nobody says otherwise")
    return _with(course, unclear)


def onward(session: Session) -> PathChosen:
    """What the strategy says, when nothing is under way."""
    after = session.done[-1].number if session.done else 0
    match session.created.strategy:
        case "hierarchical":
            return _lead(session, after)
        case "pipeline":
            return _next_in_line(session, after)
        case "peer":
            return _round(session, after)
        case "blackboard":
            return _board(session, after)


def _lead(session: Session, after: int) -> PathChosen:
    if after == 0 and (present := session.present):
        leader = present[0].agent
        return PathChosen(after=0, reason=f"{leader} leads", turns=[NextTurn(leader, "turn")])
    return _over(after)


def _next_in_line(session: Session, after: int) -> PathChosen:
    """Whoever is there and has not had a phase of any kind."""
    had = {done.agent for done in session.done if done.purpose not in OF_A_PART}
    for one in session.present:
        if one.agent not in had:
            return PathChosen(after=after, reason=f"{one.agent} is next", turns=[NextTurn(one.agent, "turn")])
    return _over(after)


def _round(session: Session, after: int) -> PathChosen:
    if session.round >= session.created.rounds or not session.present:
        return _over(after)
    turns = [NextTurn(one.agent, "turn") for one in session.present]
    return PathChosen(after=after, reason=f"round {session.round + 1} of {session.created.rounds}", turns=turns)


def _board(session: Session, after: int) -> PathChosen:
    """Whoever has not seen what others have put on the board, and whose condition holds."""
    seen = variables(session, None)
    ready = [one for one in session.present if _has_news(session, one) and (one.when is None or _holds(one.when, seen))]
    if not ready:
        return _over(after)
    names = ", ".join(one.agent for one in ready)
    return PathChosen(
        after=after, reason=f"{names} can add to the board", turns=[NextTurn(one.agent, "turn") for one in ready]
    )


def _has_news(session: Session, one: Participant) -> bool:
    shown = session.seen.get(one.agent)
    return shown is None or any(by != one.agent for by in session.contributions[shown:])


def _over(after: int) -> PathChosen:
    return PathChosen(after=after, reason="nobody is left who could add anything", ends=True)


# Rules


def _rule(session: Session, done: Done) -> tuple[int | None, list[int]]:
    """The place of the rule that acts, and the places of those before it whose condition has no value."""
    rules = session.created.rules
    if not rules:
        return None, []
    seen, unclear = variables(session, done), list[int]()
    for place in sorted(range(len(rules)), key=lambda place: -rules[place].priority):
        rule = rules[place]
        if session.fired.get(place, 0) >= rule.times:
            continue
        try:
            holds = parse_expression(rule.condition).holds(seen)
        except EvaluationError:
            unclear.append(place)
            continue
        if holds and (rule.action == "vote" or find(session, rule.action.partition(":")[2]) is not None):
            return place, sorted(unclear)
    return None, sorted(unclear)


def _ruled(session: Session, done: Done, place: int, unclear: list[int]) -> PathChosen:
    rule = session.created.rules[place]
    verb, _, whom = rule.action.partition(":")
    verb = verb.replace("-", "_")
    reason = f"rule {place}: {rule.condition}"
    if verb == "vote":
        return PathChosen(
            after=done.number, reason=reason, rule=place, unclear=unclear, ballot=ballot_name(session, done.number)
        )
    agent = find(session, whom)
    assert agent is not None
    if verb == "handle_with" and agent == done.agent and done.code is None:
        return PathChosen(after=done.number, reason=reason, rule=place, unclear=unclear, ends=True)
    purposes: dict[str, Purpose] = {"handle_with": "handling", "escalate_to": "escalated"}
    turn = NextTurn(agent, purposes.get(verb, "delegated"))
    return PathChosen(
        after=done.number,
        reason=reason,
        turns=[turn],
        rule=place,
        unclear=unclear,
        escalates=verb == "escalate_to",
    )


def _holds(condition: str, seen: Mapping[str, Any]) -> bool:
    try:
        return parse_expression(condition).holds(seen)
    except EvaluationError:
        return False


# What agents want


def _wanted(session: Session, done: Done, words: Words) -> PathChosen | None:
    number = done.number
    if words.wants_vote:
        return PathChosen(after=number, reason=f"{done.agent} wants a vote", ballot=ballot_name(session, number))
    for request, purpose, verb in (
        (words.escalate_to, "escalated", "escalates"),
        (words.delegate_to, "delegated", "delegates"),
    ):
        whom = None if request is None or request.whom is None else find(session, request.whom)
        if whom is not None:
            as_purpose: Purpose = "escalated" if purpose == "escalated" else "delegated"
            return _go(session, number, whom, as_purpose, f"{done.agent} {verb} to {whom}", request)
    turns = [
        NextTurn(whom, "assigned", part.input)
        for part in words.assign
        if part.whom is not None and (whom := find(session, part.whom)) is not None
    ]
    if turns:
        return PathChosen(after=number, reason=f"{done.agent} has split the task into {len(turns)}", turns=turns)
    return None


def _parts(session: Session, done: Done) -> PathChosen | None:
    """The last of the parts is done: who split the task draws its conclusion."""
    if done.purpose == "handling" and done.code is None:
        return PathChosen(after=done.number, reason=f"{done.agent} has handled it", ends=True)
    if done.purpose != "assigned":
        return None
    left = any(phase.purpose == "assigned" and phase.after == done.after for phase in session.open)
    left |= any(turn.next.purpose == "assigned" and turn.after == done.after for turn in session.turns)
    left |= any(n != done.number and session.phase(n).purpose == "assigned" for n in session.unjudged)
    if left:
        return PathChosen(after=done.number, reason="other parts are not done yet")
    splitter = session.phase(done.after).agent
    return _go(session, done.number, splitter, "conclusion", f"all parts are done, and {splitter} concludes")


def _is_fatal(session: Session, done: Done) -> bool:
    if done.purpose in OF_A_PART:
        return False
    return done.purpose not in ("turn", "helped") or session.created.strategy in ("hierarchical", "pipeline")


def _helper(session: Session, done: Done, request: Request, is_known: Callable[[str], bool]) -> str | None:
    """Who is asked: who is named, also from outside if there is room, else who has done least."""
    if (whom := request.whom) is not None:
        named = find(session, whom)
        if named is None and whom not in session.participants and is_known(whom):
            return whom if len(session.participants) < session.created.max_participants else None
        return named if named != done.agent else None
    had = [one.agent for one in session.done]
    others = [one.agent for one in session.present if one.agent != done.agent]
    return min(others, key=had.count, default=None)


def find(session: Session, whom: str) -> str | None:
    """The agent of that name, else the one of those in that role that has done least; None if nobody is there."""
    present = session.present
    if any(one.agent == whom for one in present):
        return whom
    had = [done.agent for done in session.done]
    return min((one.agent for one in present if one.role == whom), key=had.count, default=None)


def ballot_name(session: Session, number: int) -> str:
    """Of the vote after a phase."""
    return f"{session.id[:110]}-vote-{number}"


def _go(
    session: Session, after: int, whom: str, purpose: Purpose, reason: str, request: Request | None = None
) -> PathChosen:
    if find(session, whom) is None:
        return PathChosen(after=after, reason=f"{reason}, who has left")
    turn = NextTurn(whom, purpose, NULL if request is None else request.input)
    return PathChosen(after=after, reason=reason, turns=[turn], escalates=purpose == "escalated")


def _with(course: PathChosen, unclear: list[int]) -> PathChosen:
    return msgspec.structs.replace(course, unclear=unclear) if unclear else course
