"""The tables of a run in a page of the docs: between two marks, so that the words around them stay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .result import Report, about, markdown

BEGIN: Final = "<!-- numbers: python -m benchmarks {names} --page {page} -->"
END: Final = "<!-- end of numbers -->"


class NoMarks(Exception):
    """The page has no place for the numbers of these measurements."""


def fill(page: Path, report: Report, pictures: Mapping[str, Path]) -> str:
    """Put the report's tables into the page, and the pictures into `images` beside it; says what was done.

    Args:
        pictures: title → file.

    Raises:
        NoMarks
    """
    text = page.read_text()
    opening = "<!-- numbers"
    start, end = text.find(opening), text.find(END)
    if start < 0 or end < start:
        raise NoMarks(f"{page} has no line that begins with {opening!r}, or none that is {END!r} after it")
    names = " ".join(result.name for result in report.results)
    lines = [
        BEGIN.format(names=names, page=page),
        "",
        f"{report.started[:10]}, {about(report).strip()}. Medians of {report.rounds}.".replace("\n", "; "),
        "",
    ]
    for number, (title, picture) in enumerate(pictures.items(), 1):
        copy = page.parent / "images" / f"{page.stem}-{number}.png"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(picture.read_bytes())
        lines += [f"![{title}](images/{copy.name})", ""]
    block = "\n".join([*lines, markdown(report.results).strip(), "", END])
    page.write_text(text[:start] + block + text[end + len(END) :])
    return f"The numbers are in {page}"
