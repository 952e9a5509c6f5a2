"""The counts that a cluster keeps of a directory, from what it sends: pure."""

from operator import attrgetter

from qumulo_changelist.cluster.attributes import DIRECTORY, is_number
from qumulo_changelist.cluster.interface import DirectoryCounts
from qumulo_changelist.cluster.shapes import AllTotalsJson, ChildTotalsJson
from qumulo_changelist.cluster.wire import Reader, read_value, to_shape
from qumulo_changelist.errors import ReplyError

_totals = Reader(AllTotalsJson)
_in_all = attrgetter("total_files", "total_directories", "total_symlinks", "total_other_objects")
_of_child = attrgetter("num_files", "num_directories", "num_symlinks", "num_other_objects")


def read_counts(data: bytes, source: str, *, is_named: bool) -> DirectoryCounts:
    """Return the counts of a directory.

    What is malformed counts nothing: an entry that is not usable is as if it were not named.

    Args:
        data: the JSON.
        source: the request, for messages.
        is_named: whether the entries are wanted that the answer names.

    Raises:
        ReplyError: the totals do not state the number of files.
    """
    try:
        totals = _totals.read(data, source)
    except ReplyError:
        totals = to_shape(read_value(data, source), AllTotalsJson, source)
    if not is_number(totals.total_files):
        raise ReplyError(f"{source}: the totals have no usable 'total_files'")
    children = (totals.files or []) if is_named else []
    return DirectoryCounts(
        _sum(_in_all(totals)),
        {_full_name(child): max(_sum(_of_child(child)), 1) for child in children if child.name},
    )


def _full_name(child: ChildTotalsJson) -> str:
    return f"{child.name}/" if child.type == DIRECTORY else child.name


def _sum(numbers: tuple[str, ...]) -> int:
    return sum(int(number) for number in numbers if is_number(number))
