"""PrefLib's files: what is read, what is refused and where, and what `podium vote count` says of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from podium.collaboration.counting.main import main
from podium.collaboration.counting.preflib import BadFile, read

HEAD = "# FILE NAME: x.toi\n# DATA TYPE: toi\n# NUMBER ALTERNATIVES: 3\n# NUMBER VOTERS: 6\n# NUMBER UNIQUE ORDERS: 3\n"
NAMES = "# ALTERNATIVE NAME 1: Ann: the first\n# ALTERNATIVE NAME 2: Bob\n# ALTERNATIVE NAME 3: Bob\n"
FILE = HEAD + NAMES + "3: 1,{2,3}\n2: 3, 2\n1: {2}\n"


def test_a_file_is_read_whole():
    orders = read(("\ufeff" + FILE.replace("\n", "\r\n")).splitlines(keepends=True))
    assert orders.names == ["Ann: the first", "Bob (2)", "Bob (3)"]
    assert [(paper.groups, paper.count) for paper in orders.papers] == [
        (((0,), (1, 2)), 3),
        (((2,), (1,)), 2),
        (((1,),), 1),
    ]
    assert orders.doubts == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("1,2,3", "no colon"),
        ("0: 1", "'0' is not how often"),
        ("-1: 1", "'-1' is not how often"),
        ("two: 1", "'two' is not how often"),
        ("1: 4", "'4' is no alternative: they are numbered 1 to 3"),
        ("1: 1,1", "alternative 1 stands twice"),
        ("1: 1,,2", "',2' is neither"),
        ("1: {1,2", "'{1,2' is neither"),
        ("1: 1,{2,{3}}", "is neither"),
        ("1: 1,2,", "is neither"),
        ("1: one", "'one' is no alternative"),
        ("1: " + "9" * 5000, "is no alternative"),
    ],
)
def test_a_malformed_line_is_named(line: str, fault: str):
    with pytest.raises(BadFile, match=fault) as caught:
        read((HEAD + NAMES + "3: 1\n" + line).splitlines())
    assert caught.value.line == 10


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "NUMBER ALTERNATIVES"),
        ("3: 1,2\n", "NUMBER ALTERNATIVES"),
        ("# NUMBER ALTERNATIVES: many\n1: 1\n", "'many'"),
        ("# DATA TYPE: cat\n# NUMBER ALTERNATIVES: 2\n1: 1\n", "it is a cat file"),
        ("# DATA TYPE: soc\n# NUMBER ALTERNATIVES: 2\n1: 1\n", "complete"),
        ("# DATA TYPE: soi\n# NUMBER ALTERNATIVES: 2\n1: {1,2}\n", "no ties"),
        ("# NUMBER ALTERNATIVES: 2\n# ALTERNATIVE NAME 3: x\n1: 1\n", "alternative 3"),
    ],
)
def test_a_file_that_is_none_is_refused(text: str, fault: str):
    with pytest.raises(BadFile, match=fault):
        read(text.splitlines())


def test_what_contradicts_the_header_is_said():
    doubts = read(FILE.replace("VOTERS: 6", "VOTERS: 60").splitlines()).doubts
    assert doubts == ["the header says NUMBER VOTERS: 60, but the orders were given 6 times"]


def test_the_program_counts_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "x.toi"
    file.write_text(FILE)
    assert main([str(file), "--method", "plurality", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["result"], found["winners"], found["numbers"]) == ("won", ["Ann: the first"], [1])
    file.write_text("# NUMBER ALTERNATIVES: 2\n1: 1,2\n1: 2,1\n")
    assert main([str(file), "--method", "instant-runoff"]) == 0
    assert capsys.readouterr().out.startswith("a tie by instant run-off, between 2: 1, 2\n")
    file.write_text("# NUMBER ALTERNATIVES: 2\n1: 1,3\n")
    assert main([str(file), "--method", "schulze"]) == 2
    assert "x.toi, line 2: '3' is no alternative" in capsys.readouterr().err
    assert main([str(tmp_path), "--method", "schulze"]) == 2


def test_the_command_starts_it():
    command = [sys.executable, "-m", "podium.client.cli", "vote", "count", "-", "--method", "borda"]
    done = subprocess.run(command, input=FILE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Ann: the first wins by borda, by 0.5\n")
