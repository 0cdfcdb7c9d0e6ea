"""Programs that the command line starts say in one sentence what is wrong with their arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from errno import ENOSPC
from os import strerror
from pathlib import Path

import pytest

from podium.audit import main as audit
from podium.keeper import main as keeper
from podium.keeper.commands import CannotRun, written
from podium.replay import main as replay
from podium.router.whatif import main as what_if


@pytest.mark.parametrize(
    ("program", "arguments", "said"),
    [
        (keeper.main, ["archive", "cut", "here", "--keep", "-1"], "--keep: '-1' is no number of events, 1 or more"),
        (keeper.main, ["archive", "cut", "here", "--to", "cat:1"], "--to: 'cat:1' is not SERVICE:SEQUENCE"),
        (audit.main, ["nonsense"], "part: 'nonsense' is none of log, state, read-models"),
        (replay.main, ["--to", "soon"], "--to: 'soon' is neither a sequence nor an RFC 3339 time"),
        (what_if.main, ["turns.yaml", "--tasks", "few"], "--tasks: invalid int value: 'few'"),
    ],
)
def test_wrong_arguments(
    program: Callable[[Sequence[str]], int], arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        program(arguments)
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.startswith(f"podium: {said}")
    assert told.count("\n") == 1


def test_who_has_no_key_here_is_told_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PODIUM_DATA", str(tmp_path))
    monkeypatch.delenv("PODIUM_AUDIT_KEY", raising=False)
    assert keeper.main(["key"]) == 2
    assert "name the keeper's PODIUM_DATA or PODIUM_AUDIT_KEY" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_in_a_sentence_and_leaves_nothing(tmp_path: Path):
    (tmp_path / "a-file").write_text("of another")
    for where, said in (("a-file/may.jsonl", "Not a directory"), ("no/may.jsonl", "No such file or directory")):
        with pytest.raises(CannotRun, match=said), written(tmp_path / where):
            pass
    with pytest.raises(CannotRun, match="No space left on device"), written(tmp_path / "may.jsonl"):
        raise OSError(ENOSPC, strerror(ENOSPC))
    with written(tmp_path / "june.jsonl") as file:
        file.write("{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-file", "june.jsonl"]
