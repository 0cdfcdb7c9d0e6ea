"""Rows of a CSV file with a time and a value in each."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import isfinite, nan

from msgspec import Struct

MISSING = frozenset(("", "nan", "na", "null", "none"))


class Row(Struct, frozen=True):
    """
    Attributes:
        fields: timestamp and value as they were written.
        timestamp: seconds since the epoch, UTC.
        value: nan if it is missing.
    """

    fields: tuple[str, str]
    timestamp: float
    value: float


class BadRow(Exception):
    """A row that cannot be used; the message says in a sentence which and why."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")


def read_rows(lines: Iterable[str]) -> Iterator[Row]:
    """The rows in order; a heading and empty lines are passed over.

    Raises:
        BadRow: at the first row that is none.
    """
    reader, first = csv.reader(lines), True
    while True:
        try:
            fields = [field.strip() for field in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise BadRow(reader.line_num, f"this is no CSV ({error}).") from error
        if not any(fields):
            continue
        if not (first and _is_heading(fields)):
            yield _row(fields, reader.line_num)
        first = False


def _is_heading(fields: list[str]) -> bool:
    """Whether this can only be names: neither field reads as what a row has there."""
    try:
        _row(fields, 0)
    except BadRow:
        return len(fields) == 2 and _number(fields[1]) is None and fields[1].lower() not in MISSING
    return False


def _row(fields: list[str], line: int) -> Row:
    if len(fields) != 2:
        raise BadRow(line, f"a timestamp and a value are expected, not {len(fields)} fields.")
    timestamp, value = fields
    return Row((timestamp, value), _timestamp(timestamp, line), _value(value, line))


def _timestamp(text: str, line: int) -> float:
    if (seconds := _number(text)) is not None and isfinite(seconds):
        return seconds
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise BadRow(line, f"{text!r} is no time: write 2026-01-31 08:00:00, or seconds since 1970.") from None


def _value(text: str, line: int) -> float:
    if text.lower() in MISSING:
        return nan
    number = _number(text)
    if number is None or not isfinite(number):
        raise BadRow(line, f"{text!r} is no number.")
    return number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
