"""The shapes that a made-up tree can have, each with as many changes as asked for."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from qumulo_emulator.synthetic.contents import Contents, Fate, Row, truncate

Shape = Literal["mixed", "sparse", "created"]

SOURCE = "synthetic"
_PER_FOLDER = 1000
_SHARES = 1000
# One name in so many is such as escapes, encodings and sorting have stumbled over.
_ODD_EVERY = 200
_ODD = (
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
    """What is in the root of the cluster: the directory `SOURCE` alone.

    Args:
        shape: how the changes are spread.
        size: how many entries the diff has; for `created`, how many files were created.
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
    reels = [_folder("", _clips(turn, _few(turn, 1))) for turn in range(8)]
    show = Contents(
        replace(reels[number % len(reels)], stem=f"reel{number:04}")
        for number in range(_PER_FOLDER)
    )
    source = Contents((_shows(-(-size // show.changes), Row("", Fate.KEPT, show)),))
    return truncate(Contents((Row(SOURCE, Fate.KEPT, source),)), size)


def _created(size: int) -> Contents:
    def reels(first: int, count: int, files: int) -> Row:
        contents = Contents(_clips(0, lambda _turn: Fate.CREATED, files))
        return Row("reel", Fate.CREATED, contents, first, count, digits)

    whole, rest = divmod(size, _PER_FOLDER)
    digits = _digits(whole)
    rows = [reels(0, whole, _PER_FOLDER)] if whole else []
    show = Contents([*rows, reels(whole, 1, rest)] if rest else rows)
    source = Contents((Row("show0000", Fate.CREATED, show),))
    return Contents((Row(SOURCE, Fate.MODIFIED, source),))


_SHAPES: dict[Shape, Callable[[int], Contents]] = {
    "mixed": _mixed,
    "sparse": _sparse,
    "created": _created,
}


def _shows(count: int, like: Row) -> Row:
    return replace(like, stem="show", first=0, count=count, digits=_digits(count - 1))


def _digits(largest: int) -> int:
    return max(4, len(str(largest)))


def _show() -> Contents:
    """A show of a media company: most reels were worked on, some were emptied, some left alone."""
    proxies = _folder("proxies", _clips(99, _few(0, 500), 200))
    made = [_folder(f"reel{number:04}", _clips(number, _worked_on)) for number in range(11)]
    made += [_folder(f"reel{number:04}", _clips(number, _emptied)) for number in range(11, 13)]
    made += [
        _folder("reel0013", _clips(13, _few(0, 20))),
        _folder("reel0014", _clips(14, _few(0, 500))),
        _folder("reel0015", [*_clips(15, _few(0, 20)), proxies]),
        # Names that sort around that of the reel, or of a directory's slash.
        Row("reel0004.mov", Fate.MODIFIED),
        Row("reel0004 & more", Fate.KEPT),
        _folder("reel0004-b", _clips(44, _worked_on, 300)),
        _whole("reel0007.new", Fate.CREATED, 10),
        _whole("caf\u00e9 <\u65b0>", Fate.CREATED, 9),
        _whole("reel0009.old", Fate.DELETED, 10),
        _whole("reel0012 \U0001f5d1", Fate.DELETED, 12),
    ]
    return Contents(made)


def _whole(name: str, fate: Fate, files: int) -> Row:
    """A directory that was created or deleted with all that is in it, another directory too."""
    inner = Row("stills", fate, Contents(_clips(1, lambda _turn: fate, files // 3)))
    clips = _clips(2, lambda _turn: fate, files - files // 3)
    return Row(name, fate, Contents([*clips, inner]))


def _folder(name: str, rows: Iterator[Row] | list[Row]) -> Row:
    """A directory that was there before and after; modified where an entry came or went."""
    contents = Contents(rows)
    return Row(name, _fate(contents), contents)


def _fate(contents: Contents) -> Fate:
    moved = any(row.fate in (Fate.CREATED, Fate.DELETED) for row in contents.rows)
    return Fate.MODIFIED if moved else Fate.KEPT


def _clips(reel: int, fate: Callable[[int], Fate], count: int = _PER_FOLDER) -> Iterator[Row]:
    for clip in range(count):
        # 617 and 1000 have no common factor: each share is met once in a thousand clips.
        yield Row(_clip_name(reel, clip), fate(clip * 617 % _SHARES))


def _clip_name(reel: int, clip: int) -> str:
    take = f"A{reel:03}_C{clip:06}_{clip * 37 % 1200:04}"
    if clip % _ODD_EVERY == 7:
        return _ODD[(clip // _ODD_EVERY + reel) % len(_ODD)].format(take)
    return f"{take}{'ABDFKMRX'[clip % 8]}{'HJNPQTVZ'[clip // 8 % 8]}.mov"


def _worked_on(share: int) -> Fate:
    if share < 640:
        return Fate.MODIFIED
    if share < 950:
        return Fate.CREATED
    return Fate.DELETED if share < 960 else Fate.KEPT


def _emptied(share: int) -> Fate:
    if share < 870:
        return Fate.DELETED
    return Fate.MODIFIED if share < 930 else Fate.KEPT


def _few(first: int, count: int) -> Callable[[int], Fate]:
    return lambda share: Fate.MODIFIED if 0 <= share - first < count else Fate.KEPT
