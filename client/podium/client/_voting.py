"""An agent's votes: it is asked, its function answers, and the answer is cast."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, cast

from msgspec import Struct

from podium.contracts.ballot_queries import BallotRow, BallotsAnswer, ListBallots
from podium.contracts.ballots import CastVote, VoteAsked
from podium.contracts.counts import Method

from ._sending import Sender
from .errors import CommandRefused, PodiumError

_SECONDS: Final = 30.0
_log: Final = logging.getLogger(__name__)


class VoteRequest(Struct, frozen=True):
    """What an agent is asked.

    Attributes:
        deadline: seconds since the epoch, UTC; None if the ballot has none.
        about: the name of what the ballot decides.
    """

    ballot: str
    question: str
    options: list[str]
    method: Method
    deadline: float | None
    secret: bool
    about: str | None


VoteHandler = Callable[[VoteRequest], object]
"""Returns an option, or a list of options (the best first; for approval, the good ones), a `CastVote`, or None to
abstain; a coroutine function, or a plain one, which runs in a thread."""


def as_vote(answer: object, method: Method) -> CastVote:
    """Raises: TypeError for an answer that is none of `VoteHandler`'s."""
    match answer:
        case CastVote():
            return answer
        case None:
            return CastVote(abstain=True)
        case str():
            return CastVote(choice=answer)
        case list() | tuple():
            places = list(cast("Sequence[str | list[str]]", answer))
            if method != "approval":
                return CastVote(rank=places)
            return CastVote(approve=[place for place in places if isinstance(place, str)])
        case _:
            raise TypeError(f"a vote is an option, a list of options, a CastVote or None, not {type(answer).__name__}")


class Voter:
    """Answers an agent's ballots with one function.

    Args:
        ask: puts a query.
    """

    def __init__(
        self,
        name: str,
        handler: VoteHandler,
        sender: Sender,
        ask: Callable[[ListBallots], Awaitable[BallotsAnswer]],
        group: asyncio.TaskGroup,
    ) -> None:
        self._name = name
        self._handler = handler
        self._sender = sender
        self._ask = ask
        self._group = group
        self._under_way: set[str] = set()

    def offer(self, ballot: str, asked: VoteAsked | BallotRow) -> None:
        if ballot in self._under_way:
            return
        self._under_way.add(ballot)
        request = VoteRequest(
            ballot, asked.question, asked.options, asked.method, asked.deadline, asked.secret, asked.about
        )
        self._group.create_task(self._vote(request))

    async def look(self) -> None:
        """What is open and was missed. Errors as those of a query."""
        answer = await self._ask(ListBallots(voter=self._name, limit=500, fresh=True))
        for row in answer.ballots:
            self.offer(row.ballot, row)

    async def _vote(self, request: VoteRequest) -> None:
        """A function that fails has not voted; it is asked again when open ballots are looked for."""
        try:
            if inspect.iscoroutinefunction(self._handler):
                answer: object = await self._handler(request)
            else:
                answer = await asyncio.to_thread(self._handler, request)
            vote = as_vote(answer, request.method)
            await self._sender.send("collaboration", request.ballot, vote, timeout=_SECONDS, patient=True)
        except CommandRefused as refusal:
            _log.warning("%s's vote on %s is refused: %s", self._name, request.ballot, refusal)
        except PodiumError as error:
            _log.warning("%s's vote on %s may not have arrived: %s", self._name, request.ballot, error)
        except Exception:
            _log.warning("%s has not voted on %s", self._name, request.ballot, exc_info=True)
        finally:
            self._under_way.discard(request.ballot)
