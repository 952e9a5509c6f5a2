"""What a cluster sends of many regular files, as columns: pure, and quicker than one by one.

For each file the outcome is that of :mod:`~.attributes`.
"""

from collections.abc import Sequence
from operator import attrgetter

from qumulo_changelist.cluster.attributes import (
    MAX_DIGITS,
    NumericId,
    is_number,
    numeric_group,
    numeric_owner,
    revision_of,
)
from qumulo_changelist.cluster.shapes import FileJson, IdentityJson, KnownFileJson
from qumulo_changelist.cluster.times import seconds_of_all
from qumulo_changelist.columns import FileColumns

_known = attrgetter("size", "modification_time", "id", "data_revision")
_times_and_owners = attrgetter("access_time", "owner", "owner_details", "group", "group_details")


def describe_files(files: Sequence[FileJson]) -> FileColumns:
    """Return all that a list needs of at least one regular file.

    Raises:
        ValueError: a field is missing or malformed, or an owner or a group has no numeric id.
    """
    sizes, mtimes, ids, revisions = zip(*map(_known, files), strict=True)
    atimes, owners, owner_details, groups, group_details = zip(
        *map(_times_and_owners, files), strict=True
    )
    return FileColumns(
        _whole_numbers(sizes),
        seconds_of_all(mtimes),
        seconds_of_all(atimes),
        _numeric_ids(owners, owner_details, numeric_owner),
        _numeric_ids(groups, group_details, numeric_group),
        _ids(ids),
        _revisions(revisions, mtimes),
    )


def identify_files(files: Sequence[KnownFileJson]) -> FileColumns:
    """Return what identifies regular files, at least one; no owners, no access times.

    Raises:
        ValueError: a field is missing or malformed.
    """
    sizes, mtimes, ids, revisions = zip(*map(_known, files), strict=True)
    unknown = (0,) * len(files)
    return FileColumns(
        _whole_numbers(sizes),
        seconds_of_all(mtimes),
        *(unknown,) * 3,
        ids=_ids(ids),
        revisions=_revisions(revisions, mtimes),
    )


def _are_numbers(texts: Sequence[str]) -> bool:
    joined = "".join(texts)
    return (
        joined.isascii() and joined.isdigit() and all(texts) and max(map(len, texts)) <= MAX_DIGITS
    )


def _whole_numbers(texts: Sequence[str]) -> list[int]:
    if not _are_numbers(texts):
        raise ValueError("not a number")
    return list(map(int, texts))


def _ids(texts: Sequence[str]) -> Sequence[str]:
    if _are_numbers(texts):
        return texts
    return [text if is_number(text) else "" for text in texts]


def _revisions(revisions: Sequence[str | None], changed: Sequence[str]) -> Sequence[str]:
    texts = [revision or "" for revision in revisions]
    if _are_numbers(texts):
        return texts
    return list(map(revision_of, texts, changed))


def _numeric_ids(
    numbers: Sequence[str], details: Sequence[IdentityJson | None], numeric_id: NumericId
) -> Sequence[int]:
    """Return the numeric ids of owners or groups, of which few are different."""
    pairs = list(zip(numbers, details, strict=True))
    known = {pair: numeric_id(*pair) for pair in set(pairs)}
    if len(known) == 1:
        return _all_numeric(list(known.values())) * len(pairs)
    return _all_numeric([known[pair] for pair in pairs])


def _all_numeric(ids: list[int | None]) -> list[int]:
    found = [one for one in ids if one is not None]
    if len(found) < len(ids):
        raise ValueError("not a numeric id")
    return found
