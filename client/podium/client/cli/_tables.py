"""Answers of queries as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from podium.contracts.agents import AgentProfile

from ._words import clock, fields_in, in_short, is_empty, is_nested, pairs, parts_in

Fields = Mapping[str, Any]

_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "tasks": (
        *("task_id", "kind", "phase", "agent", "attempt", "priority"),
        *("principal", "submitted_at", "code", "message"),
    ),
    "sessions": ("session_id", "state", "strategy", "created_at", "at_work", "path", "goal"),
    "phases": ("number", "agent", "role", "purpose", "outcome", "seconds", "output", "code", "message"),
    "messages": ("id", "receiver", "sender", "state", "priority", "group", "topic", "sent_at", "body", "note"),
    "candidates": ("agent", "score", "skill", "load"),
    "runs": (
        *("run_id", "workflow", "version", "phase", "principal", "started_at", "ended_at"),
        *("steps", "completed", "failed", "skipped", "code", "message"),
    ),
    "channels": ("channel", "kind", "url", "to", "host", "secret", "by"),
    "routes": ("route", "channel", "severities", "labels", "escalate_to", "escalate_after", "wait", "again", "by"),
    "commands": ("at", "principal", "command", "entity", "outcome", "code", "message", "event"),
    "schedules": ("schedule", "workflow", "timing", "phase", "overlap", "runs", "skipped", "queued", "due_at"),
    "agents": ("agent_id", "skills", "slots", "open", "completed", "failed", "mean_duration", "model", "beat_at"),
}
"""Which fields make a list's columns; in other lists all do."""

_WHOLE: Final = 12
"""Columns of so many characters, as of states and times, are not broken, if there is room."""

_LEAST: Final = 8
"""What the other columns must have for that."""

_STYLES: Final = {
    "completed": "green",
    "running": "cyan",
    "assigned": "cyan",
    "failed": "red",
    "cancelled": "yellow",
    "paused": "yellow",
    "delayed": "yellow",
}
"""Of phases and outcomes."""


def show(answer: Fields, console: Console | None = None) -> None:
    """Lists become tables, what is left becomes lines of a name and a value."""
    console = console or Console()
    content = {name: value for name, value in answer.items() if name not in ("positions", "next")}
    if len(content) == 1:
        [(name, only)] = content.items()
        if only == []:
            console.print(f"no {name}", style="dim")
            return
        content = dict(fields_in(only) or content)
    for name in ("spec", "profile"):
        content = {**(fields_in(content.pop(name, None)) or {}), **content}
    lists: dict[str, list[Fields]] = {}
    facts: dict[str, Any] = {}
    for name, value in content.items():
        if rows := _rows_in(value):
            lists[name] = rows
        elif inner := fields_in(value):
            lists |= {key: rows for key, part in inner.items() if (rows := _rows_in(part))}
            facts[name] = {key: part for key, part in inner.items() if key not in lists}
        elif not is_empty(value):
            facts[name] = value
    if facts:
        console.print(_facts(facts))
    for name, rows in lists.items():
        if facts or len(lists) > 1:
            console.print(f"\n[bold]{name}[/]")
        console.print(_table(name, rows, console.width))
    if answer.get("next"):
        console.print(f"more with cursor={answer['next']}", style="dim")


def _rows_in(value: object) -> list[Fields]:
    """The objects of an array of objects."""
    parts = parts_in(value) or ()
    rows = [fields for part in parts if (fields := fields_in(part)) is not None]
    return rows if len(rows) == len(parts) else []


def _facts(facts: Fields) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        fields = fields_in(value)
        if fields is not None and is_nested(fields):
            lines = (f"{key}: {in_short(key, part, 400)}" for key, part in fields.items() if not is_empty(part))
            table.add_row(name, escape("\n".join(lines)))
        else:
            table.add_row(name, _styled(name, in_short(name, value, 2000)))
    return table


def _table(name: str, rows: Sequence[Fields], room: int) -> Table:
    flat = [_flat(row) for row in rows]
    chosen = _COLUMNS.get(name) or list(dict.fromkeys(key for row in flat for key in row))
    columns = [column for column in chosen if any(not is_empty(row.get(column)) for row in flat)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    shown = {
        column: ["" if is_empty(row.get(column)) else in_short(column, row[column]) for row in flat]
        for column in columns
    }
    widths = {column: max(len(column), *map(len, cells)) for column, cells in shown.items()}
    is_roomy = sum(3 + (width if width <= _WHOLE else _LEAST) for width in widths.values()) <= room
    for column in columns:
        is_number = all(isinstance(row.get(column), int | float | None) for row in flat)
        right = is_number and not column.endswith("_at")
        whole = widths[column] if is_roomy and widths[column] <= _WHOLE else None
        table.add_column(column, justify="right" if right else "left", overflow="fold", min_width=whole)
    for cells in zip(*shown.values(), strict=True):
        table.add_row(*(_styled(column, cell) for column, cell in zip(columns, cells, strict=True)))
    return table


def _flat(row: Fields) -> Fields:
    """Of an event its essence, of a command where its first event is; the profile or settings of what has any."""
    if "command_id" in row and "sequence" in row:
        return {**row, "event": f"{row['service']}:{row['sequence']}"}
    event = fields_in(row.get("event"))
    if event is not None:
        about = {key: value for key, value in row.items() if key not in ("event", "stream")}
        data = {key: value for key, value in event["data"].items() if key != "event" and not is_nested(value)}
        kind = event["type"].split(".")[1]
        return about | {"time": clock(event["time"]), "event": kind, "actor": event["actor"], "data": pairs(data, 40)}
    for name in ("profile", "settings"):
        if (inner := fields_in(row.get(name))) is not None:
            unsaid = {"slots": AgentProfile().slots} if name == "profile" else {}
            return {**unsaid, **inner, **{key: value for key, value in row.items() if key != name}}
    return row


def _styled(name: str, text: str) -> str:
    style = _STYLES.get(text) if name in ("phase", "outcome") else None
    return f"[{style}]{escape(text)}[/]" if style else escape(text)
