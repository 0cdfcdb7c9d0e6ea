"""Who a connection is for: a credentials file, or a user's name and password."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from .errors import NotAllowed


def login(credentials: str | None) -> dict[str, Any]:
    """What nats-py is to be told; from `$PODIUM_CREDENTIALS`, or `$PODIUM_USER` and `$PODIUM_PASSWORD`, by default.

    Raises:
        NotAllowed: the credentials file cannot be used.
    """
    credentials = credentials or os.environ.get("PODIUM_CREDENTIALS")
    if credentials is None:
        return {"user": os.environ.get("PODIUM_USER"), "password": os.environ.get("PODIUM_PASSWORD")}
    if not Path(credentials).is_file():
        raise NotAllowed(f"there is no credentials file {credentials}")
    if importlib.util.find_spec("nkeys") is None:
        raise NotAllowed("a credentials file needs the Python package nkeys, which is not installed")
    return {"user_credentials": credentials}
