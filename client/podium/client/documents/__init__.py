"""Shared documents: many write in them at once, on replicas that always come to agree (Yjs, by pycrdt)."""
