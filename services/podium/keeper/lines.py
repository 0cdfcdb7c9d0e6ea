"""Exports as files: JSON Lines or CSV with a header, told apart by what is in them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Literal, TextIO

import msgspec

from .record import COLUMNS, Line

Format = Literal["jsonl", "csv"]

csv.field_size_limit(64 * 1024 * 1024)


class Unreadable(Exception):
    """A line that is none of an export's.

    Attributes:
        number: of the line, from 1.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(f"line {number}: {message}")
        self.number = number


class Writer:
    """Writes lines in one of the formats; of JSON, what is empty is left out."""

    def __init__(self, file: TextIO, format: Format) -> None:
        self._file = file
        self._rows = csv.writer(file) if format == "csv" else None
        if self._rows is not None:
            self._rows.writerow(COLUMNS)

    def write(self, line: Line) -> None:
        if self._rows is not None:
            self._rows.writerow([getattr(line, name) for name in COLUMNS])
            return
        self._file.write(_in_json(line) + "\n")


def _in_json(line: Line) -> str:
    fields = {name: value for name in COLUMNS if (value := getattr(line, name)) not in ("", 0)}
    return msgspec.json.encode(fields).decode()


def read(file: TextIO) -> Iterator[tuple[int, Line]]:
    """The lines of an export and their numbers; the file is opened with `newline=""`.

    Raises:
        Unreadable
    """
    try:
        first = file.read(1)
        file.seek(0)
        yield from _json_lines(file) if first == "{" else _rows(file)
    except UnicodeDecodeError as error:
        raise Unreadable(0, "it is no UTF-8 text") from error


def _json_lines(file: TextIO) -> Iterator[tuple[int, Line]]:
    decode = msgspec.json.Decoder(Line).decode
    for number, text in enumerate(file, 1):
        try:
            line = decode(text)
            if _in_json(line) != text.rstrip("\r\n"):  # somebody wrote it anew, which is well if it says the same
                json.loads(text, object_pairs_hook=_once)
            yield number, line
        except (msgspec.DecodeError, ValueError) as error:
            raise Unreadable(number, str(error)) from error


def _once(pairs: list[tuple[str, object]]) -> None:
    """Raises: ValueError: programs differ in which of two values counts."""
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("it has a column twice")


def _rows(file: TextIO) -> Iterator[tuple[int, Line]]:
    rows = csv.reader(file)
    try:
        header = next(rows, None)
        if header != list(COLUMNS):
            raise Unreadable(1, "it is neither an export in JSON Lines nor one in CSV")
        for row in rows:
            if len(row) != len(COLUMNS):
                raise Unreadable(rows.line_num, f"it has {len(row)} columns instead of {len(COLUMNS)}")
            try:
                yield rows.line_num, msgspec.convert(dict(zip(COLUMNS, row, strict=True)), Line, strict=False)
            except msgspec.ValidationError as error:
                raise Unreadable(rows.line_num, str(error)) from error
    except csv.Error as error:
        raise Unreadable(rows.line_num, str(error)) from error
