"""Expected lists, written by hand, with the attributes of the real files."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

RUN_TIME = "0"
_TIMES_OF_THE_RUN = re.compile(rb'(<(?:delete-file|bad-dir) .*?) mtime="\d+" atime="\d+" ')
_ACCESS_TIMES = re.compile(rb'(<file .*?) atime="\d+" ')


def file(mount: Path, name: str, written: str | None = None, kind: str = "F_REG") -> str:
    """The line of an entry that exists; its attributes are those on disk."""
    status = os.lstat(os.fsencode(mount) + name.encode("utf-8", "surrogateescape"))
    return (
        f'    <file name="{written or name}" size="{status.st_size}" mode="0x777"  type="{kind}" '
        f'mtime="{status.st_mtime_ns // 10**9}" atime="0" owner="{status.st_uid}" '
        f'group="{status.st_gid}" index="1"/>\n'
    )


def folder(mount: Path, name: str, written: str | None = None) -> str:
    """The line of a directory that was modified."""
    return file(mount, name, written, "F_DIR")


def deleted(name: str, kind: str = "F_REG", element: str = "delete-file") -> str:
    """The line of a deleted entry."""
    return (
        f'    <{element} name="{name}" size="0" mode="0x777"  type="{kind}" mtime="0" atime="0" '
        f'owner="0" group="0" index="1"/>\n'
    )


def unreadable(name: str, kind: str = "F_REG") -> str:
    """The line of an entry that cannot be read, or that XML cannot name."""
    return deleted(name, kind, "bad-dir")


def scan_list(lines: Iterable[str]) -> bytes:
    """The whole list; its first line counts the others."""
    text = "".join(lines)
    sizes = [int(size) for size in re.findall(r'<file .*size="(\d+)".*type="F_REG"', text)]
    deletes = len(re.findall(r'<delete-file .*type="F_REG"', text))
    return (
        f'<files scanned="{len(sizes)}" selected="{len(sizes)}" size="{sum(sizes)}" '
        f'bad_dir_count="{text.count("<bad-dir ")}" delete_count="{deletes}">\n{text}</files>\n'
    ).encode()


def normalized(content: bytes) -> bytes:
    """A list without what no test can predict: times of the run, and access times."""
    content = _TIMES_OF_THE_RUN.sub(rb'\1 mtime="0" atime="0" ', content)
    return _ACCESS_TIMES.sub(rb'\1 atime="0" ', content)
