"""The live tree: the current state of the directory that is served.

Every path is opened from the open root on, one directory after the other, without following links.
So nothing outside of the root can be reached.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from qumulo_emulator import errors
from qumulo_emulator.local.directories import (
    GONE_ERRORS,
    HIDDEN,
    list_all_names,
    list_names,
    list_texts,
    opened,
    walk,
)
from qumulo_emulator.local.entry_stat import stat_entry
from qumulo_emulator.local.file_ids import FileIds
from qumulo_emulator.local.snapshot_tree import SnapshotTree
from qumulo_emulator.model import ROOT_ID, Attributes, Entry, FileType, Node
from qumulo_emulator.names import (
    DOT_SNAPSHOT,
    Parts,
    join_path,
    parse_id,
    split_path,
    to_bytes,
    to_text,
)

_MEANINGS: dict[int, type[errors.EmulatorError]] = {
    errno.ENOENT: errors.NoSuchEntryError,
    errno.ELOOP: errors.NotADirectoryHereError,
    errno.ENOTDIR: errors.NotADirectoryHereError,
    errno.EEXIST: errors.EntryExistsError,
    errno.ENOTEMPTY: errors.DirectoryNotEmptyError,
    errno.EISDIR: errors.NotAFileError,
    errno.EACCES: errors.AccessDeniedError,
    errno.EPERM: errors.AccessDeniedError,
    errno.ENAMETOOLONG: errors.InvalidPathError,
    errno.EINVAL: errors.InvalidRequestError,
    errno.EFBIG: errors.InvalidRequestError,
}


@contextmanager
def translate_os_errors(path: str) -> Iterator[None]:
    """Turn an OSError about a path into the matching error of the emulator."""
    try:
        yield
    except OSError as error:
        kind = _MEANINGS.get(error.errno or 0, errors.StorageFailedError)
        name = f" ({os.fsencode(error.filename)!r})" if error.filename else ""
        raise kind(f"{path!a}: {os.strerror(error.errno or 0)}{name}") from error


class LiveTree:
    """The directory tree below a root; see `qumulo_emulator.tree.Tree`.

    Thread-safe; other programs may change the directory at the same time.

    Args:
        root_fd: the root, open.
        ids: issues the ids of entries.
    """

    def __init__(self, root_fd: int, ids: FileIds) -> None:
        self._root = root_fd
        self._ids = ids
        # The parent's id and the name under which an id was seen last: a hint, checked when used.
        self._places: dict[int, tuple[int, str]] = {}

    @contextmanager
    def directory(self, parts: Parts) -> Iterator[int]:
        """Yield a file descriptor of a directory.

        Raises:
            NoSuchEntryError: if there is no entry at this path.
            NotADirectoryHereError: if the entry is not a directory.
        """
        with ExitStack() as stack:
            # Only errors of opening are translated, not those of the caller's block.
            with translate_os_errors(join_path(parts, directory=True)):
                fd = stack.enter_context(opened(self._root, *map(to_bytes, parts)))
            yield fd

    def locate(self, ref: str) -> Parts:
        """Return the path for a decimal id, or for a path as text; the path need not exist.

        Raises:
            NoSuchEntryError: if no entry has this id, or the entry no longer exists.
            InvalidPathError: if the text is neither a path nor an id.
        """
        if not (ref.isascii() and ref.isdigit()):
            return split_path(ref)
        number = parse_id(ref)
        if not self._ids.was_issued(number):
            raise errors.NoSuchEntryError(f"no entry has the id {number}")
        parts = self._hinted_path(number)
        if parts is None or self._id_at(parts) != number:
            self._search(number)
            parts = self._hinted_path(number)
        if parts is None or self._id_at(parts) != number:
            raise errors.NoSuchEntryError(f"no entry has the id {ref}")
        return parts

    def entry(self, parts: Parts) -> Entry:
        """Return the entry at a path.

        Raises:
            NoSuchEntryError: if there is none.
        """
        if not parts:
            return self._read_entry(self._root, b".", parts)
        try:
            with (
                self.directory(parts[:-1]) as fd,
                translate_os_errors(join_path(parts, directory=False)),
            ):
                return self._read_entry(fd, to_bytes(parts[-1]), parts)
        except errors.NotADirectoryHereError as error:
            raise errors.NoSuchEntryError(str(error)) from error

    def names(self, parts: Parts) -> list[str]:
        """Return the names in a directory, in no order."""
        with self.directory(parts) as fd, translate_os_errors(join_path(parts, directory=True)):
            return list_texts(fd)

    def describe(self, parts: Parts, names: list[str]) -> list[Entry]:
        """Return the entries of these names in a directory, without those that no longer exist."""
        entries = []
        with self.directory(parts) as fd, translate_os_errors(join_path(parts, directory=True)):
            parent = stat_entry(fd, b".", self._ids).id
            for name in names:
                raw, path = to_bytes(name), (*parts, name)
                try:
                    attributes = stat_entry(fd, raw, self._ids)
                    if attributes.type is FileType.FILE:  # nearly all are: no more to read
                        entry = Entry(path, attributes, None)
                    else:
                        entry = self._read_entry(fd, raw, path)
                except FileNotFoundError:
                    continue
                self._places[entry.attributes.id] = (parent, name)
                entries.append(entry)
        return entries

    def capture(self, parts: Parts) -> Node:
        """Return everything at and below a path, at about this moment.

        Entries that are created or removed meanwhile may be missing.
        """
        with self.directory(parts) as fd, translate_os_errors(join_path(parts, directory=True)):
            top = Node(self._attributes(fd, b"."))
            walk(fd, top, self._capture_children)
        return top

    def counted(self, parts: Parts) -> SnapshotTree:
        """Return everything at and below a path as it is at about this moment, to be counted."""
        return SnapshotTree(self.capture(parts), parts)

    def _capture_children(self, fd: int, node: Node) -> Iterator[tuple[bytes, Node]]:
        names = list_all_names(fd)
        if HIDDEN in names:
            # `.snapshot` is not part of the tree, nor does its link to the parent count.
            links = max(node.attributes.links - 1, 1)
            node.attributes = node.attributes._replace(links=links)
            names.remove(HIDDEN)
        for name in names:
            try:
                child = Node(self._attributes(fd, name))
            except FileNotFoundError:
                continue
            node.children[to_text(name)] = child
            if child.is_directory:
                yield name, child

    def _attributes(self, fd: int, name: bytes) -> Attributes:
        attributes = stat_entry(fd, name, self._ids)
        if attributes.type is FileType.SYMLINK:
            try:
                return attributes._replace(target=os.readlink(name, dir_fd=fd))
            except OSError as error:
                # EINVAL: it is no longer a link.
                if error.errno == errno.EINVAL:
                    return self._attributes(fd, name)
                raise
        return attributes

    def _read_entry(self, fd: int, name: bytes, parts: Parts) -> Entry:
        attributes = self._attributes(fd, name)
        if attributes.type is not FileType.DIRECTORY:
            return Entry(parts, attributes, None)
        try:
            with opened(fd, name) as directory:
                names = os.listdir(directory)
        except OSError as error:
            if error.errno not in (*GONE_ERRORS, errno.EACCES):
                raise
            return Entry(parts, attributes, 0)
        hidden = DOT_SNAPSHOT in names
        links = max(attributes.links - hidden, 1)
        return Entry(parts, attributes._replace(links=links), len(names) - hidden)

    def _id_at(self, parts: Parts) -> int | None:
        try:
            return self.entry(parts).attributes.id
        except errors.NoSuchEntryError:
            return None

    def _hinted_path(self, number: int) -> Parts | None:
        parts: list[str] = []
        while number != ROOT_ID:
            place = self._places.get(number)
            # A path of more names than a path has bytes must be a circle of stale hints.
            if place is None or len(parts) > 16_384:
                return None
            number, name = place
            parts.append(name)
        return tuple(reversed(parts))

    def _search(self, number: int) -> None:
        """Walk the whole tree to find where an id is now: slow, so only for a stale hint."""
        found = False

        def visit(fd: int, parent: int) -> list[tuple[bytes, int]]:
            nonlocal found
            below: list[tuple[bytes, int]] = []
            if found:
                return below
            for name in list_names(fd):
                try:
                    child = stat_entry(fd, name, self._ids)
                except FileNotFoundError:
                    continue
                self._places[child.id] = (parent, to_text(name))
                found = found or child.id == number
                if child.type is FileType.DIRECTORY:
                    below.append((name, child.id))
            return below

        with translate_os_errors("/"):
            walk(self._root, ROOT_ID, visit)
