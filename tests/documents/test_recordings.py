"""Recordings are typed again to the very text that they say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from podium.client.cli import main
from podium.client.documents import replay
from podium.client.documents.edits import Edit, encode, units
from podium.client.documents.measuring import measure
from podium.client.documents.recordings import BadRecording, read_recording
from podium.client.documents.sequence import Sequence
from podium.client.documents.splices import Spliced, joined
from tests.documents.yata import recorded

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "editing"
ALPHABET = "ab\né中😀"
PATCHES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), st.text(ALPHABET, max_size=3)), max_size=40)


def sequential(patches: list[tuple[int, int, str]], start: str = "") -> dict[str, Any]:
    """Patches made to fit, and what they lead to."""
    text, fitting = start, list[list[Any]]()
    for wanted, length, inserted in patches:
        position = min(wanted, len(text))
        deleted = min(length, len(text) - position)
        fitting.append([position, deleted, inserted])
        text = text[:position] + inserted + text[position + deleted :]
    return {"startContent": start, "endContent": text, "txns": [{"time": "", "patches": [one]} for one in fitting]}


def read(recording: Any) -> Any:
    return read_recording(json.dumps(recording).encode())


@settings(max_examples=100, deadline=None)
@given(PATCHES, st.sampled_from(["", "hé😀llo"]), st.sampled_from([1, 7, 500]))
def test_a_sequential_recording_gives_its_text(patches, start, batch):
    assert measure(read(sequential(patches, start)), batch).exact


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.integers(1, 14),
    st.sampled_from([1, 3, 500]),
    st.sampled_from(["ab", ALPHABET]),
)
def test_a_concurrent_recording_gives_its_text(seed, agents, transactions, batch, alphabet):
    """Also where several type at the same place at the same time, by the rule that Yjs has for that."""
    recording = recorded(Random(seed), agents, transactions, alphabet)
    measured = measure(read(recording), batch)
    assert measured.exact, (measured.differs_at, recording)


def test_many_writers_need_not_all_be_kept_at_hand(monkeypatch):
    monkeypatch.setattr(replay, "_LIVE_REPLICAS", 2)
    for seed in range(10):
        assert measure(read(recorded(Random(seed), 6, 25, "abc")), 5).exact


def test_writers_who_take_turns_hand_one_replica_on(monkeypatch):
    """Else each of many would have to merge what all others did, or be copied from another."""
    monkeypatch.setattr(Sequence, "copy", None)
    monkeypatch.setattr(Sequence, "apply", None)
    txns = [{"parents": [n - 1] if n else [], "agent": n % 50, "patches": [[n, 0, "x"]]} for n in range(200)]
    turns = {"kind": "concurrent", "endContent": "x" * 200, "numAgents": 50, "txns": txns}
    assert sum(batch.inserted for batch in replay.batches(read(turns), 7)) == 200


def test_a_writer_in_two_places_at_once_has_a_replica_in_each():
    recording = {
        "kind": "concurrent",
        "endContent": "1-A-2",
        "numAgents": 1,
        "txns": [
            {"parents": [], "agent": 0, "patches": [[0, 0, "-"]]},
            {"parents": [0], "agent": 0, "patches": [[0, 0, "1"]]},
            {"parents": [0], "agent": 0, "patches": [[1, 0, "2"]]},
            {"parents": [1, 2], "agent": 0, "patches": [[2, 0, "A-"]]},
        ],
    }
    assert measure(read(recording), 500).exact


def test_the_other_order_of_writers_is_tried_where_they_typed_at_the_same_place():
    txns = [
        {"parents": [], "agent": 0, "patches": [[0, 0, "-"]]},
        {"parents": [0], "agent": 0, "patches": [[0, 0, "a"]]},
        {"parents": [0], "agent": 1, "patches": [[0, 0, "b"]]},
        {"parents": [1, 2], "agent": 0, "patches": []},
    ]
    for end in ("ab-", "ba-"):
        assert measure(read({"kind": "concurrent", "endContent": end, "numAgents": 2, "txns": txns}), 500).exact
    wrong = measure(read({"kind": "concurrent", "endContent": "-ab", "numAgents": 2, "txns": txns}), 500)
    assert (wrong.exact, wrong.differs_at) == (False, 0)


@settings(max_examples=100, deadline=None)
@given(PATCHES)
def test_keystrokes_that_are_joined_leave_the_same_items(patches):
    """Not only the same text: the same update, so that others' concurrent work merges alike."""
    fitting = read(sequential(patches)).runs
    states: list[bytes] = []
    for edits in (
        [(one.position, one.deleted, one.inserted) for run in fitting for one in run.patches],
        [one for run in fitting for one in joined(run.patches)],
    ):
        doc: Doc[Text] = Doc(client_id=7)
        text = Spliced(doc.get("content", type=Text))
        with doc.transaction():
            for one in edits:
                text.splice(*one)
        states.append(doc.get_update())
    assert states[0] == states[1]


