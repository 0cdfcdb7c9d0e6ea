"""Counts by their definitions, on profiles whose outcome is known from the literature or by hand."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest

from podium.collaboration.counting.methods import count, tally_of
from podium.collaboration.counting.pairs import Undecidable
from podium.collaboration.counting.profile import MICRO, Paper, Profile, TooMany
from podium.contracts.counts import METHODS, TWO_THIRDS, Count, Method
from tests.votes.papers import as_profile, random_profile


def profile(options: str, *rows: tuple[int, str], unit: int = 1) -> Profile:
    """Rows such as `(5, "a>bc")`: so many papers, with a above b and c, which are level."""
    return Profile(
        list(options),
        [
            Paper(tuple(tuple(options.index(c) for c in group) for group in order.split(">") if group), number)
            for number, order in rows
        ],
        unit,
    )


TENNESSEE = profile("mncs", (42, "m>n>c>s"), (26, "n>c>s>m"), (15, "c>s>n>m"), (17, "s>c>n>m"))
"""The usual example: where to put the capital (Memphis, Nashville, Chattanooga, Knoxville as s)."""

SCHULZE_2011 = profile(
    "abcde",
    *((5, "a>c>b>e>d"), (5, "a>d>e>c>b"), (8, "b>e>d>a>c"), (3, "c>a>b>e>d")),
    *((7, "c>a>e>b>d"), (2, "c>b>a>d>e"), (7, "d>c>e>b>a"), (8, "e>b>a>d>c")),
)
"""Example 1 of Schulze's paper."""

CYCLE = profile("abc", (1, "a>b>c"), (1, "b>c>a"), (1, "c>a>b"))


EXAMPLES = {"tennessee": TENNESSEE, "schulze_2011": SCHULZE_2011, "cycle": CYCLE}


@pytest.mark.parametrize(
    ("example", "method", "winners"),
    [
        ("tennessee", "plurality", ["m"]),
        ("tennessee", "majority", []),
        ("tennessee", "instant_runoff", ["s"]),
        ("tennessee", "borda", ["n"]),
        ("tennessee", "condorcet", ["n"]),
        ("tennessee", "schulze", ["n"]),
        ("tennessee", "copeland", ["n"]),
        ("tennessee", "minimax", ["n"]),
        ("tennessee", "ranked_pairs", ["n"]),
        ("schulze_2011", "schulze", ["e"]),
        ("cycle", "condorcet", []),
        ("cycle", "schulze", ["a", "b", "c"]),
        ("cycle", "ranked_pairs", ["a", "b", "c"]),
    ],
    ids=str,
)
def test_known_winners(example: str, method: Method, winners: list[str]):
    papers = EXAMPLES[example]
    assert count(papers, method).winners == winners


def test_a_supermajority_is_at_least_its_share():
    assert count(profile("ab", (2, "a"), (1, "b")), "supermajority").winners == ["a"]
    assert count(profile("ab", (199, "a"), (101, "b")), "supermajority").winners == []
    assert count(profile("ab", (3, "a"), (1, "b")), "supermajority", 0.75).winners == ["a"]


def test_a_majority_is_more_than_half_of_what_is_not_blank():
    assert count(profile("ab", (2, "a"), (2, "b")), "majority").result == "none"
    found = count(profile("ab", (2, "a"), (1, "b"), (9, "")), "majority")
    assert (found.winners, found.papers, found.blank, found.needed) == (["a"], 3, 9, 1.5)


def test_weights_are_exact_in_millionths():
    papers = [Paper(((0,),), weight=100_000), Paper(((0,),), weight=200_000), Paper(((1,),), weight=300_000)]
    found = count(Profile("ab", papers, MICRO), "weighted")
    assert (found.result, found.winners, found.weight) == ("tied", ["a", "b"], 0.6)


def test_no_papers_and_one_option():
    for method in METHODS:
        assert count(profile("ab"), method).result == "none"
        alone = count(profile("a", (2, "a")), method)
        assert (alone.winners, alone.flip) == (["a"], None)


