"""Dividing an answer of a tree into parts: regular files as columns, and everything else."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from qumulo_changelist.columns import FileColumns, is_plain
from qumulo_changelist.model import Attributes, Description
from qumulo_changelist.names import parent_of
from qumulo_changelist.trees.interface import Described, DescribedEntries, DescribedFiles

FEW = 16
"""For fewer files, columns cost more than they save."""


def divide_descriptions(names: list[str], described: list[Description]) -> Iterator[Described]:
    """Yield the parts of an answer of which there is an object for each name."""
    flags = [isinstance(one, Attributes) and is_plain(one) for one in described]
    for are_files, rows in stretches(flags):
        if are_files:
            known = [one for one in described[rows] if isinstance(one, Attributes)]
            directory = parent_of(names[0])
            start = len(directory)
            below = [name[start:] for name in names[rows]]
            yield DescribedFiles(directory, below, FileColumns.of(known))
        else:
            yield DescribedEntries(names[rows], described[rows])


def stretches(are_files: Sequence[bool]) -> Iterator[tuple[bool, slice]]:
    """Yield the stretches of an answer: whether they are files for columns, and their rows.

    Stretches of few files are of no use, so that they count as something else.

    Args:
        are_files: whether each entry is a file that fits into columns.
    """
    begin = end = 0
    for is_file, group in groupby(are_files):
        length = len(list(group))
        if is_file and length >= FEW:
            if begin < end:
                yield False, slice(begin, end)
            begin = end + length
            yield True, slice(end, begin)
        end += length
    if begin < end:
        yield False, slice(begin, end)
