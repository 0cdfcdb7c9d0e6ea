"""What copies of the template run in tests."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path


def main() -> int:
    """Say who it is in the file of the first argument, then exit with the second one, or wait for a signal."""
    said, *code = sys.argv[1:]
    me = {"pid": os.getpid(), "session": os.getsid(0), "loaded": "podium.kernel.service" in sys.modules}
    draft = Path(said + ".draft")
    draft.write_text(json.dumps(me | {"variable": os.environ["TOLD"]}))
    draft.rename(said)
    if not code:
        signal.pause()
    return int(code[0])
