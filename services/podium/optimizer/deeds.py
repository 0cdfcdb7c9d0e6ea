"""What agents do together, read from the events of collaboration and of workflows: pairs, and whether it went well."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import combinations
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Struct, field

from podium.contracts.relationships import Deed

KEPT: Final = 10_000
"""Sessions, ballots, runs and unanswered messages that are followed; those of longest ago are forgotten first."""
PAIRED: Final = 20
"""Of more agents in a session or ballot, so many are taken to have done it together."""

T = TypeVar("T")


class PhaseStarted(Struct, frozen=True, gc=False, tag_field="event", tag="phase_started"):
    """This and those below are others' events, as far as they are looked at."""

    number: int
    after: int
    agent: str
    purpose: str


class PhaseCompleted(Struct, frozen=True, gc=False, tag_field="event", tag="phase_completed"):
    number: int
    agent: str


class PhaseFailed(Struct, frozen=True, gc=False, tag_field="event", tag="phase_failed"):
    number: int
    agent: str


class SessionCompleted(Struct, frozen=True, gc=False, tag_field="event", tag="session_completed"):
    """Whose phases it had is known by then."""


class SessionFailed(Struct, frozen=True, gc=False, tag_field="event", tag="session_failed"):
    """As above."""


class SessionTimedOut(Struct, frozen=True, gc=False, tag_field="event", tag="session_timed_out"):
    """As above."""


class SessionCancelled(Struct, frozen=True, gc=False, tag_field="event", tag="session_cancelled"):
    """Says nothing of its agents."""


class VoteCast(Struct, frozen=True, gc=False, tag_field="event", tag="vote_cast"):
    voter: str
    paper: list[list[str]] | None = None


class VoteWithdrawn(Struct, frozen=True, gc=False, tag_field="event", tag="vote_withdrawn"):
    voter: str


class BallotClosed(Struct, frozen=True, gc=False, tag_field="event", tag="ballot_closed"):
    """Nobody can change a vote any more."""


class Sent(Struct, frozen=True, gc=False):
    id: str
    sender: str
    reply_to: str | None = None
    wants_reply: bool = False


class MessagesSent(Struct, frozen=True, gc=False, tag_field="event", tag="messages_sent"):
    messages: list[Sent]


class MessagesDead(Struct, frozen=True, gc=False, tag_field="event", tag="messages_dead"):
    ids: list[str]


class StepStarted(Struct, frozen=True, gc=False, tag_field="event", tag="step_started"):
    task: str | None = None


class StepContinued(Struct, frozen=True, gc=False, tag_field="event", tag="step_continued"):
    task: str | None = None


OF_COLLABORATION: Final = (
    *(PhaseStarted, PhaseCompleted, PhaseFailed),
    *(SessionCompleted, SessionFailed, SessionTimedOut, SessionCancelled),
    *(VoteCast, VoteWithdrawn, BallotClosed, MessagesSent, MessagesDead),
)
OF_THE_ROUTER: Final = (StepStarted, StepContinued)


class Done(NamedTuple):
    """Two agents did something together."""

    one: str
    other: str
    deed: Deed
    well: bool


class _Session(Struct, gc=False, array_like=True):
    """`by`: phase → its agent; `given`: phase under way → who was before it, and whether that one asked for help."""

    by: dict[int, str] = field(default_factory=dict[int, str])
    given: dict[int, tuple[str, bool]] = field(default_factory=dict[int, tuple[str, bool]])


class _Step(Struct, frozen=True, gc=False, array_like=True):
    """A task of a run, and who did the step that ended last before it."""

    run: str
    giver: str | None


class _Dump(Struct, frozen=True):
    format: Literal["optimizer-deeds-1"]
    sessions: list[tuple[str, _Session]]
    ballots: list[tuple[str, dict[str, list[str]]]]
    asked: list[tuple[tuple[str, str], str]]
    runs: list[tuple[str, str]]
    steps: list[tuple[str, _Step]]


