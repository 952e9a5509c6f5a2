"""An archive that mirrors a project: it has exactly what the lists that it was given say."""

import os
import re
from pathlib import Path

_ENTRY = re.compile(r'<(file|delete-file|bad-dir) name="([^"]*)" size="(\d+)".*?type="(\w+)" ')

Files = dict[str, int]
"""The size of each file by its name below the source."""


class Mirror:
    """Files by name; a list is applied in the order of the lists' snapshots."""

    def __init__(self) -> None:
        self.files: Files = {}

    def apply(self, scan_list: str) -> None:
        """Do what a list says; it has no entry that cannot be read."""
        for element, name, size, kind in _ENTRY.findall(scan_list):
            assert element != "bad-dir"
            if kind != "F_REG":
                continue
            if element == "file":
                self.files[name] = int(size)
            else:
                self.files.pop(name, None)  # perhaps a list says it again


def files_below(folder: Path) -> Files:
    """What a mirror of a folder has to have."""
    found = {}
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".snapshot"]
        for name in names:
            whole = Path(path, name)
            found[f"/{whole.relative_to(folder)}"] = whole.stat().st_size
    return found
