"""Trees on disk, written as they look: a number is a file's size, text is a link's target."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

Tree = dict[str, "Tree | int | str"]


def lay_out(root: Path, tree: Tree) -> Path:
    """Make the entries of a tree below a root, which may exist; return the root."""
    root.mkdir(exist_ok=True)
    for name, content in tree.items():
        if isinstance(content, dict):
            lay_out(root / name, content)
        elif isinstance(content, str):
            (root / name).symlink_to(content)
        else:
            (root / name).write_bytes(b"x" * content)
    return root


def remake_directory(path: Path, tree: Tree) -> None:
    """Replace a directory by a new one with these entries."""
    shutil.rmtree(path)
    lay_out(path, tree)


def replace_file(path: Path, size: int) -> None:
    """Replace a file by a new one, as programs do that save safely."""
    unfinished = path.with_name("unfinished")
    unfinished.write_bytes(b"y" * size)
    os.replace(unfinished, path)
