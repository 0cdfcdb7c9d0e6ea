"""Definitions of workflows: graphs of steps, as data that people and programs write in YAML or JSON.

`read_text` and `read_value` give a `Definition` that is whole, or every fault at once, each with its place.
"""

from __future__ import annotations

from .check import faults_in
from .faults import BadDefinition, Fault
from .model import Definition, Step
from .reading import json_schema, read_text, read_value, to_json

__all__ = [
    "BadDefinition",
    "Definition",
    "Fault",
    "Step",
    "faults_in",
    "json_schema",
    "read_text",
    "read_value",
    "to_json",
]
