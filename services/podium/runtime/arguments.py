"""Arguments of programs that the command line starts: what is wrong with them is one sentence."""

from __future__ import annotations

import argparse
from typing import NoReturn


class Arguments(argparse.ArgumentParser):
    """Says what is wrong as `podium` does, without the usage of a program that nobody has called by its name."""

    def error(self, message: str) -> NoReturn:
        """Exits with 2."""
        self.exit(2, f"podium: {' '.join(message.removeprefix('argument ').split())}\n")
