"""Expected lists, written by hand: what a test states, with the attributes of the real files."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

RUN_TIME = "0"
_TIMES_OF_THE_RUN = re.compile(rb'(<(?:delete-file|bad-dir) .*?) mtime="\d+" atime="\d+" ')
_ACCESS_TIMES = re.compile(rb'(<file .*?) atime="\d+" ')


def file(mount: Path, name: str, written: str | None = None, kind: str = "F_REG") -> str:
    """The line of an entry that exists, with its attributes on disk."""
    found = os.lstat(os.fsencode(mount) + name.encode("utf-8", "surrogateescape"))
    return (
        f'    <file name="{written or name}" size="{found.st_size}" mode="0x777"  type="{kind}" '
        f'mtime="{found.st_mtime_ns // 10**9}" atime="0" owner="{found.st_uid}" '
        f'group="{found.st_gid}" index="1"/>\n'
    )


def folder(mount: Path, name: str, written: str | None = None) -> str:
    """The line of a directory that was modified."""
    return file(mount, name, written, "F_DIR")


def deleted(name: str, kind: str = "F_REG", element: str = "delete-file") -> str:
    """The line of an entry that is gone."""
    return (
        f'    <{element} name="{name}" size="0" mode="0x777"  type="{kind}" mtime="0" atime="0" '
        f'owner="0" group="0" index="1"/>\n'
    )


def unreadable(name: str, kind: str = "F_REG") -> str:
    """The line of an entry that could not be read or named."""
    return deleted(name, kind, "bad-dir")


def scan_list(lines: Iterable[str]) -> bytes:
    """The whole list; the first line counts what the others say."""
    text = "".join(lines)
    sizes = [int(size) for size in re.findall(r'<file .*size="(\d+)".*type="F_REG"', text)]
    deletes = len(re.findall(r'<delete-file .*type="F_REG"', text))
    return (
        f'<files scanned="{len(sizes)}" selected="{len(sizes)}" size="{sum(sizes)}" '
        f'bad_dir_count="{text.count("<bad-dir ")}" delete_count="{deletes}">\n{text}</files>\n'
    ).encode()


def settled(content: bytes) -> bytes:
    """A list without what no test can foresee: times of the run, and access times."""
    content = _TIMES_OF_THE_RUN.sub(rb'\1 mtime="0" atime="0" ', content)
    return _ACCESS_TIMES.sub(rb'\1 atime="0" ', content)
