"""Whether the event logs keep what podium promises; `python -m podium.audit.main`, or `podium audit`."""
