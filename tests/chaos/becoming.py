"""What a copy of the template becomes in a run: a module with an environment, a log and a clock of its own.

Its one argument is a file that says which.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.chaos.clock import stepped


class Becoming(Struct, frozen=True):
    """
    Attributes:
        module: has a `main()` that gives the exit code.
        clock: the file that steps its clock.
        log: what it says goes there.
    """

    module: str
    arguments: list[str]
    environment: dict[str, str]
    clock: str
    log: str


def main() -> int:
    became = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Becoming)
    log = os.open(became.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for said in (sys.stdout, sys.stderr):
        os.dup2(log, said.fileno())
    os.close(log)
    os.environ.update(became.environment)
    time.time = stepped(Path(became.clock))
    sys.argv = [became.module, *became.arguments]
    run: Callable[[], int] = importlib.import_module(became.module).main
    return run()
