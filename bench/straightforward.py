"""The straightforward way to a scan list, as a script that runs ``qq``: what others must beat.

An administrator who knows ``qq``, Python and the format of the list would write it like this. It
does the job: its ``<file>`` lines are those of the real command. Of a deleted directory it lists
only the directory, since the diff contains no more. It imports nothing of this project.
"""

import argparse
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

QUOTED = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
NOW = int(time.time())


def main() -> int:
    """Write the list; return 1 if something could not be read."""
    options = parse()
    entries = make_entries(read_diff(options), options)
    entries.sort(key=lambda entry: entry["name"], reverse=True)
    return write(entries, options)


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description="Write a scan list, the straightforward way.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True)
    parser.add_argument("--credentials", required=True, help="session file of `qq login`")
    parser.add_argument("--older", required=True, help="the id of a snapshot")
    parser.add_argument("--newer", required=True, help="the id of a snapshot")
    parser.add_argument("--base", required=True, help="a directory of the cluster")
    parser.add_argument("--mapped", required=True, help="where this machine mounts it")
    parser.add_argument("--index", default="1")
    parser.add_argument("--output", required=True)
    return parser.parse_args()


def read_diff(options: argparse.Namespace) -> list[dict[str, str]]:
    """Return the changes between the two snapshots; each has an ``op`` and a ``path``."""
    qq = subprocess.run(
        [
            "qq",
            *("--host", options.host, "--port", options.port),
            *("--credentials-store", options.credentials),
            *("snapshot_diff", "--older-snapshot", options.older),
            *("--newer-snapshot", options.newer),
        ],
        stdout=subprocess.PIPE,
        check=True,
    )
    changes: list[dict[str, str]] = json.loads(qq.stdout)["entries"]
    return changes


def make_entries(
    changes: list[dict[str, str]], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return one entry for each path; what exists has precedence over what was deleted."""
    base = options.base.rstrip("/")
    mapped = options.mapped.rstrip("/")
    entries: dict[str, dict[str, Any]] = {}
    for change in changes:
        path = change["path"]
        if not path.startswith(base + "/"):
            continue
        name = path[len(base) :].rstrip("/")
        if not name:
            continue  # the base path itself is not listed
        is_directory = path.endswith("/")
        if change["op"] == "DELETE":
            kind = "F_DIR" if is_directory else "F_REG"
            entries.setdefault(name, without_attributes("delete-file", name, kind))
        elif change["op"] == "CREATE" and is_directory:
            for path_below in files_below(mapped + name):
                add(entries, path_below[len(mapped) :], path_below)
        else:
            add(entries, name, mapped + name)
    return list(entries.values())


def files_below(directory: str) -> Iterator[str]:
    """Yield the path of everything below a directory that is not a directory itself."""
    for folder, _, files in os.walk(directory):
        for file in files:
            yield os.path.join(folder, file)


def add(entries: dict[str, dict[str, Any]], name: str, path: str) -> None:
    """Add an entry for what exists at ``path``."""
    try:
        status = os.lstat(path)
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        entries[name] = without_attributes("bad-dir", name, "F_REG")
        return
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        entries[name] = {
            "element": "file",
            "name": name,
            "size": status.st_size,
            "type": "F_REG" if stat.S_ISREG(status.st_mode) else "F_DIR",
            "mtime": status.st_mtime_ns // 10**9,
            "atime": status.st_atime_ns // 10**9,
            "owner": status.st_uid,
            "group": status.st_gid,
        }


def without_attributes(element: str, name: str, kind: str) -> dict[str, Any]:
    """Return an entry for something that cannot be read."""
    return {
        "element": element,
        "name": name,
        "size": 0,
        "type": kind,
        "mtime": NOW,
        "atime": NOW,
        "owner": 0,
        "group": 0,
    }


def write(entries: list[dict[str, Any]], options: argparse.Namespace) -> int:
    """Write the list, which begins with its totals; return 1 if something could not be read."""
    files = [e for e in entries if e["element"] == "file" and e["type"] == "F_REG"]
    deleted = [e for e in entries if e["element"] == "delete-file" and e["type"] == "F_REG"]
    bad = [e for e in entries if e["element"] == "bad-dir"]
    with open(options.output, "w", encoding="utf-8", errors="surrogateescape") as output:
        output.write(
            f'<files scanned="{len(files)}" selected="{len(files)}" '
            f'size="{sum(e["size"] for e in files)}" '
            f'bad_dir_count="{len(bad)}" delete_count="{len(deleted)}">\n'
        )
        output.writelines(
            f'    <{entry["element"]} name="{escape(entry["name"], QUOTED)}" '
            f'size="{entry["size"]}" mode="0x777"  type="{entry["type"]}" '
            f'mtime="{entry["mtime"]}" atime="{entry["atime"]}" owner="{entry["owner"]}" '
            f'group="{entry["group"]}" index="{options.index}"/>\n'
            for entry in entries
        )
        output.write("</files>\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
