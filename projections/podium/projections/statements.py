"""Statements of SQLAlchemy Core for many rows at once, compiled once and run by the driver itself.

SQLAlchemy's own way looks at each value of each row in Python. Here SQLite gets the rows as they are, one
after the other; PostgreSQL gets one array for each column, so that a batch is one statement for the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Dialect, Index, Table, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import TableValuedAlias


class Statement:
    """A statement for rows that each have the values of `columns`, in this order."""

    def __init__(self, statement: UpdateBase, dialect: Dialect, columns: Sequence[str]) -> None:
        compiled = statement.compile(dialect=dialect)
        order = list(getattr(compiled, "positiontup", None) or ())
        if order != list(columns):
            raise ValueError(f"the statement takes {order}, not {list(columns)}")
        self._sql = str(compiled)
        self._by_column = dialect.name == "postgresql"

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        values: Any = tuple(map(list, zip(*rows, strict=True))) if self._by_column else list(rows)
        connection.exec_driver_sql(self._sql, values)


def inserting(table: Table, dialect: Dialect) -> Statement:
    """Its rows have all columns of the table."""
    return Statement(_insert(table, dialect), dialect, _names(table))


def adding(table: Table, dialect: Dialect) -> Statement:
    """Adds each row's values to those of the row with the same key, or makes the row. No key may come twice."""
    statement = _insert(table, dialect)
    values = {
        column.name: column + statement.excluded[column.name] for column in table.columns if not column.primary_key
    }
    statement = statement.on_conflict_do_update(index_elements=_keys(table), set_=values)
    return Statement(statement, dialect, _names(table))


def replacing(table: Table, dialect: Dialect) -> Statement:
    """Puts each row in the place of the one with the same key. No key may come twice."""
    statement = _insert(table, dialect)
    values = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    statement = statement.on_conflict_do_update(index_elements=_keys(table), set_=values)
    return Statement(statement, dialect, _names(table))


def updating(table: Table, columns: Sequence[str], dialect: Dialect) -> Statement:
    """Sets some columns of the rows with a key; its rows are the new values, then the key."""
    keys = _keys(table)
    if dialect.name == "postgresql":
        rows = _arrays(table, [*columns, *keys])
        values = [(table.c[name], rows.c[name]) for name in columns]
        statement = update(table).where(*(table.c[key] == rows.c[key] for key in keys)).ordered_values(*values)
        return Statement(statement, dialect, [*columns, *keys])
    parameters = [(table.c[name], bindparam(f"new_{name}", type_=table.c[name].type)) for name in columns]
    statement = update(table).where(*(table.c[key] == bindparam(f"key_{key}") for key in keys))
    order = [*(f"new_{name}" for name in columns), *(f"key_{key}" for key in keys)]
    return Statement(statement.ordered_values(*parameters), dialect, order)


def partial_index(name: str, *columns: Column[Any], where: ColumnElement[bool]) -> None:
    """An index of the columns' table that has only the rows for which a condition holds."""
    Index(name, *columns, sqlite_where=where, postgresql_where=where)


def _insert(table: Table, dialect: Dialect) -> postgresql.Insert | sqlite.Insert:
    if dialect.name != "postgresql":
        return sqlite.insert(table)
    names = _names(table)
    return postgresql.insert(table).from_select(names, select(_arrays(table, names)))


def _arrays(table: Table, names: Sequence[str]) -> TableValuedAlias:
    """Rows that come as one array for each column."""
    arrays = [bindparam(name, type_=ARRAY(table.c[name].type)) for name in names]
    columns = [Column(name, table.c[name].type) for name in names]
    return func.unnest(*arrays).table_valued(*columns, name="new").render_derived()


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.primary_key]
