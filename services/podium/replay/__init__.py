"""A service's state as it was, to ask questions of, and what would have been; `python -m podium.replay.main`."""
