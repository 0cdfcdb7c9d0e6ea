"""podium beside others that do the same work: what they are, their servers, and an environment of their own."""
