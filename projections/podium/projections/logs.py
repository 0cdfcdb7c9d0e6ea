"""Structured logs on stderr: `key=value` lines for people, or a JSON object a line for programs."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Formatter(logging.Formatter):
    """Fields given by `extra=` stand beside the message."""

    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        level = record.levelname.lower()
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        if self._as_json:
            entry = {"time": time, "level": level, "process": "projections", "logger": record.name, "message": text}
            return json.dumps(entry | extra, default=str)
        fields = "".join(f" {key}={value}" for key, value in extra.items())
        return f"{time} {level:<7} projections: {text}{fields}"


def configure(level: str, format: str) -> None:
    """Log as the settings say, for the whole process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(format == "json"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("nats").setLevel(logging.WARNING)
