"""Short ways to read a tree of any kind."""

from collections.abc import Iterator

from qumulo_changelist.bounds import EVERYTHING, Bounds
from qumulo_changelist.model import Description, Kind, ReadFailure
from qumulo_changelist.trees.interface import (
    Described,
    NamedEntries,
    Subtree,
    Tree,
    TreeRequest,
)


def read(tree: Tree, *requests: TreeRequest) -> list[list[Described]]:
    """Return the whole answer to each request."""
    return [list(answer) for answer in tree.read(requests)]


def walk_in_parts(
    tree: Tree, directory: str = "/", bounds: Bounds = EVERYTHING
) -> Iterator[Described]:
    """Yield what is below a directory, as the tree yields it."""
    (answer,) = tree.read([Subtree(directory, bounds=bounds)])
    return iter(answer)


def walk(
    tree: Tree, directory: str = "/", bounds: Bounds = EVERYTHING
) -> Iterator[tuple[str, Description]]:
    """Yield what is below a directory, entry by entry."""
    for part in walk_in_parts(tree, directory, bounds):
        yield from zip(part.names, part.described, strict=True)


def walked_names(tree: Tree, directory: str = "/") -> list[str]:
    return [name for name, _ in walk(tree, directory)]


def failures_in(tree: Tree, directory: str = "/") -> dict[str, str]:
    """Return why entries below a directory cannot be read, by name."""
    return {
        name: description.reason
        for name, description in walk(tree, directory)
        if isinstance(description, ReadFailure)
    }


def describe(tree: Tree, *names: str) -> list[Description]:
    """Return the descriptions of entries of one directory."""
    (answer,) = tree.read([NamedEntries(list(names))])
    parts = list(answer)
    assert [name for part in parts for name in part.names] == list(names)
    return [description for part in parts for description in part.described]


def kinds(descriptions: list[Description]) -> list[Kind | str]:
    """Return the kind of each entry, or why it cannot be read."""
    return [one.reason if isinstance(one, ReadFailure) else one.kind for one in descriptions]


def sizes(descriptions: list[Description]) -> list[int | str]:
    """Return the size of each entry, or why it cannot be read."""
    return [one.reason if isinstance(one, ReadFailure) else one.size for one in descriptions]
