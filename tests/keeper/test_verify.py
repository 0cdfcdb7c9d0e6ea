"""Whoever edits, drops, reorders or truncates an export is found, and the first place is named."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from podium.contracts.envelope import CommandRefused
from podium.contracts.subjects import Subjects
from podium.keeper import chain, lines
from podium.keeper.chain import Head
from podium.keeper.checkpoint import decode, is_signed, sign
from podium.keeper.keys import in_text
from podium.keeper.record import Line, Opening, checkpoint_line, event_line, opening_line
from podium.keeper.verify import Verdict, Verifier
from podium.runtime.pull import Stored
from tests.projections.feed import Event, Feed, life, registered

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
ROUTER, REGISTRY = "podium-events-router", "podium-events-registry"
SUBJECTS = Subjects()
EVENTS = {
    REGISTRY: Feed("registry", SUBJECTS).messages([registered("a1"), registered("a2")]),
    ROUTER: [
        *Feed("router", SUBJECTS).messages(
            [
                *life("t1", "a1"),
                *life("t2", "a2"),
                Event("t9", CommandRefused("c-9", "cancel_task", "unknown_task", "?")),
            ]
        ),
        Stored(10, "podium.evt.router.0.t3.strange", b'\xff\0, \n"no JSON"'),
    ],
}


def opening(nonce: str, streams: dict[str, Head]) -> Opening:
    return Opening(version=1, nonce=nonce, streams=streams)


def export(key: Ed25519PrivateKey = KEY, nonce: str = "one") -> list[Line]:
    """With a checkpoint behind four events of the router, and one that closes it."""
    heads = {stream: chain.start(stream) for stream in EVENTS}
    begun = opening(nonce, dict(heads))
    told = [opening_line(begun, 1.0)]
    for at, ends in enumerate(({REGISTRY: 2, ROUTER: 4}, {REGISTRY: 2, ROUTER: 10})):
        for stream, end in ends.items():
            for event in EVENTS[stream][heads[stream].sequence : end]:
                heads[stream] = chain.extend(heads[stream], [event])
                told.append(event_line(stream, event, heads[stream].hash))
        told.append(checkpoint_line(sign(heads, float(at), key, begun.seal if at else "")))
    return told


def verdict(told: Sequence[Line], key: Ed25519PrivateKey | None = KEY) -> Verdict:
    named = in_text(key.public_key()) if key is not None else None
    return Verifier(named).run(enumerate(told, 1))


def found(told: Sequence[Line]) -> tuple[int, str | None, int | None]:
    """Line, stream and sequence of the fault."""
    fault = verdict(told).fault
    assert fault is not None
    return fault.line, fault.stream, fault.sequence


def test_an_export_that_nobody_touched_is_whole():
    whole = verdict(export())
    assert whole.fault is None
    assert whole.proven == {REGISTRY: (1, 2), ROUTER: (1, 10)}
    assert (whole.events, whole.checkpoints, whole.signed_at) == (12, 2, 1.0)


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_a_file_of_either_format_is_read_as_it_was_written(format: lines.Format):
    file = io.StringIO(newline="")
    writer = lines.Writer(file, format)
    for line in export():
        writer.write(line)
    file.seek(0)
    assert [line for _, line in lines.read(file)] == export()


EDITS: list[Callable[[Line], Line]] = [
    lambda line: replace(line, payload=line.payload.replace("a1", "a2")),
    lambda line: replace(line, subject=line.subject.replace("t1", "t7")),
    lambda line: replace(line, hash="0" * 64),
    lambda line: replace(line, principal="nobody"),
    lambda line: replace(line, time="2020-01-01T00:00:00.000000Z"),
    lambda line: replace(line, outcome="refused"),
    lambda line: replace(line, encoding="base64"),
]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_found_where_it_is(edit: Callable[[Line], Line]):
    told = export()
    told[4] = edit(told[4])
    assert told[4] != export()[4]
    assert found(told) == (5, ROUTER, 2)


@pytest.mark.parametrize("at", range(1, 14))
def test_an_event_that_is_dropped_is_missed(at: int):
    told = export()
    line = told.pop(at)
    fault = verdict(told).fault
    if line.kind == "checkpoint":
        assert (fault is None) == (at != len(told))  # the others prove the same
    else:
        assert fault is not None
        assert (fault.stream, fault.sequence) == (
            line.stream,
            line.sequence + (fault.message.endswith("missing") and 1),
        )


@pytest.mark.parametrize("at", range(1, 13))
def test_two_that_changed_places_are_found(at: int):
    told = export()
    told[at], told[at + 1] = told[at + 1], told[at]
    if told[at].stream and told[at + 1].stream and told[at].stream != told[at + 1].stream:
        assert verdict(told).fault is None  # streams have no order among each other
    else:
        fault = verdict(told).fault
        assert fault is not None
        assert fault.line in (at + 1, at + 2)


@pytest.mark.parametrize("end", range(14))
def test_an_export_that_was_cut_is_found_wherever_it_was_cut(end: int):
    assert verdict(export()[:end]).fault is not None


@pytest.mark.parametrize("begin", range(1, 14))
def test_an_export_without_its_beginning_is_found(begin: int):
    assert verdict(export()[begin:]).fault is not None


def test_hashes_that_were_made_anew_do_not_fit_the_next_signature():
    told = export()
    told[3] = replace(told[3], payload=told[3].payload.replace("echo", "eche"))
    head = chain.start(ROUTER)
    for number, line in enumerate(told):
        if line.stream == ROUTER:
            head = chain.extend(head, [Stored(line.sequence, line.subject, line.content)])
            told[number] = event_line(ROUTER, Stored(line.sequence, line.subject, line.content), head.hash)
    assert found(told) == (8, ROUTER, 1)


def test_an_end_of_an_earlier_export_does_not_close_this_one():
    cut = [*export()[:7], export(nonce="earlier")[-1]]
    assert verdict(cut).fault is not None
    assert verdict([*export()[:-1], export(nonce="earlier")[-1]]).fault is not None


def test_only_the_named_key_counts():
    assert verdict(export(OTHER), OTHER).fault is None
    assert verdict(export(OTHER), None).key == in_text(OTHER.public_key())
    fault = verdict(export(OTHER)).fault
    assert fault is not None
    assert "another key" in fault.message


def test_a_signature_is_of_every_word():
    checkpoint = sign({ROUTER: Head(1, "00" * 32)}, 1.0, KEY, "one")
    assert is_signed(checkpoint)
    for other in (
        replace(checkpoint, at=2.0),
        replace(checkpoint, heads={}),
        replace(checkpoint, seal=""),
        replace(checkpoint, key=in_text(OTHER.public_key())),
        replace(checkpoint, signature="no"),
    ):
        assert not is_signed(other)


def test_a_part_proves_that_it_is_a_part_and_cannot_be_made_of_another_one():
    told = export()
    part = opening("two", {ROUTER: Head(4, told[6].hash)})
    end = decode(told[-1].payload)
    closed = checkpoint_line(sign(end.heads, end.at, KEY, part.seal))
    whole = verdict([opening_line(part, end.at), *told[8:-1], closed])
    assert whole.fault is None
    assert whole.proven == {ROUTER: (5, 10)}
    assert whole.absent == [REGISTRY]
    assert verdict([opening_line(part, end.at), *told[8:]]).fault is not None


@pytest.mark.parametrize("at", [0, 7, 14])
@pytest.mark.parametrize(
    "edit",
    [
        {"principal": "mallory"},
        {"event": "podium.task_cancelled.v1", "stream": ROUTER, "sequence": 5},
        {"time": "2020-01-01T00:00:00.000000Z"},
        {"subject": "a"},
        {"hash": "0" * 64},
    ],
)
def test_nothing_is_told_on_a_line_that_is_no_events(at: int, edit: dict[str, Any]):
    told = export()
    assert told[at].kind != "event"
    told[at] = replace(told[at], **edit)
    assert found(told) == (at + 1, None, None)


def test_a_checkpoint_that_is_told_again_with_an_event_of_nobodys_is_found():
    told = export()
    told.insert(8, replace(told[7], stream=ROUTER, sequence=5, principal="mallory", event="podium.task_cancelled.v1"))
    assert found(told) == (9, None, None)


@pytest.mark.parametrize("head", [{"hash": "zz"}, {"hash": ""}, {"sequence": -4}, {"sequence": 2**64}])
def test_an_opening_that_cannot_be_is_told_as_a_fault(head: dict[str, Any]):
    told = export()
    begun = json.loads(told[0].payload)
    begun["streams"][ROUTER] |= head
    told[0] = replace(told[0], payload=json.dumps(begun))
    assert found(told) == (1, None, None)


@pytest.mark.parametrize(("more", "said"), [('"note":"seen",', "unknown field"), ('"principal":"mallory",', "twice")])
def test_a_line_says_what_it_says_once_and_nothing_else(more: str, said: str):
    file = io.StringIO(newline="")
    writer = lines.Writer(file, "jsonl")
    for line in export():
        writer.write(line)
    text = file.getvalue().splitlines(keepends=True)
    edited = [*text[:4], text[4].replace('"principal"', f'{more}"principal"'), *text[5:]]
    fault = Verifier(None).run(lines.read(io.StringIO("".join(edited)))).fault
    assert fault is not None
    assert (fault.line, said in fault.message) == (5, True)
    spaced = [json.dumps(json.loads(line)) + "\r\n" for line in text]
    assert Verifier(None).run(lines.read(io.StringIO("".join(spaced), newline=""))).fault is None


@pytest.mark.parametrize("text", ["", "{}\n", "{\n", "a,b\n1,2\n", "\0", '{"kind":"event"}\n'])
def test_what_is_no_export_is_no_proof(text: str):
    assert Verifier(None).run(lines.read(io.StringIO(text))).fault is not None
