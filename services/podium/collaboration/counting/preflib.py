"""PrefLib's files of orders: soc, soi, toc and toi (Mattei and Walsh, "PrefLib", 2013)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from .profile import Paper

KINDS: Final = ("soc", "soi", "toc", "toi")
MOST_ALTERNATIVES: Final = 10_000
MOST_VOTERS: Final = 2**52

_HEADER: Final = re.compile(r"#\s*(?P<key>[^:]+?)\s*:\s*(?P<value>.*?)\s*")
_NAME: Final = re.compile(r"ALTERNATIVE NAME (?P<number>[0-9]+)")
_ORDER: Final = re.compile(r"\s*(?P<count>[^:]*?)\s*:(?P<order>.*)")
_GROUP: Final = re.compile(r"\s*(?:\{(?P<several>[^{}]*)\}|(?P<one>[^{},]+))\s*(?:,(?=.)|$)")
_NUMBER: Final = re.compile(r"\s*0*([0-9]{1,17})\s*")


class BadFile(ValueError):
    """The file cannot be read; `line` is the number of the line that says so, from 1, or None."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Orders(Struct, frozen=True):
    """What a file holds.

    Attributes:
        numbers: the file's numbers of the alternatives, in the order of `names`.
        names: distinct; where the file repeats a name, the number stands behind it.
        doubts: where the file contradicts its own header without being unreadable.
    """

    numbers: list[int]
    names: list[str]
    papers: list[Paper]
    doubts: list[str]


def read(lines: Iterable[str], kind: str | None = None) -> Orders:
    """Read a file's lines.

    Args:
        kind: of the file by its name; what its header says comes first. Files of a kind that has no ties, or only
            complete orders, are held to that.

    Raises:
        BadFile
    """
    header: dict[str, str] = {}
    names: dict[int, str] = {}
    papers: list[Paper] = []
    shape = _Shape(0, None)
    for number, text in enumerate(lines, 1):
        line = text.strip("\ufeff\r\n \t")
        if not line:
            continue
        if line.startswith("#"):
            if (found := _HEADER.fullmatch(line)) is not None:
                _head(header, names, found["key"].upper(), found["value"], number)
            continue
        if not papers:
            shape = _shape(header, kind, number)
        papers.append(shape.paper(line, number))
    size = shape.size or _shape(header, kind, None).size
    if names and max(names) > size:
        raise BadFile(f"there is a name for alternative {max(names)}, and there are only {size} alternatives")
    return Orders(list(range(1, size + 1)), _distinct(names, size), papers, _doubts(header, names, papers, size))


def _head(header: dict[str, str], names: dict[int, str], key: str, value: str, line: int) -> None:
    if (name := _NAME.fullmatch(key)) is None:
        header[key] = value
        return
    index = int(name["number"])
    if index < 1 or index in names:
        raise BadFile(f"alternative {index} {'is named twice' if index in names else 'is no number from 1 on'}", line)
    names[index] = value


class _Shape(Struct, frozen=True):
    """What an order of the file must look like."""

    size: int
    kind: str | None

    def paper(self, line: str, number: int) -> Paper:
        found = _ORDER.fullmatch(line)
        if found is None:
            raise BadFile("an order is `count: 1,2,{3,4}`; there is no colon", number)
        count = _NUMBER.fullmatch(found["count"])
        if count is None or not 0 < int(count[1]) <= MOST_VOTERS:
            raise BadFile(f"{found['count']!r} is not how often the order was given: a number from 1 on", number)
        groups = self._groups(found["order"].strip(), number)
        self._check(groups, number)
        return Paper(groups, int(count[1]))

    def _groups(self, order: str, number: int) -> tuple[tuple[int, ...], ...]:
        groups: list[tuple[int, ...]] = []
        at = 0
        while at < len(order):
            found = _GROUP.match(order, at)
            if found is None:
                raise BadFile(f"{order[at : at + 20]!r} is neither an alternative nor a group such as {{3,4}}", number)
            several = found["several"]
            inside = [found["one"]] if several is None else several.split(",") if several.strip() else []
            if inside:
                groups.append(tuple(self._index(text, number) for text in inside))
            at = found.end()
        return tuple(groups)

    def _index(self, text: str, number: int) -> int:
        found = _NUMBER.fullmatch(text)
        if found is None or not 1 <= int(found[1]) <= self.size:
            raise BadFile(f"{text.strip()!r} is no alternative: they are numbered 1 to {self.size}", number)
        return int(found[1]) - 1

    def _check(self, groups: tuple[tuple[int, ...], ...], number: int) -> None:
        named = [index for group in groups for index in group]
        if len(set(named)) < len(named):
            twice = next(index for index in named if named.count(index) > 1)
            raise BadFile(f"alternative {twice + 1} stands twice in the order", number)
        if self.kind in ("soc", "soi") and any(len(group) > 1 for group in groups):
            raise BadFile(f"a {self.kind} file has no ties, and this order has one", number)
        if self.kind in ("soc", "toc") and len(named) < self.size:
            raise BadFile(
                f"the orders of a {self.kind} file are complete; this names {len(named)} of {self.size}", number
            )


def _shape(header: dict[str, str], kind: str | None, line: int | None) -> _Shape:
    kind = header.get("DATA TYPE", kind or "").lower() or None
    if kind is not None and kind not in KINDS:
        raise BadFile(f"it is a {kind} file; only {', '.join(KINDS)} are read", line)
    told = header.get("NUMBER ALTERNATIVES")
    if told is None:
        raise BadFile("no line `# NUMBER ALTERNATIVES: n` comes before the first order", line)
    size = _NUMBER.fullmatch(told)
    if size is None or not 1 <= int(size[1]) <= MOST_ALTERNATIVES:
        raise BadFile(f"the number of alternatives is {told!r}, not 1 to {MOST_ALTERNATIVES}", line)
    return _Shape(int(size[1]), kind)


def _distinct(names: dict[int, str], size: int) -> list[str]:
    plain = [names.get(number) or str(number) for number in range(1, size + 1)]
    return [f"{name} ({i})" if plain.count(name) > 1 else name for i, name in enumerate(plain, 1)]


def _doubts(header: dict[str, str], names: dict[int, str], papers: list[Paper], size: int) -> list[str]:
    voters = sum(paper.count for paper in papers)
    found = {
        "NUMBER VOTERS": (voters, f"the orders were given {voters} times"),
        "NUMBER UNIQUE ORDERS": (len(papers), f"there are {len(papers)} orders"),
    }
    doubts = [
        f"the header says {key}: {header[key]}, but {what}"
        for key, (number, what) in found.items()
        if key in header and header[key] != str(number)
    ]
    if names and len(names) < size:
        doubts.append(f"only {len(names)} of {size} alternatives have a name")
    return doubts
