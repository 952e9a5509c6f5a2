"""The tools that read lists of names, and how each wants a name (``docs/formats.md``)."""

from msgspec.structs import replace

from qumulo_changelist.model import State
from qumulo_changelist.output.name_list import NameList

# rclone knows a name by its own spelling, whatever system has the file: a control character by its
# picture (U+2400 and on), and such a picture with a mark before it. It cannot open a file that has
# the mark itself in its name, as version 1.75 still cannot.
_MARK = "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}"
_PICTURES = {chr(code): chr(0x2400 + code) for code in range(1, 0x20)}
_PICTURES["\x7f"] = "\N{SYMBOL FOR DELETE}"
_RCLONE = NameList(
    file="",
    end="\n",
    refused=f"\0{_MARK}",
    limitation="its name contains a character that rclone cannot take (NUL or U+201B)",
    spelled=_PICTURES | {picture: _MARK + picture for picture in _PICTURES.values()},
)

# Its ``./`` keeps a name from being an option, a comment, or a path from the root.
_FILES = NameList()

NAME_LISTS: dict[str, NameList] = {
    # rsync drops a ``/`` at the beginning like a ``./``: by that, a reader knows directories.
    "rsync": NameList(directory=""),
    "rsync-deleted": NameList(state=State.DELETED, directory="", covers=True),
    "rclone": _RCLONE,
    "rclone-deleted": replace(_RCLONE, state=State.DELETED),
    "tar": _FILES,
    "null": _FILES,
    "null-deleted": NameList(state=State.DELETED),
    "restic": _FILES,
    # Borg reads names as text, in which Python turns a carriage return into a newline.
    "borg": NameList(
        refused="\0\r", limitation="its name contains a character that borg cannot take (NUL or CR)"
    ),
}
"""The lists of names, by their format."""
