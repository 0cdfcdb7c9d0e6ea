"""Counting papers. Pure, and knows nothing of events: ballots use it, and `podium vote count` for files."""
