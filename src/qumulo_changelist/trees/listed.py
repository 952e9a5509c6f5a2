"""What pages list of a directory: regular files as columns, and everything else by name."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from qumulo_changelist.bounds import Bounds
from qumulo_changelist.cluster.interface import DirectoryPage, check_complete
from qumulo_changelist.columns import FileColumns
from qumulo_changelist.model import Description, ReadFailure
from qumulo_changelist.trees.interface import Described, DescribedEntries, DescribedFiles
from qumulo_changelist.trees.parts import stretches


class ListedDirectory:
    """The entries of a directory, as far as pages with them were added.

    Args:
        directory: its name.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._rows: dict[str, int] = {}
        """The row of each regular file, by its name in the directory."""
        self._columns: tuple[list[Any], ...] = tuple([] for _ in FileColumns._fields)
        self._others: dict[str, Description] = {}
        """All other entries by their names in the directory, without a ``/`` at the end."""
        self._directories: set[str] = set()

    def add_all(self, pages: Iterable[DirectoryPage]) -> None:
        """Add all pages of the directory.

        Raises:
            IncompleteReplyError: some of its entries are on none of them.
        """
        total = 0
        for page in pages:
            self.add(page)
            total = page.total_entries
        check_complete(self._directory, len(self), total)

    def add(self, page: DirectoryPage) -> None:
        """Add the entries of a page; of a name that comes twice, the last one counts."""
        self._forget(page)
        first = len(self._columns[0])
        for column, values in zip(self._columns, page.columns, strict=True):
            column.extend(values)
        self._rows.update(zip(page.files, range(first, first + len(page.files)), strict=True))
        for name, description in page.others.items():
            self._others[name.removesuffix("/")] = description
            if name.endswith("/"):
                self._directories.add(name)

    def _forget(self, page: DirectoryPage) -> None:
        """Forget entries whose names the page has, too, as something else."""
        if not self._others.keys().isdisjoint(page.files):
            for name in self._others.keys() & set(page.files):
                del self._others[name]
                self._directories.discard(f"{name}/")
        for name in page.others:
            below = name.removesuffix("/")
            self._rows.pop(below, None)
            if below in self._others:
                self._directories.discard(f"{below}/")

    def __len__(self) -> int:
        return len(self._rows) + len(self._others)

    @property
    def names(self) -> list[str]:
        """The full names of all entries, in descending order."""
        others = [name for name in self._others if f"{name}/" not in self._directories]
        below = sorted([*self._rows, *others, *self._directories], reverse=True)
        return [self._directory + name for name in below]

    def unknown(self, bounds: Bounds) -> list[str]:
        """Return the names that may be directories with names in bounds, since nobody knows."""
        found = [
            name
            for name, described in self._others.items()
            if isinstance(described, ReadFailure) and not described.known
        ]
        names = [self._directory + name for name in found if f"{name}/" not in self._directories]
        return sorted([name for name in names if bounds.reaches_into(f"{name}/")], reverse=True)

    def missing(self, names: list[str]) -> list[str]:
        """Return those of the names that no page has."""
        start, rows = len(self._directory), self._rows
        # Most entries are regular files.
        unknown = [name for name in names if name[start:] not in rows]
        return [name for name in unknown if not self._knows(name)]

    def describe(
        self, names: list[str], describe_missing: Callable[[str], Description] | None = None
    ) -> Iterator[Described]:
        """Yield the descriptions of entries, in parts.

        Args:
            names: full names, in descending order.
            describe_missing: describes an entry that no page has; None if there is none.
        """
        start = len(self._directory)
        below = [name[start:] for name in names]
        rows = list(map(self._rows.get, below))
        for are_files, here in stretches([row is not None for row in rows]):
            if are_files:
                known = [row for row in rows[here] if row is not None]
                yield DescribedFiles(self._directory, below[here], self._pick(known))
            else:
                some = names[here]
                yield DescribedEntries(
                    some,
                    [
                        describe_missing(name)
                        if describe_missing and not self._knows(name)
                        else self._describe(name)
                        for name in some
                    ],
                )

    def _knows(self, name: str) -> bool:
        below = self._below(name)
        return below in self._rows or below in self._others

    def _describe(self, name: str) -> Description:
        below = self._below(name)
        row = self._rows.get(below)
        return self._others[below] if row is None else next(self._pick([row]).attributes())

    def _pick(self, rows: list[int]) -> FileColumns:
        return FileColumns(*self._columns).pick(rows)

    def _below(self, name: str) -> str:
        return name[len(self._directory) :].removesuffix("/")