@settings(max_examples=60, deadline=None)
@given(PATCHES, st.sampled_from([1, 5]))
def test_an_edit_means_to_others_what_the_library_means_by_it(patches, together):
    """The same items, so that whatever others do at the same time merges alike; and what went at once is not told."""
    splices = [one for run in read(sequential(patches)).runs for one in run.patches]
    library: Doc[Text] = Doc(client_id=7)
    ours: Doc[Text] = Doc(client_id=8)
    text, sequence = Spliced(library.get("content", type=Text)), Sequence()
    for start in range(0, len(splices), together):
        edits: list[Edit] = []
        with library.transaction():
            for one in splices[start : start + together]:
                text.splice(one.position, one.deleted, one.inserted)
                edits += sequence.splice(7, one.position, one.deleted, one.inserted)
        ours.apply_update(encode(edits))
    assert len(sequence) == len(text)
    assert ours.get_update() == library.get_update()


@settings(max_examples=40, deadline=None)
@given(PATCHES)
def test_positions_may_count_utf_16_units(patches):
    """Those of JavaScript do; a place within a pair is none."""
    recording, text = sequential(patches), ""
    for transaction in recording["txns"]:
        (position, deleted, inserted) = patch = transaction["patches"][0]
        patch[0], patch[1] = units(text[:position]), units(text[position : position + deleted])
        text = text[:position] + inserted + text[position + deleted :]
    assert measure(read(recording), 7).exact


def test_half_a_character_is_told():
    recording: dict[str, Any] = {"endContent": "", "txns": [{"patches": [[0, 0, "😀"]]}, {"patches": [[1, 0, "a"]]}]}
    assert not measure(read(recording), 500).exact
    recording["txns"][1] = {"patches": [[0, 1, ""]]}
    assert measure(read(recording), 500).exact
    assert not measure(read(recording | {"endContent": "x"}), 500).exact  # neither reading leads to it
    recording["txns"][1] = {"patches": [[3, 0, "a"]]}
    with pytest.raises(BadRecording, match="is not within a text of 1"):
        measure(read(recording), 500)


def test_a_text_of_many_pieces_is_searched_and_copied():
    random, text, sequence = Random(1), "", Sequence()
    made: list[Edit] = []
    for number in range(3000):
        place, gone = random.randint(0, len(text)), 0
        if number % 5 == 0:
            gone = min(random.randint(0, 40), len(text) - place)
        made += sequence.splice(2, place, gone, "x😀"[number % 2])
        text = text[:place] + "x😀"[number % 2] + text[place + gone :]
    other = Sequence()
    other.apply(made)
    for one in (sequence, sequence.copy(), other):
        last = list(one.splice(2, len(text) // 2, 1, "!"))
        doc: Doc[Text] = Doc()
        doc.apply_update(encode([*made, *last]))
        assert str(doc.get("content", type=Text)) == text[: len(text) // 2] + "!" + text[len(text) // 2 + 1 :]


@pytest.mark.parametrize(
    ("recording", "says"),
    [
        ("x", "no recording"),
        ({}, "txns|endContent"),
        ({"endContent": "", "txns": [{"parents": [0], "agent": 0, "patches": []}]}, r"\$.txns\[0\].parents"),
        ({"endContent": "", "txns": [{"parents": [], "agent": 3, "patches": []}]}, "no writer 3 among 1"),
        ({"endContent": "", "txns": [{"patches": [[-1, 0, ""]]}]}, r"\$.txns\[0\].patches\[0\]"),
        ({"endContent": "a", "txns": [{"patches": [[5, 0, "a"]]}]}, "5 to 5 is not within a text of 0"),
        ({"endContent": "a", "txns": [{"patches": [[0, 1, "é"]]}]}, "0 to 1 is not within a text of 0"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_place(recording, says):
    with pytest.raises(BadRecording, match=says):
        measure(read(recording), 500)


def test_the_command_says_whether_the_text_is_exact(tmp_path, capsys):
    file = tmp_path / "r.json.gz"
    recording = sequential([(0, 0, "hi"), (2, 0, "😀"), (0, 1, "")])
    file.write_bytes(gzip.compress(json.dumps(recording).encode()))
    assert main(["document", "replay", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["keystrokes"], told["characters"], told["exact"]) == ("sequential", 3, 2, True)
    file.write_text(json.dumps(recording | {"endContent": "i"}))
    assert main(["document", "replay", str(file)]) == 1
    assert "differs_at" in capsys.readouterr().out
    file.write_bytes(gzip.compress(b"{}")[:-5])
    assert main(["document", "replay", str(file)]) == 2
    assert main(["document", "replay", str(tmp_path / "none")]) == 2
    assert "podium: " in capsys.readouterr().err


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recordings are not on this machine")
@pytest.mark.parametrize(
    "file", sorted(SHARED.glob("*.json.gz")) if SHARED.is_dir() else [], ids=lambda file: file.name
)
def test_real_recordings_are_exact(file):
    measured = measure(read_recording(gzip.decompress(file.read_bytes())), 500)
    assert measured.exact
    assert measured.stored_bytes_per_keystroke < 20
