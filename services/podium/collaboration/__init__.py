"""The collaboration service: agents that work together, disagree, and decide. One decider, made of parts."""
