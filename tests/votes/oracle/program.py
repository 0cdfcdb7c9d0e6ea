"""Run by the oracle's own interpreter: a profile a line in, the winners by each of pref_voting's methods a line out.

A line in: `{"options": 3, "orders": [[[[0], [1, 2]], 5], …]}`, each order as groups of options, and its count.
A line out: `{"borda": [0], …}`; a method that is not defined for such papers is left out.
"""

# What it imports is in the oracle's own environment only, so nothing here can be checked for types.
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
import sys

from pref_voting.c1_methods import copeland
from pref_voting.grade_methods import approval
from pref_voting.grade_profiles import GradeProfile
from pref_voting.iterative_methods import instant_runoff
from pref_voting.margin_based_methods import beat_path, minimax, ranked_pairs
from pref_voting.profiles import Profile
from pref_voting.profiles_with_ties import ProfileWithTies
from pref_voting.scoring_methods import borda, borda_for_profile_with_ties, plurality

MOST_FOR_RANKED_PAIRS = 40
"""Orders of pairs with equal margins; pref_voting follows every one of them."""


def winners(options, orders):
    names = list(range(options))
    counts = [count for _, count in orders]
    strict = all(len(group) == 1 for groups, _ in orders for group in groups) and all(
        len(groups) == options for groups, _ in orders
    )
    if strict:
        profile = Profile([[group[0] for group in groups] for groups, _ in orders], counts)
        found = {"borda": borda(profile)}
    else:
        ranks = [{option: rank for rank, group in enumerate(groups, 1) for option in group} for groups, _ in orders]
        profile = ProfileWithTies(ranks, rcounts=counts, candidates=names)
        profile.use_extended_strict_preference()
        found = {"borda": borda_for_profile_with_ties(profile)}
    if strict or all(len(groups[0]) == 1 for groups, _ in orders):
        scores = profile.plurality_scores()
        found["plurality"] = found["weighted"] = plurality(profile)
        found["majority"] = [option for option in names if scores[option] >= profile.strict_maj_size()]
    winner = profile.condorcet_winner()
    found["condorcet"] = [] if winner is None else [winner]
    found["instant_runoff"] = instant_runoff(profile)
    found["copeland"] = copeland(profile)
    found["minimax"] = minimax(profile)
    found["schulze"] = beat_path(profile)
    if ways(profile, names) <= MOST_FOR_RANKED_PAIRS:
        found["ranked_pairs"] = ranked_pairs(profile)
    grades = [{option: int(option in above(groups, options)) for option in names} for groups, _ in orders]
    found["approval"] = approval(GradeProfile(grades, [0, 1], gcounts=counts, candidates=names))
    return {method: [int(option) for option in chosen] for method, chosen in found.items()}


def above(groups, options):
    """What is above the last place; what is not listed is in it."""
    listed = [option for group in groups for option in group]
    kept = groups if len(listed) < options else groups[:-1]
    return {option for group in kept for option in group}


def ways(profile, names):
    product, sizes = 1, {}
    for a in names:
        for b in names:
            if a != b and profile.margin(a, b) >= 0:
                sizes[profile.margin(a, b)] = sizes.get(profile.margin(a, b), 0) + 1
    for size in sizes.values():
        for factor in range(2, size + 1):
            product *= factor
    return product


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(winners(asked["options"], asked["orders"])), flush=False)
