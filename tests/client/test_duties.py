"""What an agent is asked for: how often its functions are called, and what is made of what they return."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import msgspec
import pytest
from msgspec import Raw, Struct

from podium.client._connection import Connection
from podium.client._duties import Duties
from podium.client._requests import KINDS, StandRequest
from podium.client._sending import Sender
from podium.client.errors import CommandRefused, OutcomeUnknown
from podium.contracts.ballots import CastVote, VoteAsked
from podium.contracts.catalogue import EVENTS, WORK, event_type
from podium.contracts.conflicts import AcceptResolution, AppealConflict, ClaimGranted, ConsentAsked, ReleaseResource
from podium.contracts.consensus import StandAsked, TakeStand
from podium.contracts.envelope import Envelope
from podium.contracts.examples import EVENT_EXAMPLES
from podium.contracts.negotiations import AcceptOffer, LeaveNegotiation, MakeOffer, RejectOffer, TurnAsked
from podium.contracts.subjects import Subjects
from podium.contracts.tenders import BidAsked, ContractAwarded, PlaceBid, ReportAward


class FakeSender:
    """Keeps what is sent; raises what it is told to, once."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Struct]] = []
        self.faults: list[Exception] = []

    async def send(self, service: str, entity: str, command: Struct, **options: Any) -> None:
        if self.faults:
            raise self.faults.pop()
        self.sent.append((entity, command))


def duties(function: Any, sender: FakeSender) -> Duties:
    return Duties("ann", {StandAsked: function}, cast(Connection, None), Subjects(), cast(Sender, sender))


def asked(number: int = 1, deadline: float | None = None) -> tuple[Envelope, Struct]:
    event = StandAsked("ann", 1, "Tabs.", deadline)
    data = Raw(msgspec.json.encode(event))
    return Envelope(f"c-0-{number}", "/podium", event_type(event), "style", "", "", "", "ops", data), event


async def offer(to: Duties, *given: tuple[Envelope, Struct]) -> None:
    for envelope, event in given:
        to.offer(envelope, event)
    await to.close(10)


async def test_the_same_is_asked_once_and_what_is_too_late_not_at_all():
    sender, seen = FakeSender(), list[StandRequest]()

    def judge(request: StandRequest) -> bool:
        seen.append(request)
        return True

    own = duties(judge, sender)
    await offer(own, asked(), asked(), asked(2, time.time() - 1), asked(3, time.time() + 60))
    await offer(own, asked())
    assert [request.proposal for request in seen] == ["style", "style"]
    assert sender.sent == [("style", TakeStand("accept"))] * 2


@pytest.mark.parametrize(
    ("fault", "again"), [(CommandRefused("proposal_closed", "it is over"), 0), (OutcomeUnknown("c1", "not heard"), 1)]
)
async def test_a_refusal_is_logged_and_what_may_not_have_arrived_is_asked_again(
    fault: Exception, again: int, caplog: pytest.LogCaptureFixture
):
    sender = FakeSender()
    sender.faults.append(fault)

    async def judge(request: StandRequest) -> None: ...

    own = duties(judge, sender)
    await offer(own, asked())
    assert "proposal style" in caplog.text
    await offer(own, asked())
    assert sender.sent == [("style", TakeStand("abstain"))] * again


async def test_a_function_that_raises_or_says_nonsense_is_asked_again(caplog: pytest.LogCaptureFixture):
    sender, answers = FakeSender(), [RuntimeError("oops"), 7, "Spaces."]

    async def judge(request: StandRequest) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    own = duties(judge, sender)
    for _ in range(4):
        await offer(own, asked())
    assert sender.sent == [("style", TakeStand("object", amendment="Spaces."))]
    assert "oops" in caplog.text
    assert "not int" in caplog.text


async def test_what_does_not_end_in_time_is_given_up():
    sender = FakeSender()

    async def judge(request: StandRequest) -> None:
        await asyncio.Event().wait()

    own = duties(judge, sender)
    own.offer(*asked())
    await own.close(0.01)
    assert sender.sent == []


def example(kind: type[Struct]) -> Any:
    return msgspec.json.decode(EVENT_EXAMPLES[event_type(kind)].data, type=kind)


@pytest.mark.parametrize(
    ("kind", "answer", "command"),
    [
        (VoteAsked, "blue", CastVote(choice="blue")),
        (VoteAsked, ["blue", "red"], CastVote(rank=["blue", "red"])),
        (VoteAsked, None, CastVote(abstain=True)),
        (StandAsked, False, TakeStand("object")),
        (TurnAsked, True, AcceptOffer()),
        (TurnAsked, None, RejectOffer()),
        (TurnAsked, {"price": "low"}, MakeOffer({"price": "low"})),
        (TurnAsked, LeaveNegotiation("too dear"), LeaveNegotiation("too dear")),
        (BidAsked, 20, PlaceBid(20.0)),
        (BidAsked, None, None),
        (ContractAwarded, "anything", ReportAward(done=True)),
        (ClaimGranted, None, ReleaseResource()),
        (ClaimGranted, True, None),
        (ConsentAsked, None, AcceptResolution()),
        (ConsentAsked, "my deadline is nearer", AppealConflict("my deadline is nearer")),
    ],
)
def test_what_a_function_returns_becomes_a_command(kind: type[Struct], answer: object, command: Struct | None):
    assert KINDS[kind].command(answer, example(kind)) == command


@pytest.mark.parametrize(("kind", "answer"), [(VoteAsked, 7), (TurnAsked, 7), (BidAsked, True), (ConsentAsked, 7)])
def test_what_cannot_be_a_command_is_said(kind: type[Struct], answer: object):
    with pytest.raises(TypeError, match=r"not (int|bool)"):
        KINDS[kind].command(answer, example(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_has_the_name_and_what_the_event_says(kind: type[Struct]):
    event = example(kind)
    request = KINDS[kind].ask("it", event)
    first, *others = request.__struct_fields__
    assert getattr(request, first) == "it"
    assert [getattr(request, name) for name in others] == [getattr(event, name) for name in others]


def test_all_that_asks_reaches_agents_as_work():
    assert {event_type(kind) for kind in KINDS} <= set(WORK) & set(EVENTS)


def test_a_job_whose_function_raises_is_reported_as_failed():
    failure = KINDS[ContractAwarded].failure
    assert failure is not None
    assert failure(RuntimeError("too short")) == ReportAward(False, "RuntimeError: too short")
