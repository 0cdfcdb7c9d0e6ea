"""What a run leaves: a file to go on from, a table of systems side by side, and the numbers in a page."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.machine import Machine, Moment
from benchmarks.page import END, NoMarks, fill
from benchmarks.peers.table import LIVES, TOTAL, grid, latency
from benchmarks.result import Figure, Report, Result, beside, write_json

FIGURES = [
    Figure(LIVES, "/s", [900.0, 1_000.0, 1_100.0], system="podium"),
    Figure(TOTAL, "µs", [500.0], system="podium"),
    Figure("· router", "µs", [300.0], system="podium"),
    Figure("· registry", "µs", [1.0], system="podium"),
    Figure(latency(0.5, "50/s"), "ms", [2.0], system="podium"),
    Figure(latency(0.99, "50/s"), "ms", [3.0], system="podium"),
    Figure(LIVES, "/s", [250.0], system="another"),
    Figure("podium beside another", "×", [4.0]),
]


def report(*results: Result) -> Report:
    return Report(
        "2026-01-02T03:04:05+00:00", Machine("cpu", 2, 1.0, "Linux", {"python": "3.11"}), 3, False, [*results]
    )


def result(name: str = "peers") -> Result:
    moment = Moment(0.0, 10.0)
    return Result(name, "Title", "Setting.", FIGURES, moment, moment, 1.0, grid(FIGURES), {"another": "not run: why"})


def test_systems_stand_side_by_side():
    headings, rows = grid(FIGURES).headings, grid(FIGURES).rows
    assert [len(row) for row in rows] == [len(headings)] * 2
    assert rows[0][:5] == ["podium", "1,000", "900–1,100", "1.00", "2 / 3"]
    assert rows[0][-1] == "500 (router 300)"
    assert rows[1] == ["another", "250", "250–250", "0.25", "", "", "", ""]


def test_what_is_in_the_grid_is_not_listed_again():
    assert [figure.name for figure in result().rows] == ["podium beside another"]


def test_nothing_is_no_measure_for_a_ratio():
    none = Figure("none", "", [0.0])
    assert beside(Figure("some", "", [1.0]), none).ratio is None


def test_a_run_is_read_back_to_go_on_with(tmp_path: Path):
    path = tmp_path / "results.json"
    write_json(report(result()), path)
    assert msgspec.json.decode(path.read_bytes(), type=Report) == report(result())


def test_a_page_keeps_its_words_and_gets_new_numbers(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n<!-- numbers -->\nold\n{END}\nafter\n")
    picture = tmp_path / "results.png"
    picture.write_bytes(b"picture")
    for _ in range(2):
        fill(page, report(result()), {"Latency against load": picture})
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert text.count("| podium | 1,000 |") == text.count("- another: not run: why") == 1
    assert text.count("![Latency against load](images/page-1.png)") == 1
    assert (tmp_path / "images/page-1.png").read_bytes() == b"picture"


def test_a_page_without_marks_is_left_alone(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("words\n")
    with pytest.raises(NoMarks):
        fill(page, report(result()), {})
    assert page.read_text() == "words\n"
