"""The page `docs/wire.md` taken apart: its tables, its fenced blocks, its commands for a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

PAGE: Final = (Path(__file__).parents[2] / "docs" / "wire.md").read_text()

_FENCE: Final = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_WORD: Final = re.compile(r"`([^`]+)`")


class Block(NamedTuple):
    """A fenced block: `json event` is one whose `language` is `json` and whose `meaning` is `event`."""

    language: str
    meaning: str
    text: str


class ShellCommand(NamedTuple):
    """A line such as `nats req <subject> <body>`, without its options."""

    way: str
    subject: str
    body: bytes


def blocks(language: str) -> list[Block]:
    found = [(*fence["info"].partition(" "), fence["text"]) for fence in _FENCE.finditer(PAGE)]
    return [Block(named, meaning, text) for named, _, meaning, text in found if named == language]


def table(heading: str, first: str) -> list[list[str]]:
    """The rows of the table below a heading whose first column is so named; the header row left out."""
    section = re.split(r"^#+ ", PAGE.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = iter(section.splitlines())
    for line in lines:
        if line.startswith(f"| {first} |"):
            next(lines)
            return [_cells(row) for row in _while_row(lines)]
    raise AssertionError(f"no table of {first} below {heading}")


def words(text: str) -> list[str]:
    """What stands in back quotes."""
    return _WORD.findall(text)


def shell_commands() -> list[ShellCommand]:
    return [_shell_command(line) for block in blocks("sh") for line in block.text.splitlines()]


def _shell_command(line: str) -> ShellCommand:
    tool, way, *rest = shlex.split(line)
    assert tool == "nats", line
    while rest[0] == "-H":
        del rest[:2]
    return ShellCommand(way, rest[0], rest[1].encode() if len(rest) > 1 else b"")


def _while_row(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("|"):
            return
        yield line


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]
