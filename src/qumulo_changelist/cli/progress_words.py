"""How far a run is, in words: for one or two lines of a terminal, and for a line of a log. Pure."""

from msgspec import Struct

from qumulo_changelist.events import Stage
from qumulo_changelist.wording import count, describe_size, printable

# With what precedes the path.
_DOING = {
    None: ("asking the cluster", ""),
    Stage.SNAPSHOT: ("taking a snapshot", "of "),
    Stage.DIFF: ("reading the diff", "of "),
    Stage.LISTING: ("listing", ""),
    Stage.CHECKING: ("checking the list", "of "),
    Stage.WRITING: ("writing the list", "of "),
    Stage.REPORTING: ("reading the list", "of "),
    Stage.HANDING_OVER: ("waiting for the command that has the list", "of "),
    Stage.COMMITTING: ("committing", ""),
}

# Below this share of the work, or of a second, what is left is anybody's guess.
_MIN_SHARE = 0.01
_MIN_SECONDS = 1.0


class Shown(Struct, frozen=True):
    """What is shown of a run. Times are in seconds."""

    stage: Stage | None = None
    """None before the first one."""
    path: str = ""
    """The directory of the cluster that it is about."""
    elapsed: float = 0.0
    """Since the run began."""
    in_stage: float = 0.0
    """Since the stage began."""
    changes: int = 0
    """Read from the diff so far."""
    done: int = 0
    in_all: int | None = None
    """None if unknown."""
    files: int = 0
    size: int = 0
    requests: int = 0


Part = tuple[int, str]
"""A rank, and words: if there is no room for all, those with the greatest rank go first."""


def describe_lines(shown: Shown, width: int) -> list[str]:
    """Return one or two lines for a terminal; what does not fit into ``width`` is left out."""
    changes, rest = _changes(shown), _totals(shown)
    first = _fit(_head(shown), changes, width)
    if not shown.files and not shown.requests and len(rest) == 1:
        return [_fit([], [(0, first), *rest], width)]
    return [first, _fit([], rest, width, indent="  ")]


def describe_line(shown: Shown) -> str:
    """Return a line for a log."""
    return _fit(_head(shown), [*_changes(shown), *_totals(shown)])


def describe_time(seconds: float) -> str:
    """Return a number of seconds as a clock shows it: ``0:07``, ``1:02:03``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def seconds_left(shown: Shown) -> float | None:
    """Return how long the listing will still take at its speed so far; None if that is unknown."""
    if shown.stage is not Stage.LISTING or not shown.in_all or shown.in_stage < _MIN_SECONDS:
        return None
    if shown.done < shown.in_all * _MIN_SHARE:
        return None
    return shown.in_stage * (shown.in_all - shown.done) / shown.done


def _head(shown: Shown) -> list[Part]:
    words, before = _DOING[shown.stage]
    return [(0, words), *([(3, before + printable(shown.path))] if shown.path else [])]


def _changes(shown: Shown) -> list[Part]:
    if shown.stage is Stage.DIFF:
        return [(1, f"{shown.changes:,} changes"), *_speed(shown.changes, shown)]
    if shown.stage is not Stage.LISTING or shown.in_all is None:
        return []
    share = [(0, f"{shown.done * 100 // shown.in_all} %")] if shown.in_all else []
    words = f"{shown.done:,} of {shown.in_all:,} changes"
    return [(1, words), *share, *_speed(shown.done, shown)]


def _totals(shown: Shown) -> list[Part]:
    parts: list[Part] = []
    if shown.files:
        parts += [
            (1, f"{shown.files:,} file{'' if shown.files == 1 else 's'}"),
            (2, describe_size(shown.size)),
        ]
    if shown.stage is Stage.LISTING and shown.in_all is None:
        parts += _speed(shown.files, shown, " files")
    if shown.requests:
        parts.append((4, f"{count(shown.requests, 'request')} under way"))
    parts.append((3, f"{describe_time(shown.elapsed)} elapsed"))
    left = seconds_left(shown)
    if left is not None:
        parts.append((0, f"about {describe_time(left)} left"))
    return parts


def _speed(number: int, shown: Shown, noun: str = "") -> list[Part]:
    if not number or shown.in_stage < _MIN_SECONDS:
        return []
    return [(2, f"{number / shown.in_stage:,.0f}{noun}/s")]


def _fit(head: list[Part], parts: list[Part], width: int | None = None, indent: str = "") -> str:
    """Join the head and the parts; the greatest ranks are left out until it fits."""
    while True:
        begin = " ".join(words for _, words in head)
        rest = ", ".join(words for _, words in parts)
        line = indent + (": " if begin and rest else "").join((begin, rest))
        greatest = max((rank for rank, _ in (*head, *parts)), default=0)
        if width is None or len(line) <= width or not greatest:
            return line
        head = [part for part in head if part[0] < greatest]
        parts = [part for part in parts if part[0] < greatest]
