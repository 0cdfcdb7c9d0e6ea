"""Names of entities and principals: what may become one token of a subject."""

from __future__ import annotations

import re
from typing import Annotated, Final

from msgspec import Meta

NAME_PATTERN: Final = r"^[A-Za-z0-9_-]{1,128}$"
"""For schemas and settings. In Python's `re` its `$` would let a line end pass: ask `is_name`."""

_matches: Final = re.compile(r"[A-Za-z0-9_-]{1,128}").fullmatch

Name = Annotated[str, Meta(pattern=NAME_PATTERN + r"(?!\n)", extra_json_schema={"pattern": NAME_PATTERN})]
"""1 to 128 of `A-Z a-z 0-9 _ -`; anything else would change the meaning of a subject."""

RecordedName = Annotated[str, Meta(extra_json_schema={"pattern": NAME_PATTERN})]
"""A name in an event: it was looked at when it came in, and is not again each time that the event is read.

That would be four fifths of the time that reading an assignment takes.
"""

Text = Annotated[str, Meta(max_length=4096)]
"""A sentence for people."""


def is_name(text: str) -> bool:
    """Whether the text may stand as one token of a subject."""
    return _matches(text) is not None
