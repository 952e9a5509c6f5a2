"""Counting what is below each directory of a captured tree, in one pass."""

from qumulo_emulator.model import Node
from qumulo_emulator.totals import DIRECTORY, Totals, totals_of_object


def count_directories(top: Node) -> dict[int, Totals]:
    """Return the totals at and below each directory, by its id.

    Only directories are kept: a file is counted again when it is asked for.
    """
    above_first: list[Node] = [top]
    for node in above_first:  # it grows meanwhile
        above_first.extend(child for child in node.children.values() if child.is_directory)
    counts: dict[int, Totals] = {}
    for node in reversed(above_first):
        totals = DIRECTORY
        for child in node.children.values():
            known = child.attributes
            below = counts[known.id] if child.is_directory else totals_of_object(known)
            totals = totals.plus(below)
        counts[node.attributes.id] = totals
    return counts
