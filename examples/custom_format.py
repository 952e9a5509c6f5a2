#!/usr/bin/env python3
"""A format of one's own: what changed, as a table in Markdown.

Usage: custom_format.py OLDER NEWER BASE_PATH OUTPUT, with the ids of two snapshots.
"""

import os
import sys
from collections.abc import Iterable, Iterator

from msgspec import Struct

import qumulo_changelist as q


class MarkdownWriter:
    def __init__(self) -> None:
        self.rows: list[str] = []
        self.last_name = ""

    def add(self, batch: q.Batch) -> q.Batch:
        self.last_name = batch[-1].name
        for entry in batch:
            if entry.state in (q.State.PRESENT, q.State.DELETED, q.State.UNREADABLE):
                name = repr(entry.name).replace("|", "\\|")
                self.rows.append(f"| {entry.state.value} | `{name}` | {entry.attributes.size} |\n")
        return []  # the entries whose names it cannot hold

    def finish(self) -> q.Piece:
        return q.Piece("".join(self.rows).encode(), self.last_name, [])


class Markdown(Struct, frozen=True):  # a value, since it travels to other processes
    limitation = ""

    def can_hold(self, name: str) -> bool:
        return True

    def start_piece(self) -> MarkdownWriter:
        return MarkdownWriter()

    def assemble(self, pieces: Iterable[q.StoredPiece], totals: q.Totals) -> Iterator[bytes]:
        yield b"| what | name | bytes |\n| --- | --- | ---: |\n"
        for piece in pieces:
            yield from piece.chunks()
        yield f"\n{totals.files} files, {totals.deleted_files} deleted\n".encode()


q.register_format("markdown", q.KnownFormat(lambda _: Markdown(), None, "md", has_moves=False))

if __name__ == "__main__":
    older, newer, base_path, output = sys.argv[1:]
    request = q.ChangelistRequest(
        project="changes", older=int(older), newer=int(newer), base_path=base_path, deletes=True,
        metadata="rest", workers=2, formats=("markdown",), output=output
    )  # fmt: skip
    settings = q.read_settings(os.environ.get("QUMULO_CHANGELIST_CONFIG"), "rest")
    print(q.generate_changelist(request, settings).path)