class Deeds:
    """What is under way. Changed by `read` and `attempted` alone."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._ballots: OrderedDict[str, dict[str, list[str]]] = OrderedDict()
        self._asked: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._runs: OrderedDict[str, str] = OrderedDict()
        self._steps: OrderedDict[str, _Step] = OrderedDict()

    def read(self, entity: str, fact: Struct) -> Iterator[Done]:
        """What an event of another service brings to an end."""
        match fact:
            case PhaseStarted():
                self._begin(_enter(self._sessions, entity, _Session), fact)
            case PhaseCompleted() | PhaseFailed():
                session = self._sessions.get(entity)
                given = None if session is None else session.given.pop(fact.number, None)
                if given is not None and given[0] != fact.agent:
                    deed: Deed = "help" if given[1] else "handover"
                    yield Done(given[0], fact.agent, deed, isinstance(fact, PhaseCompleted))
            case SessionCompleted() | SessionFailed() | SessionTimedOut():
                session = self._sessions.pop(entity, None) or _Session()
                for one, other in combinations(sorted(set(session.by.values()))[:PAIRED], 2):
                    yield Done(one, other, "session", isinstance(fact, SessionCompleted))
            case SessionCancelled():
                self._sessions.pop(entity, None)
            case VoteCast(paper=list(paper)):
                _enter(self._ballots, entity, dict[str, list[str]])[fact.voter] = paper[0] if paper else []
            case VoteWithdrawn():
                self._ballots.get(entity, {}).pop(fact.voter, None)
            case BallotClosed():
                yield from _agreement(self._ballots.pop(entity, {}))
            case MessagesSent():
                yield from self._messages(entity, fact)
            case MessagesDead():
                for name in fact.ids:
                    sender = self._asked.pop((name, entity), None)
                    if sender is not None:
                        yield Done(sender, entity, "message", False)
            case StepStarted(task=str(task)) | StepContinued(task=str(task)):
                self._steps[task] = _Step(entity, self._runs.get(entity))
                if len(self._steps) > KEPT:
                    self._steps.popitem(last=False)
            case _:
                pass

    def attempted(self, task: str, agent: str, ok: bool) -> Iterator[Done]:
        """An attempt is over; of a step of a workflow it tells how well it was handed over."""
        step = self._steps.get(task)
        if step is None:
            return
        if step.giver is not None and step.giver != agent:
            yield Done(step.giver, agent, "step", ok)
        if ok:
            del self._steps[task]
            self._runs[step.run] = agent
            self._runs.move_to_end(step.run)
            if len(self._runs) > KEPT:
                self._runs.popitem(last=False)

    def _begin(self, session: _Session, fact: PhaseStarted) -> None:
        session.by[fact.number] = fact.agent
        before = session.by.get(fact.after)
        if before is not None:
            session.given[fact.number] = (before, fact.purpose == "help")

    def _messages(self, receiver: str, fact: MessagesSent) -> Iterator[Done]:
        for message in fact.messages:
            if message.reply_to is not None:
                asked = self._asked.pop((message.reply_to, message.sender), None)
                if asked is not None:
                    yield Done(asked, message.sender, "message", True)
            if message.wants_reply and message.sender != receiver:
                self._asked[message.id, receiver] = message.sender
                if len(self._asked) > KEPT:
                    self._asked.popitem(last=False)

    def dump(self) -> bytes:
        """Equal ones give equal bytes."""
        content = _Dump(
            "optimizer-deeds-1",
            list(self._sessions.items()),
            list(self._ballots.items()),
            list(self._asked.items()),
            list(self._runs.items()),
            list(self._steps.items()),
        )
        return msgspec.msgpack.encode(content)

    @staticmethod
    def load(dumped: bytes) -> Deeds:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content, deeds = msgspec.msgpack.decode(dumped, type=_Dump), Deeds()
        deeds._sessions, deeds._ballots = OrderedDict(content.sessions), OrderedDict(content.ballots)
        deeds._asked, deeds._runs = OrderedDict(content.asked), OrderedDict(content.runs)
        deeds._steps = OrderedDict(content.steps)
        return deeds


def _enter(table: OrderedDict[str, T], name: str, make: type[T]) -> T:
    """What goes by that name, made if it is not there; of too many that of longest ago goes."""
    found = table.get(name)
    if found is None:
        found = table[name] = make()
        if len(table) > KEPT:
            table.popitem(last=False)
    return found


def _agreement(papers: dict[str, list[str]]) -> Iterator[Done]:
    """Two agree if some option is among the best of both; a blank paper says nothing."""
    voters = sorted(voter for voter, best in papers.items() if best)[:PAIRED]
    for one, other in combinations(voters, 2):
        yield Done(one, other, "vote", not set(papers[one]).isdisjoint(papers[other]))
