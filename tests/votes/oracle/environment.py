"""The interpreter in which pref_voting answers: an environment of its own, made on first use, or by running this."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
CACHE = HERE / ".cache"
INSTALL_SECONDS = 900.0
ANSWER_SECONDS = 300.0


class NotHad(Exception):
    """The oracle cannot be had here, and why."""


def python() -> Path:
    """The interpreter of an environment that has exactly what the lock says; made when there is none yet.

    Raises:
        NotHad: the packages could not be installed.
    """
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    home = CACHE / f"oracle-{digest}"
    if not (home / "complete").exists():
        _run(sys.executable, "-m", "venv", "--clear", str(home))
        install = ("-m", "pip", "install", "--quiet", "--no-compile", "--no-deps", "--require-hashes", "-r", str(LOCK))
        _run(str(home / "bin/python"), *install)
        (home / "complete").touch()
    return home / "bin/python"


def ask(interpreter: Path, profiles: Sequence[dict[str, Any]]) -> list[dict[str, list[int]]]:
    """The winners of each profile by each method that is defined for it."""
    asked = "\n".join(json.dumps(profile) for profile in profiles)
    # Compiling pref_voting's loops takes longer than running them on profiles as small as these.
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": ""}
    done = subprocess.run(
        [str(interpreter), str(HERE / "program.py")],
        input=asked,
        capture_output=True,
        text=True,
        check=False,
        timeout=ANSWER_SECONDS,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> int:
    """Makes it, if it can be had."""
    try:
        python()
    except NotHad as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def _run(*command: str) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=INSTALL_SECONDS)
    except subprocess.CalledProcessError as error:
        said: str = error.stderr.strip()
        raise NotHad(f"pref_voting cannot be installed: {said.splitlines()[-1] if said else error}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHad(f"pref_voting cannot be installed: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
