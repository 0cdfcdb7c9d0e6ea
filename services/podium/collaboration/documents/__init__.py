"""Shared documents: edits of many are merged, kept one by one, and can be undone to any of them."""
