"""One small application for each peer, and the load that all of them get. They run in the peers' own environment,
so nothing of podium may be imported here."""
