"""How well durations would have been predicted: a recording gone through in the order of time."""
