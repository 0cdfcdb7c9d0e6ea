"""The documentation as passages that can be found by the words of a question (BM25; Robertson and Zaragoza 2009)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

DOCUMENTATION: Final = Path(__file__).parents[2] / "docs"

_COMMON: Final = """a an and any are as at be been but by can could do does for from had has have how i if in into is it
    its me my no not of on one or our so some that the their them then there these they this to us was we were what when
    where which who why will with would you your please hello hi thanks"""
STOP_WORDS: Final = frozenset(_COMMON.split())
K1: Final = 1.2
B: Final = 0.75
LONGEST: Final = 1500


class Passage(NamedTuple):
    """A section of a page."""

    page: str
    heading: str
    text: str


class Hit(NamedTuple):
    """`coverage`: the share of the question's weight that the passage has, 0–1."""

    passage: Passage
    score: float
    coverage: float


class Library:
    """Passages, and how often each word stands in them."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.passages = list(passages)
        self._counts = [Counter(words_in(f"{one.heading} {one.text}")) for one in self.passages]
        self._lengths = [counts.total() for counts in self._counts]
        self._mean = sum(self._lengths) / max(1, len(self._lengths))
        self._found = Counter(word for counts in self._counts for word in counts)

    @classmethod
    def of_documentation(cls, folder: Path = DOCUMENTATION) -> Library:
        """Raises: FileNotFoundError if there are no pages."""
        pages = sorted(folder.glob("*.md"))
        if not pages:
            raise FileNotFoundError(f"there are no pages in {folder}")
        return cls(passage for page in pages for passage in passages_of(page.name, page.read_text()))

    def best(self, question: str) -> Hit | None:
        """The passage that fits best; None if none has any of the words."""
        words = sorted(set(words_in(question)) - STOP_WORDS)
        whole = sum(map(self._weight, words))
        hits = [self._hit(place, words, whole) for place in range(len(self.passages))]
        best = max(hits, key=lambda hit: hit.score, default=None)
        return best if best is not None and best.score > 0 else None

    def _hit(self, place: int, words: list[str], whole: float) -> Hit:
        counts, length = self._counts[place], self._lengths[place]
        score = covered = 0.0
        for word in words:
            if often := counts[word]:
                weight = self._weight(word)
                covered += weight
                score += weight * often * (K1 + 1) / (often + K1 * (1 - B + B * length / self._mean))
        return Hit(self.passages[place], score, covered / whole if whole else 0.0)

    def _weight(self, word: str) -> float:
        """How much a word says: a rare one more than a common one, and one that stands nowhere most."""
        found = self._found[word]
        return math.log(1 + (len(self.passages) - found + 0.5) / (found + 0.5))


def words_in(text: str) -> list[str]:
    return re.findall(r"[a-z][a-z0-9_-]+", text.lower())


def passages_of(page: str, text: str) -> Iterator[Passage]:
    """The sections of a page in Markdown, without its blocks of code; long ones are cut."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for section in re.split(r"^(?=#{1,4} )", prose, flags=re.MULTILINE):
        heading, _, body = section.partition("\n")
        if body.strip():
            yield Passage(page, heading.strip("# "), body.strip()[:LONGEST])
