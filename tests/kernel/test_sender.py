"""What is believed of a command's headers, and what is not."""

from __future__ import annotations

import pytest

from podium.kernel.sender import is_command_id, read_sender

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("id", ["", "x" * 129, "with space", "new\nline", "router-0-17", "ünicode"])
def test_ids_that_could_be_mistaken_are_no_command_ids(id: str) -> None:
    assert not is_command_id(id)


def test_the_senders_own_ids_are_command_ids() -> None:
    assert is_command_id("5f0c1e7b2a")
    assert is_command_id("order:42/attempt=1")


def test_headers_are_optional() -> None:
    sender = read_sender({}, lambda: "made", "podium")
    assert (sender.command_id, sender.reply, sender.correlation, sender.fault) == ("made", None, None, None)


@pytest.mark.parametrize(
    "reply", ["podium.evt.router.0.t1.task_completed", "podium", "$JS.API.STREAM.DELETE.x", "a.>", "a b"]
)
def test_an_outcome_goes_to_an_inbox_and_nowhere_else(reply: str) -> None:
    sender = read_sender({"Podium-Reply": reply}, lambda: "made", "podium")
    assert sender.reply is None
    assert sender.fault is not None
    assert sender.fault.details["path"] == "headers.Podium-Reply"


def test_what_would_be_copied_into_every_event_is_short_and_plain() -> None:
    assert read_sender({"Podium-Correlation": "x" * 5000}, lambda: "made", "podium").fault is not None
    assert read_sender({"traceparent": "x" * 5000}, lambda: "made", "podium").traceparent is None
    assert read_sender({"traceparent": TRACE}, lambda: "made", "podium").traceparent == TRACE
