"""`podium anomaly`, as a user runs it: a process of its own, files and pipes. No server.

What does not depend on the command line is asked of the module that it becomes, which starts in half the time.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest


def podium(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return run("podium.client.cli", "anomaly", *arguments, given=given)


def anomaly(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return run("podium.health.anomaly.main", *arguments, given=given)


def run(module: str, *arguments: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)


@pytest.fixture
def spike(tmp_path: Path) -> Path:
    """400 rows of noise with a spike in row 300, a heading, and an empty line at the end."""
    random, file = Random(1), tmp_path / "spike.csv"
    values = [random.gauss(10.0, 1.0) for _ in range(400)]
    values[300] = 40.0
    lines = [
        f"2026-01-{1 + row // 288:02} {row % 288 // 12:02}:{row % 12 * 5:02}:00,{v}" for row, v in enumerate(values)
    ]
    file.write_text("\n".join(["timestamp,value", *lines, "", ""]))
    return file


def test_each_row_is_written_back_with_its_score(spike):
    done = podium("detect", str(spike))
    assert (done.returncode, done.stderr) == (0, b"")
    heading, *found = csv.reader(done.stdout.decode().splitlines())
    written = [line.split(",") for line in spike.read_text().split()[1:] if line]
    assert heading == ["timestamp", "value", "score"]
    assert len(found) == 400
    assert [row[1] for row in found] == [row[-1] for row in written if len(row) == 2]
    scores = [float(row[2]) for row in found]
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert scores[300] == max(scores) > 0.9


def test_the_standard_input_is_read_as_well(spike):
    assert podium("detect", "-", given=spike.read_bytes()).stdout == anomaly("detect", str(spike)).stdout


def test_missing_values_and_any_form_of_time_are_taken():
    rows = b"\xef\xbb\xbfwhen,cpu\r\n1700000000,1\r\n2026-01-01T00:00:00Z,\r\n2026-01-01,NaN\r\n\r\n1e9,1e308\r\n"
    done = anomaly("detect", "-", given=rows)
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[1:] == [
        "1700000000,1,0.000000",
        "2026-01-01T00:00:00Z,,0.000000",
        "2026-01-01,NaN,0.000000",
        "1e9,1e308,0.000000",
    ]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (b"timestamp,value\n1,2\nsoon,3\n", "line 3: 'soon' is no time"),
        (b"1,2\n2,much\n", "line 2: 'much' is no number."),
        (b"1,inf\n", "line 1: 'inf' is no number."),
        (b"1,2\n\n3\n", "line 3: a timestamp and a value are expected, not 1 fields."),
        (b"1,2,3\n", "line 1: a timestamp and a value are expected, not 3 fields."),
        (b"1,2\na,b\n", "line 2: 'a' is no time"),
        (b'1,2\n"3,4\n', "line 2: a timestamp and a value are expected, not 1 fields."),
        (b"1,2\n\xff\xfe,4\n", "line 2: "),
        (b"1,2\n1e400,4\n", "line 2: '1e400' is no time"),
    ],
)
def test_a_bad_row_is_told_by_its_line(rows, sentence):
    done = anomaly("detect", "-", given=rows)
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"podium: standard input, {sentence}")
    assert done.stderr.count(b"\n") == 1


def test_rows_before_a_bad_one_are_not_lost():
    assert anomaly("detect", "-", given=b"1,2\n2,x\n").stdout.decode().splitlines() == [
        "timestamp,value,score",
        "1,2,0.000000",
    ]


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path, name):
    done = anomaly("detect", str(tmp_path / name))
    assert done.returncode == 2
    assert b"cannot be read" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_an_answer_comes_with_each_row():
    command = [sys.executable, "-P", "-m", "podium.client.cli", "anomaly", "detect", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"1,2\n")
        process.stdin.flush()
        assert [process.stdout.readline() for _ in range(2)] == [b"timestamp,value,score\n", b"1,2,0.000000\n"]
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_trend_is_followed_to_its_threshold():
    rows = "\n".join(f"{1_700_000_000 + 60 * minute},{10 + minute / 2}" for minute in range(60)).encode()
    done = podium("forecast", "-", "--threshold", "100", given=rows)
    assert done.stdout.decode().splitlines() == [
        "at,earliest,latest",
        ",".join(["2023-11-15T01:13:20+00:00"] * 3),
    ]
    away = anomaly("forecast", "-", "--threshold", "-5", given=rows)
    assert (away.returncode, away.stdout) == (0, b"at,earliest,latest\n")
    assert b"does not lead to -5" in away.stderr


@pytest.mark.parametrize(
    ("option", "sentence"), [("--half-life=0", b"half-life"), ("--confidence=2", b"between 0 and 1")]
)
def test_what_makes_no_sense_is_refused(option, sentence):
    done = podium("forecast", "-", "--threshold=1", option, given=b"1,1\n")
    assert done.returncode == 2
    assert sentence in done.stderr
