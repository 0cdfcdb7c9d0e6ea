"""Teams that have all skills at the least cost, and plans that their members review."""
