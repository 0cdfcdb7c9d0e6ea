"""Ballots: who may vote, what is a paper, when it closes, and how it ends."""
