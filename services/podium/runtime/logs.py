"""Structured logs on stderr: `key=value` lines for people, or a JSON object a line for programs."""

from __future__ import annotations

import json
import logging
import sys

from .times import to_text

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Formatter(logging.Formatter):
    """Fields given by `extra=` (such as `correlationid`) stand beside the message."""

    def __init__(self, process: str, as_json: bool) -> None:
        super().__init__()
        self._process = process
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        if self._as_json:
            entry = {"time": to_text(record.created), "level": record.levelname.lower(), "process": self._process}
            return json.dumps({**entry, "logger": record.name, "message": text, **extra}, default=str)
        fields = "".join(f" {key}={value}" for key, value in extra.items())
        return f"{to_text(record.created)} {record.levelname.lower():<7} {self._process}: {text}{fields}"


def configure(process: str, level: str, format: str) -> None:
    """Log as the settings say, for the whole process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(process, format == "json"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("nats").setLevel(logging.WARNING)
