"""The shapes of a synthetic tree: how a given number of changes is distributed."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from msgspec.structs import replace

from qumulo_emulator.synthetic.contents import Contents, Fate, Row, truncate

Shape = Literal["mixed", "sparse", "created", "created-small", "wide", "giant"]

SOURCE = "synthetic"
_PER_DIRECTORY = 1000
_PER_SMALL_DIRECTORY = 100
_PER_TINY_DIRECTORY = 4
_GIANT_SHARE = 80  # per cent
_SHARES = 1000
# One name in 200 is of a kind that escaping, encoding and sorting often get wrong.
_HARD_NAME_EVERY = 200
_HARD_NAMES = (
    "Tom & Jerry {}.mov",
    "take<{}>.mov",
    'the "best" one {}.mov',
    "caf\u00e9 {}.mov",
    "cafe\u0301 {}.mov",
    "\U0001f3ac {}.mov",
    "line\u2028separator {}.mov",
    " blanks  around {} ",
    "it's 100% {}.mov",
    "back\\slash {}.mov",
    "\u6620\u753b {}.mov",
)


def root(shape: Shape, size: int) -> Contents:
    """Return the contents of the cluster's root: only the directory `SOURCE`.

    Args:
        shape: how the changes are distributed.
        size: the number of changes; if one directory was created, the number of files in it.
    """
    return _SHAPES[shape](size)


def _mixed(size: int) -> Contents:
    show = _show()
    source = Contents(
        (
            Row("index & notes.xml", Fate.CREATED),
            _shows(-(-size // show.changes), Row("", _fate(show), show)),
        )
    )
    return truncate(Contents((Row(SOURCE, Fate.MODIFIED, source),)), size)


def _sparse(size: int) -> Contents:
    reels = [_directory("", _clips(turn, _modified_between(turn, 1))) for turn in range(8)]
    show = Contents(
        replace(reels[number % len(reels)], stem=f"reel{number:04}")
        for number in range(_PER_DIRECTORY)
    )
    source = Contents((_shows(-(-size // show.changes), Row("", Fate.KEPT, show)),))
    return truncate(Contents((Row(SOURCE, Fate.KEPT, source),)), size)


def _created(size: int, per_directory: int = _PER_DIRECTORY) -> Contents:
    return _created_show(_created_folders("reel", size, per_directory))


def _wide(size: int) -> Contents:
    return _created_show([Row("clip", Fate.CREATED, None, 0, size, _digits(size - 1))])


def _giant(size: int) -> Contents:
    giant = -(-size * _GIANT_SHARE // 100)
    reels = Contents(_created_folders("reel", giant, _PER_DIRECTORY))
    tiny = _created_folders("tiny", size - giant, _PER_TINY_DIRECTORY)
    return _created_show([Row("giant", Fate.CREATED, reels), *tiny])


def _created_show(rows: list[Row]) -> Contents:
    source = Contents((Row("show0000", Fate.CREATED, Contents(rows)),))
    return Contents((Row(SOURCE, Fate.MODIFIED, source),))


def _created_folders(stem: str, size: int, per_directory: int) -> list[Row]:
    """Return numbered folders with this number of files in total; the last has the rest."""

    def folders(first: int, count: int, files: int) -> Row:
        contents = Contents(_clips(0, lambda _turn: Fate.CREATED, files))
        return Row(stem, Fate.CREATED, contents, first, count, digits)

    whole, rest = divmod(size, per_directory)
    digits = _digits(whole)
    rows = [folders(0, whole, per_directory)] if whole else []
    return [*rows, folders(whole, 1, rest)] if rest else rows


_SHAPES: dict[Shape, Callable[[int], Contents]] = {
    "mixed": _mixed,
    "sparse": _sparse,
    "created": _created,
    "created-small": partial(_created, per_directory=_PER_SMALL_DIRECTORY),
    "wide": _wide,
    "giant": _giant,
}


def _shows(count: int, like: Row) -> Row:
    return replace(like, stem="show", first=0, count=count, digits=_digits(count - 1))


def _digits(largest: int) -> int:
    return max(4, len(str(largest)))


def _show() -> Contents:
    """Return a show of a media company: most reels were edited, some emptied, some left alone."""
    proxies = _directory("proxies", _clips(99, _modified_between(0, 500), 200))
    rows = [_directory(f"reel{number:04}", _clips(number, _edited_fate)) for number in range(11)]
    rows += [
        _directory(f"reel{number:04}", _clips(number, _emptied_fate)) for number in range(11, 13)
    ]
    rows += [
        _directory("reel0013", _clips(13, _modified_between(0, 20))),
        _directory("reel0014", _clips(14, _modified_between(0, 500))),
        _directory("reel0015", [*_clips(15, _modified_between(0, 20)), proxies]),
        # Names that sort close to a reel's name, with and without its slash.
        Row("reel0004.mov", Fate.MODIFIED),
        Row("reel0004 & more", Fate.KEPT),
        _directory("reel0004-b", _clips(44, _edited_fate, 300)),
        _whole_directory("reel0007.new", Fate.CREATED, 10),
        _whole_directory("caf\u00e9 <\u65b0>", Fate.CREATED, 9),
        _whole_directory("reel0009.old", Fate.DELETED, 10),
        _whole_directory("reel0012 \U0001f5d1", Fate.DELETED, 12),
    ]
    return Contents(rows)


def _whole_directory(name: str, fate: Fate, files: int) -> Row:
    """Return a directory that was created or deleted as a whole, with a subdirectory."""
    inner = Row("stills", fate, Contents(_clips(1, lambda _turn: fate, files // 3)))
    clips = _clips(2, lambda _turn: fate, files - files // 3)
    return Row(name, fate, Contents([*clips, inner]))


def _directory(name: str, rows: Iterator[Row] | list[Row]) -> Row:
    """Return a directory that both snapshots have; modified if an entry is added or removed."""
    contents = Contents(rows)
    return Row(name, _fate(contents), contents)


def _fate(contents: Contents) -> Fate:
    changed = any(row.fate in (Fate.CREATED, Fate.DELETED) for row in contents.rows)
    return Fate.MODIFIED if changed else Fate.KEPT


def _clips(reel: int, fate: Callable[[int], Fate], count: int = _PER_DIRECTORY) -> Iterator[Row]:
    for clip in range(count):
        # 617 and 1000 have no common factor, so a thousand clips have each share once.
        yield Row(_clip_name(reel, clip), fate(clip * 617 % _SHARES))


def _clip_name(reel: int, clip: int) -> str:
    take = f"A{reel:03}_C{clip:06}_{clip * 37 % 1200:04}"
    if clip % _HARD_NAME_EVERY == 7:
        return _HARD_NAMES[(clip // _HARD_NAME_EVERY + reel) % len(_HARD_NAMES)].format(take)
    return f"{take}{'ABDFKMRX'[clip % 8]}{'HJNPQTVZ'[clip // 8 % 8]}.mov"


def _edited_fate(share: int) -> Fate:
    if share < 640:
        return Fate.MODIFIED
    if share < 950:
        return Fate.CREATED
    return Fate.DELETED if share < 960 else Fate.KEPT


def _emptied_fate(share: int) -> Fate:
    if share < 870:
        return Fate.DELETED
    return Fate.MODIFIED if share < 930 else Fate.KEPT


def _modified_between(first: int, count: int) -> Callable[[int], Fate]:
    return lambda share: Fate.MODIFIED if 0 <= share - first < count else Fate.KEPT
