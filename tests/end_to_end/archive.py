"""An archive that mirrors a project: it has exactly what the lists that it was given say."""

import os
import stat
from pathlib import Path
from xml.etree import ElementTree

Files = dict[str, int]
"""The size of each file by its name below the source."""


class Mirror:
    """Files by name; a list is applied in the order of the lists' snapshots."""

    def __init__(self) -> None:
        self.files: Files = {}

    def apply(self, scan_list: str) -> None:
        """Do what a list says; it has no entry that cannot be read."""
        entries = ElementTree.fromstring(scan_list)
        for entry in entries:
            assert entry.tag != "bad-dir"
            # Perhaps a list says it again. A file that was only moved is no longer at its old name.
            gone = entry.get("name") if entry.tag == "delete-file" else entry.get("from")
            if gone is not None and entry.get("type") == "F_REG":
                self.files.pop(gone, None)
        for entry in entries.iterfind("file[@type='F_REG']"):
            self.files[str(entry.get("name"))] = int(str(entry.get("size")))


def files_below(folder: Path) -> Files:
    """What a mirror of a folder has to have."""
    found = {}
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".snapshot"]
        for name in names:
            whole = Path(path, name)
            status = whole.lstat()
            if stat.S_ISREG(status.st_mode):
                found[f"/{whole.relative_to(folder)}"] = status.st_size
    return found
