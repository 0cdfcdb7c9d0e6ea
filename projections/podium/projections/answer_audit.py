"""Answers about commands: who asked for what, when, and what became of it."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, select, tuple_

from podium.contracts.audit_queries import CommandRow, CommandsAnswer, ListCommands

from .pages import page, read_cursor
from .sources import Sources
from .store import View

_EQUAL: Final = ("principal", "service", "command", "outcome", "entity")


async def list_commands(sources: Sources, query: ListCommands) -> CommandsAnswer:
    before = read_cursor(query.cursor, tuple[float, str, int]) if query.cursor is not None else None

    def read(view: View) -> list[CommandRow]:
        table = view.commands.commands
        key = (table.c.at, table.c.service, table.c.sequence)
        rows = select(table)
        for name in _EQUAL:
            if (value := getattr(query, name)) is not None:
                rows = rows.where(table.c[name] == value)
        if query.since is not None:
            rows = rows.where(table.c.at >= query.since)
        if query.until is not None:
            rows = rows.where(table.c.at < query.until)
        if before is not None:
            rows = rows.where(tuple_(*key) < tuple_(*before))
        rows = rows.order_by(*(column.desc() for column in key)).limit(query.limit + 1)
        return [_command(row) for row in view.connection.execute(rows)]

    found, positions = await sources.view(read)
    rows, cursor = page(found, query.limit, sources.room, lambda row: row, _place)
    return CommandsAnswer(positions=positions, commands=rows, next=cursor)


def _place(row: CommandRow) -> tuple[float, str, int]:
    return row.at, row.service, row.sequence


def _command(row: Row[Any]) -> CommandRow:
    return CommandRow(*(getattr(row, name) for name in CommandRow.__struct_fields__))
