"""The health service: who is alive, who makes progress, and what is done where it is not so."""
