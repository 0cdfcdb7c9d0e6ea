"""Which files are to be analysed, and the name of the module in each."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import Final

from msgspec import Struct

NEVER: Final = frozenset({"__pycache__", "site-packages", "dist-packages", "node_modules"})
"""Directories that hold no source of the tree that they are in."""

NOT_THE_LIBRARY: Final = frozenset({"test", "tests", "idlelib"})
"""Directories beside the standard library proper: its tests, some of which are not even Python, and an editor."""


class Module(Struct, frozen=True):
    """A module's dotted name and the absolute path of its source."""

    name: str
    path: str

    @property
    def is_package(self) -> bool:
        return Path(self.path).name == "__init__.py"

    @property
    def package(self) -> str:
        """The package that it is or belongs to; its own name if it stands alone."""
        if self.is_package:
            return self.name
        return self.name.rpartition(".")[0] or self.name


def standard_library() -> list[Module]:
    """The modules of the running Python's own library that are written in Python, by name."""
    return find_modules(Path(sysconfig.get_path("stdlib")), skip=NOT_THE_LIBRARY)


def find_modules(root: Path, skip: frozenset[str] = frozenset()) -> list[Module]:
    """Every `.py` file below a directory, by name; hidden directories and those in `skip` are left out.

    A directory that is a package itself gives its modules their full names.

    Raises:
        NotADirectoryError: there is no such directory.
    """
    root = root.resolve()
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a directory")
    base = root
    while (base / "__init__.py").is_file() and base.parent != base:
        base = base.parent
    found: list[Module] = []
    for directory, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not (name in skip or name in NEVER or name.startswith("."))]
        found += [_module(Path(directory, name), base) for name in files if name.endswith(".py")]
    return sorted(found, key=lambda module: (module.name, module.path))


def _module(path: Path, base: Path) -> Module:
    parts = path.relative_to(base).with_suffix("").parts
    return Module(".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts), str(path))
