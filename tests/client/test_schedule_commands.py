"""What `podium schedule` says without a server: times that come, and arguments that make no sense."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from podium.client.cli import main


def test_the_times_of_an_expression_are_told_in_its_zone(capsys: pytest.CaptureFixture[str]):
    words = ["schedule", "next", "--cron", "30 2 * * *", "--timezone", "Asia/Kathmandu", "--count", "3"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.endswith("02:30:00+05:45") for line in lines)
    assert main([*words, "--json"]) == 0
    times = json.loads(capsys.readouterr().out)
    assert [datetime.fromtimestamp(time, ZoneInfo("Asia/Kathmandu")).isoformat(sep=" ") for time in times] == lines


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["next"], "name a schedule"),
        (["next", "--cron", "61 * * * *"], "--cron"),
        (["next", "--cron", "0 0 30 2 *"], "--cron"),
        (["next", "--cron", "0 0 * * *", "--timezone", "Europe/Atlantis"], "--timezone: there is no time zone"),
        (["create", "s", "w"], "give one of"),
        (["create", "s", "w", "--every", "5", "--after", "5"], "give one of"),
        (["create", "s", "w", "--at", "tomorrow"], "is no time such as"),
        (["backfill", "s", "yesterday", "2026-03-01"], "is no time such as"),
    ],
)
def test_arguments_that_make_no_sense_are_told(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]):
    assert main(["schedule", *words]) == 2
    assert complaint in capsys.readouterr().err
