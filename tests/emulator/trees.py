"""Trees on disk, written down as they look: a number is a file's size, text is a link's target."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

Tree = dict[str, "Tree | int | str"]


def lay_out(root: Path, tree: Tree) -> Path:
    """Make what ``tree`` says below ``root``, which may exist."""
    root.mkdir(exist_ok=True)
    for name, what in tree.items():
        if isinstance(what, dict):
            lay_out(root / name, what)
        elif isinstance(what, str):
            (root / name).symlink_to(what)
        else:
            (root / name).write_bytes(b"x" * what)
    return root


def made_anew(path: Path, tree: Tree) -> None:
    """Put a new directory in the place of one."""
    shutil.rmtree(path)
    lay_out(path, tree)


def replaced(path: Path, size: int) -> None:
    """Put a new file in the place of one, as programs that save safely do."""
    aside = path.with_name("aside")
    aside.write_bytes(b"y" * size)
    os.replace(aside, path)
