"""What a vote came to, in lines for people."""

from __future__ import annotations

from collections.abc import Generator

from podium.contracts.counts import Count, Method


def in_words(found: Count) -> Generator[str]:
    """Who has won, by how much, what would have flipped it, and the scores of each round."""
    match found.result:
        case "won":
            lead = "" if found.margin is None else f", by {_plain(found.margin)}"
            yield f"{found.winners[0]} wins by {_said(found.method)}{lead}"
        case "tied":
            yield f"a tie by {_said(found.method)}, between {len(found.winners)}: {', '.join(found.winners)}"
        case "none":
            yield f"nobody wins by {_said(found.method)}{_lacking(found)}"
    blank = f", and {found.blank} blank" if found.blank else ""
    yield f"papers  {found.papers}{blank}"
    if found.flip is not None:
        papers = f"{found.flip.papers} paper{'s' * (found.flip.papers != 1)}"
        bound = "" if found.flip.certainty == "exact" else " (a bound: fewer may do)"
        rival = "" if found.flip.rival is None else f" in favour of {found.flip.rival}"
        yield f"flipped by  {papers}{rival}{bound}"
    for number, each in enumerate(found.rounds, 1):
        if len(found.rounds) > 1:
            yield f"round {number}"
        for option, score in sorted(each.scores.items(), key=lambda item: -item[1]):
            yield f"  {_plain(score):>12}  {option}{'  out' if option in each.eliminated else ''}"
        if each.exhausted:
            yield f"  {_plain(each.exhausted):>12}  (papers that name none of those left)"


def _lacking(found: Count) -> str:
    if found.needed is not None:
        return f": it takes {'more than' if found.method == 'majority' else 'at least'} {_plain(found.needed)}"
    return ": nobody beats every other" if found.method == "condorcet" and found.papers else ": there are no papers"


def _plain(score: float) -> str:
    return f"{score:.12g}"


def _said(method: Method) -> str:
    return {"instant_runoff": "instant run-off"}.get(method, method.replace("_", " "))
