"""What a user probably meant by a path that a snapshot does not have."""

import difflib
import unicodedata
from collections.abc import Callable, Iterable

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import ChangelistError, UnreadableError
from qumulo_changelist.model import Kind, Snapshot

# A directory can contain millions of names. The first ones are enough for a suggestion.
_MAX_NAMES = 10_000


def suggest_path(cluster: Cluster, path: str, snapshot: Snapshot) -> str:
    """Return a sentence about the nearest path that a snapshot has, or what is in its place.

    Args:
        cluster: is asked. If it does not answer, the sentence is "": the run ends for a different
            reason, which the user has to read.
        path: an absolute path that the snapshot does not have as a directory.
        snapshot: the snapshot. It has the directory that it is of.
    """
    found, differences = "", []
    try:
        for name in path.split("/")[1:]:
            kinds = _entries(cluster, found, snapshot)
            if name in kinds and kinds[name] is not Kind.DIRECTORY:
                what = "a file" if kinds[name] is Kind.FILE else "a link, or a special file"
                return f"{found}/{name} is {what} there. Give the path of a directory."
            directories = [entry for entry, kind in kinds.items() if kind is Kind.DIRECTORY]
            near, difference = (name, "") if name in directories else _nearest(name, directories)
            if not near:
                return ""
            found = f"{found}/{near}"
            differences.append(difference)
    except (UnreadableError, ChangelistError):
        return ""
    why = ", ".join(dict.fromkeys(filter(None, differences)))
    return f"Did you mean {found}, which differs in {why}?" if why else ""


def _entries(cluster: Cluster, directory: str, snapshot: Snapshot) -> dict[str, Kind]:
    """Return the entries of a directory; above the snapshot's directory, only what leads there."""
    above, _, leads_on = snapshot.source.partition(f"{directory}/")
    if not above and leads_on:
        return {leads_on.split("/")[0]: Kind.DIRECTORY}
    entries = cluster.first_entries(directory or "/", snapshot.id, _MAX_NAMES)
    return {name: entry.kind for name, entry in entries.items()}


def _nearest(name: str, names: Iterable[str]) -> tuple[str, str]:
    """Return the nearest name, and in what it differs; "" for none."""
    names = sorted(names)
    foldings: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("its accents", _without_accents),
        ("upper and lower case", str.casefold),
        ("its accents and in upper and lower case", lambda text: _without_accents(text.casefold())),
    )
    for difference, fold in foldings:
        for candidate in names:
            if fold(candidate) == fold(name):
                return candidate, difference
    (near, *_) = difflib.get_close_matches(name, names) or [""]
    return near, near and "its spelling"


def _without_accents(name: str) -> str:
    """Return a name without its accents, in either form of writing them (Unicode NFC or NFD)."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