def test_weights_beyond_exact_sums_are_refused():
    with pytest.raises(TooMany):
        Profile("ab", [Paper(((0,),), count=2**52, weight=2)])


def test_ranked_pairs_says_when_it_cannot_follow():
    source = random.Random(1)
    papers: list[Paper] = []
    for a, b in combinations(range(12), 2):  # McGarvey: two papers make a beat b by two, and change nothing else
        first, second = source.sample((a, b), 2)
        rest = [i for i in range(12) if i not in (a, b)]
        for order in ([first, second, *rest], [*reversed(rest), first, second]):
            papers.append(Paper(tuple((i,) for i in order)))
    with pytest.raises(Undecidable):
        count(Profile("abcdefghijkl", papers), "ranked_pairs")


def test_rounds_of_a_runoff_are_told():
    first, second, *_ = count(TENNESSEE, "instant_runoff").rounds
    assert first.eliminated == ["c"]
    assert first.scores == {"m": 42.0, "n": 26.0, "c": 15.0, "s": 17.0}
    assert second.eliminated == ["n"]
    truncated = count(profile("abc", (3, "a"), (2, "b"), (1, "c")), "instant_runoff")
    assert [each.exhausted for each in truncated.rounds] == [0.0, 1.0, 3.0]


EXACT: tuple[Method, ...] = ("majority", "supermajority", "plurality", "approval", "borda", "condorcet")


def orders_of(options: int) -> list[tuple[tuple[int, ...], ...]]:
    """Every paper there can be that leaves nothing out."""
    found: set[tuple[tuple[int, ...], ...]] = set()
    for ranks in product(range(options), repeat=options):
        groups = [tuple(i for i in range(options) if ranks[i] == rank) for rank in range(options)]
        found.add(tuple(group for group in groups if group))
    return sorted(found)


def fewest_by_trying(asked: dict[str, object], method: Method) -> int | None:
    """Change every set of papers to every other paper until the result is another: slow, and beyond doubt."""
    before = as_profile(asked)
    winners = tally_of(before, method, TWO_THIRDS).winners
    papers = [Paper(paper.groups) for paper in rows(asked) for _ in range(paper.count)]
    others = orders_of(len(before.options))
    reached = {tuple(sorted(paper.groups for paper in papers))}
    for changes in range(1, len(papers) + 1):
        reached = {
            tuple(sorted([*state[:i], other, *state[i + 1 :]]))
            for state in reached
            for i in range(len(state))
            for other in others
        }
        for state in reached:
            after = tally_of(Profile(before.options, [Paper(groups) for groups in state]), method, TWO_THIRDS).winners
            if after != winners:
                return changes
    return None


def rows(asked: dict[str, object]) -> list[Paper]:
    orders = asked["orders"]
    assert isinstance(orders, list)
    return [Paper(tuple(map(tuple, groups)), number) for groups, number in orders]


def test_the_smallest_change_is_the_smallest():
    source = random.Random(7)
    tried = 0
    while tried < 60:
        asked = random_profile(source)
        if asked["options"] > 3 or sum(paper.count for paper in rows(asked)) > 4:
            continue
        for method in EXACT:
            found: Count = count(as_profile(asked), method)
            if found.flip is not None:
                assert found.flip.certainty == "exact"
                assert found.flip.papers == fewest_by_trying(asked, method), (method, asked)
                tried += 1


def test_a_bound_is_never_below_the_smallest_change():
    source = random.Random(11)
    tried = 0
    while tried < 20:
        asked = random_profile(source)
        if asked["options"] > 3 or sum(paper.count for paper in rows(asked)) > 4:
            continue
        for method in ("instant_runoff", "schulze", "copeland", "minimax"):
            found = count(as_profile(asked), method)
            if found.flip is not None:
                least = fewest_by_trying(asked, method)
                assert least is not None
                assert found.flip.certainty == ("upper_bound" if found.flip.papers > 1 else "exact")
                assert found.flip.papers >= least
                tried += 1
