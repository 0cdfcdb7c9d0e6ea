"""Workflows, in the router's partition: a step's end and what follows from it are one commit."""
