"""Conflicts: claims of resources, opposing goals, and what becomes of each."""
