"""Consensus: proposals in rounds, and a vote where they do not agree."""
