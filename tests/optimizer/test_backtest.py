"""`podium predict backtest`: recordings of every form, and what is said of how well they were predicted."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from podium.optimizer.backtest import main, table, wfformat
from podium.optimizer.backtest.recording import Recording, Unreadable, text_of
from podium.optimizer.backtest.run import Report, backtest
from podium.optimizer.backtest.table import Reading

DATA = Path(__file__).parents[3] / "shared/data"
WORKFLOWS = sorted((DATA / "workflows").glob("*.json*"))
TRACE = DATA / "llm-trace" / "AzureLLMInferenceTrace_code.csv"
SMALL = 30
"""Tasks below which one miss more or less is more than three hundredths."""


def report_of(file: Path, **reading: Any) -> Report:
    text = text_of(file)
    found = wfformat.read(text) if text.startswith("{") else table.read(text, Reading(**reading))
    return backtest(found, 0.9)


@pytest.mark.skipif(not WORKFLOWS, reason="the recordings of ../shared/data/workflows are not here")
@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_recorded_workflows_are_held(file):
    report = report_of(file)
    assert report.skipped == 0
    if report.n < SMALL:
        assert report.coverage >= 0.75
        return
    assert 0.87 <= report.coverage <= 0.93
    assert report.interval_score < 1.2 * min(quality.interval_score for quality in report.baselines.values())


@pytest.mark.skipif(not WORKFLOWS, reason="the recordings of ../shared/data/workflows are not here")
@pytest.mark.parametrize("count", [10, 20])
def test_few_tasks_are_held_as_often_on_the_mean(count):
    chance, reports = Random(count), list[Report]()
    for file in WORKFLOWS:
        whole = wfformat.read(text_of(file))
        for _ in range(5 if len(whole.tasks) > count else 0):
            places = sorted(chance.sample(range(len(whole.tasks)), count))
            part = Recording(whole.form, whole.columns, [whole.tasks[place] for place in places])
            reports.append(backtest(part, 0.9))
    held = sum(report.coverage * report.n for report in reports) / sum(report.n for report in reports)
    assert 0.87 <= held <= 0.94


@pytest.mark.skipif(not TRACE.exists(), reason="the recording of ../shared/data/llm-trace is not here")
def test_a_recorded_trace_is_held_and_known_better_than_by_quantiles():
    report = report_of(TRACE)
    assert (report.n, report.columns["sizes"]) == (8719, "ContextTokens")
    assert 0.87 <= report.coverage <= 0.93
    assert report.width < 0.5 * report.baselines["all"].width
    assert report.interval_score < 0.75 * report.baselines["all"].interval_score


WORKFLOW = {
    "workflow": {
        "specification": {
            "tasks": [
                {"id": "late", "parents": ["early"], "inputFiles": ["big"]},
                {"id": "early", "parents": [], "inputFiles": ["big", "small"]},
            ],
            "files": [{"id": "big", "sizeInBytes": 1000}, {"id": "small", "sizeInBytes": 1}],
        },
        "execution": {
            "tasks": [
                {"id": "late", "runtimeInSeconds": 2, "command": {"program": "sort"}, "machines": ["m1"]},
                {"id": "early", "runtimeInSeconds": 1.5, "command": {"program": "split"}, "machines": ["m2"]},
                {"id": "undone"},
            ]
        },
    }
}


def test_a_workflows_tasks_come_after_their_parents():
    found = wfformat.read(json.dumps(WORKFLOW))
    assert [(done.case, done.seconds) for done in found.tasks] == [
        (("split", "m2", (1001.0, 2.0)), 1.5),
        (("sort", "m1", (1000.0, 1.0)), 2.0),
    ]
    assert found.skipped == 1


def test_an_older_workflow_format_is_read_as_well():
    tasks = [
        {"name": "sort_2", "runtime": 3, "machine": "m1", "parents": ["split_1"]},
        {
            "name": "split_1",
            "runtime": 1,
            "parents": [],
            "files": [{"link": "input", "name": "x", "size": 7}, {"link": "output", "name": "y", "size": 9}],
        },
    ]
    found = wfformat.read(json.dumps({"workflow": {"jobs": tasks}}))
    assert [done.case for done in found.tasks] == [("split", "unknown", (7.0, 1.0)), ("sort", "m1", (0.0, 0.0))]


def test_recorded_times_go_before_what_follows_from_the_parents():
    workflow = json.loads(json.dumps(WORKFLOW))
    tasks = workflow["workflow"]["execution"]["tasks"][:2]
    tasks[0]["executedAt"], tasks[1]["executedAt"] = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"
    workflow["workflow"]["execution"]["tasks"] = tasks
    found = wfformat.read(json.dumps(workflow))
    assert [done.case.kind for done in found.tasks] == ["sort", "split"]
    assert found.columns["order"] == "executedAt"


def read(text: str, *known: str) -> Recording:
    return table.read(text, Reading(known))


def test_columns_are_known_by_their_names():
    heading = "Started At,Program,Host Name,input_bytes,output_bytes,Latency (ms)"
    found = read(f"{heading}\n2026-01-02,b,h1,5,9,200\n2026-01-01,a,h2,7,9,100\n")
    assert [done.case for done in found.tasks] == [("a", "h2", (7.0,)), ("b", "h1", (5.0,))]
    assert [done.seconds for done in found.tasks] == pytest.approx([0.1, 0.2])
    assert found.columns == {
        "kind": "Program",
        "agent": "Host Name",
        "duration": "Latency (ms)",
        "order": "Started At",
        "sizes": "input_bytes",
    }


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_fields_are_parted_by_what_parts_the_heading(mark):
    lines = [("kind", "duration"), ("a, b", "1"), ("c", "2")]
    found = read("\n".join(mark.join(f'"{field}"' for field in fields) for fields in lines))
    assert [(done.case.kind, done.seconds) for done in found.tasks] == [("a, b", 1.0), ("c", 2.0)]


def test_the_user_may_say_what_was_known_beforehand():
    text = "duration,output_bytes,pages\n1,2,3\n2,3,4\n"
    assert read(text).columns["sizes"] == "none"
    assert [done.case.sizes for done in read(text, "pages", "output_bytes").tasks] == [(3.0, 2.0), (4.0, 3.0)]


def test_rows_without_a_duration_are_counted_and_passed_over():
    found = read("duration\n1\n\nnan\n-3\n2\n")
    assert ([done.seconds for done in found.tasks], found.skipped) == ([1.0, 2.0], 2)


def test_a_trace_is_served_by_agents_that_differ_and_the_same_each_time():
    text = "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(f"{n},1000,50\n" for n in range(400))
    first, again = read(text), read(text)
    assert first == again
    means: dict[str, list[float]] = {}
    for done in first.tasks:
        means.setdefault(done.case.agent, []).append(done.seconds)
    slowest, *_, fastest = sorted((sum(taken) / len(taken) for taken in means.values()), reverse=True)
    assert len(means) == 8
    assert slowest / fastest == pytest.approx(4.0, rel=0.2)
    assert slowest == pytest.approx((0.02 + 0.2 + 0.4) / 0.5, rel=0.1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it has no rows"),
        (b"duration\n", "it has no rows"),
        (b"duration\n1\n", "no two tasks"),
        (b"duration\n1\nsoon\n", "'soon' in column duration is no duration"),
        (b"time,value\n1,2\n", "no column has a duration"),
        (b"{", "it is no JSON"),
        (b"[1]", "it has no rows"),
        (b"{}", "not WfFormat"),
        (b'{"workflow":{"execution":{}}}', "no task in it was executed"),
        (b'{"workflow":{"tasks":[{"name":"a"},{"name":"b"}]}}', "no two tasks"),
        (b"\x1f\x8bnothing", "it is damaged"),
        (gzip.compress(b"duration\n1\n2\n", mtime=0)[:-9], "it is damaged"),
        (b"duration\n\xff\n", "no text in UTF-8"),
        (b'duration\n"1\n', "no two tasks"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path, capsys, content, said):
    file = tmp_path / "recording"
    file.write_bytes(content)
    assert main.main([str(file)]) == main.BAD_INPUT
    assert said in capsys.readouterr().err


def test_an_unknown_column_is_refused():
    with pytest.raises(Unreadable, match="no column pages; it has duration"):
        read("duration\n1\n2\n", "pages")


def test_a_user_asks_for_it(tmp_path):
    random, file = Random(1), tmp_path / "jobs.csv.gz"
    rows = [f"k{n % 2},{random.lognormvariate(n % 2, 0.3)}" for n in range(300)]
    file.write_bytes(
        gzip.compress("\n".join(["kind,seconds_taken,duration"] + [r.replace(",", ",0,") for r in rows]).encode())
    )

    def podium(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "podium.client.cli", "predict", "backtest", *arguments]
        return subprocess.run(command, capture_output=True, timeout=60, check=False, text=True)

    done = podium(str(file), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert (said["n"], said["warm_up"], {group["kind"] for group in said["groups"]}) == (270, 30, {"k0", "k1"})
    assert 0.86 <= said["coverage"] <= 0.94
    words = podium(str(file))
    assert words.returncode == 0
    assert "quantiles by kind" in words.stdout
    missing = podium(str(tmp_path / "none.csv"))
    assert missing.returncode == 2
    assert "cannot be read" in missing.stderr
