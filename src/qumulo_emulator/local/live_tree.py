"""The live tree: the directory that is served, as it is at this moment.

Every way down begins at the open root and goes from directory to directory without following a
link, so nothing outside of the root can be reached.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from qumulo_emulator import errors
from qumulo_emulator.local.directories import HIDDEN, list_all_names, list_names, opened, walk
from qumulo_emulator.local.entry_stat import stat_entry
from qumulo_emulator.local.file_ids import FileIds
from qumulo_emulator.model import ROOT_ID, Attributes, Entry, FileType, Node
from qumulo_emulator.names import Parts, join_path, parse_id, split_path, to_bytes, to_text

_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
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
    """Turn what the operating system says of a path into an error of ours."""
    try:
        yield
    except OSError as error:
        kind = _MEANINGS.get(error.errno or 0, errors.StorageFailedError)
        name = f" ({os.fsencode(error.filename)!r})" if error.filename else ""
        raise kind(f"{path!a}: {os.strerror(error.errno or 0)}{name}") from error


class LiveTree:
    """The directory tree below a root; see `qumulo_emulator.model.Tree`.

    May be used by many threads at once, and by other programs at the same time.
    """

    def __init__(self, root_fd: int, identities: FileIds) -> None:
        self._root = root_fd
        self._ids = identities
        # Where an id was seen last: the parent's id and the name. A hint, checked when used.
        self._places: dict[int, tuple[int, str]] = {}

    @contextmanager
    def directory(self, parts: Parts) -> Iterator[int]:
        """An open directory, while in the block.

        Raises:
            NoSuchEntryError: if there is nothing under this path.
            NotADirectoryHereError: if it is something else.
        """
        with translate_os_errors(join_path(parts, directory=True)):
            way = opened(self._root, [to_bytes(part) for part in parts])
            fd = way.__enter__()
        try:
            yield fd
        finally:
            way.__exit__(None, None, None)

    def locate(self, ref: str) -> Parts:
        """The path of a decimal id or of a path in text; whether a path exists is not asked.

        Raises:
            NoSuchEntryError: if the id is nobody's, or its owner is no longer there.
            InvalidPathError: if it is neither a path nor an id.
        """
        if not (ref.isascii() and ref.isdigit()):
            return split_path(ref)
        number = parse_id(ref)
        if not self._ids.given(number):
            raise errors.NoSuchEntryError(f"no entry has the id {number}")
        parts = self._hinted(number)
        if parts is None or self._id_at(parts) != number:
            self._search(number)
            parts = self._hinted(number)
        if parts is None or self._id_at(parts) != number:
            raise errors.NoSuchEntryError(f"no entry has the id {ref}")
        return parts

    def entry(self, parts: Parts) -> Entry:
        """What is under a path.

        Raises:
            NoSuchEntryError: if nothing is.
        """
        if not parts:
            return self._described(self._root, b".", parts)
        try:
            with (
                self.directory(parts[:-1]) as fd,
                translate_os_errors(join_path(parts, directory=False)),
            ):
                return self._described(fd, to_bytes(parts[-1]), parts)
        except errors.NotADirectoryHereError as error:
            raise errors.NoSuchEntryError(str(error)) from error

    def names(self, parts: Parts) -> list[str]:
        """The names in a directory, in no order."""
        with self.directory(parts) as fd, translate_os_errors(join_path(parts, directory=True)):
            return [to_text(name) for name in list_names(fd)]

    def describe(self, parts: Parts, names: list[str]) -> list[Entry]:
        """Some entries of a directory; a name that has gone is left out."""
        entries = []
        with self.directory(parts) as fd, translate_os_errors(join_path(parts, directory=True)):
            parent = self._ids.of(stat_entry(fd, b"."))
            for name in names:
                try:
                    entry = self._described(fd, to_bytes(name), (*parts, name))
                except FileNotFoundError:
                    continue
                self._places[entry.attributes.id] = (parent, name)
                entries.append(entry)
        return entries

    def capture(self, parts: Parts) -> Node:
        """All that is at and below a path, at about this moment.

        What comes and goes meanwhile may be in it or not.
        """
        with self.directory(parts) as fd, translate_os_errors(join_path(parts, directory=True)):
            top = Node(self._attributes(fd, b"."))
            walk(fd, top, self._capture_children)
        return top

    def _capture_children(self, fd: int, node: Node) -> Iterator[tuple[bytes, Node]]:
        names = list_all_names(fd)
        if HIDDEN in names:
            # Our own directory is not in the tree, nor is the link that it holds to its parent.
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
        facts = stat_entry(fd, name)
        attributes = facts.attributes._replace(id=self._ids.of(facts))
        if attributes.type is FileType.SYMLINK:
            try:
                return attributes._replace(target=os.readlink(name, dir_fd=fd))
            except OSError as error:
                # EINVAL: something else took the link's place after the look at it.
                if error.errno == errno.EINVAL:
                    return self._attributes(fd, name)
                raise
        return attributes

    def _described(self, fd: int, name: bytes, parts: Parts) -> Entry:
        attributes = self._attributes(fd, name)
        if attributes.type is not FileType.DIRECTORY:
            return Entry(parts, attributes, None)
        try:
            with opened(fd, [name]) as directory:
                names = list_all_names(directory)
        except OSError as error:
            if error.errno not in (*_GONE, errno.EACCES):
                raise
            return Entry(parts, attributes, 0)
        hidden = HIDDEN in names
        links = max(attributes.links - hidden, 1)
        return Entry(parts, attributes._replace(links=links), len(names) - hidden)

    def _id_at(self, parts: Parts) -> int | None:
        try:
            return self.entry(parts).attributes.id
        except errors.NoSuchEntryError:
            return None

    def _hinted(self, number: int) -> Parts | None:
        parts: list[str] = []
        while number != ROOT_ID:
            place = self._places.get(number)
            # A path of more names than a path has bytes can only be a circle of stale hints.
            if place is None or len(parts) > 16_384:
                return None
            number, name = place
            parts.append(name)
        return tuple(reversed(parts))

    def _search(self, number: int) -> None:
        """Look at the whole tree, to learn where an id is now; slow, and only for a stale hint."""
        found = False

        def visit(fd: int, parent: int) -> list[tuple[bytes, int]]:
            nonlocal found
            below: list[tuple[bytes, int]] = []
            if found:
                return below
            for name in list_names(fd):
                try:
                    facts = stat_entry(fd, name)
                except FileNotFoundError:
                    continue
                child = self._ids.of(facts)
                self._places[child] = (parent, to_text(name))
                found = found or child == number
                if facts.attributes.type is FileType.DIRECTORY:
                    below.append((name, child))
            return below

        with translate_os_errors("/"):
            walk(self._root, ROOT_ID, visit)
