"""Filters of a list, drawn at random: as options of a command, and as the oracle takes them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from tests.fuzz.names import NAMES
from tests.oracle import Filters

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPECIAL = b"\\*?[]!#@ "
_FIRST_SECOND, _LAST_SECOND = "1970-01-02T00:00:00Z", "2096-10-02T07:06:40Z"
_MOMENTS = {"1h": -3600, _FIRST_SECOND: 86400, _LAST_SECOND: 4 * 10**9, "2001-09-09": 999_993_600}


class DrawnFilters(NamedTuple):
    """Filters, as far as they can be drawn without knowing what else is requested."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    newer_than: str | None = None
    older_than: str | None = None
    only: tuple[str, ...] = ()

    def options(self, allowed: Sequence[str]) -> tuple[str, ...]:
        """The options of a command; of `only`, the kinds that are allowed."""
        given = [("include", one) for one in self.include]
        given += [("exclude", one) for one in self.exclude]
        given += [
            (name.replace("_", "-"), value)
            for name in ("min_size", "max_size", *_times(allowed))
            if (value := getattr(self, name)) is not None
        ]
        if only := self._kinds(allowed):
            given.append(("only", ",".join(only)))
        return tuple(f"--{name}={value}" for name, value in given)

    def expected(self, allowed: Sequence[str]) -> Filters:
        """The same for the oracle; the newer snapshot was taken just now."""
        return Filters(
            self.include,
            self.exclude,
            self.min_size,
            self.max_size,
            self._moment("newer_than", allowed),
            self._moment("older_than", allowed),
            self._kinds(allowed),
        )

    def _moment(self, name: str, allowed: Sequence[str]) -> int | None:
        return _seconds(getattr(self, name)) if name in _times(allowed) else None

    def _kinds(self, allowed: Sequence[str]) -> tuple[str, ...]:
        """Of `only`, the kinds that are allowed; with moves, `created` needs `moved`."""
        only = tuple(kind for kind in self.only if kind in allowed)
        is_lacking = "moved" in allowed and "created" in only and "moved" not in only
        return (*only, "moved") if is_lacking else only


_TIMES = ("newer_than", "older_than")


def _times(allowed: Sequence[str]) -> tuple[str, ...]:
    """The filters by time, if they are allowed: only without deletions and moves."""
    return () if {"deleted", "moved"} & {*allowed} else _TIMES


def _seconds(moment: str | None) -> int | None:
    if moment is None:
        return None
    seconds = _MOMENTS[moment]
    return int(time.time()) + seconds if seconds < 0 else seconds


def _escaped(name: bytes) -> str:
    escaped = b"".join(b"\\" + bytes([one]) if one in _SPECIAL else bytes([one]) for one in name)
    return escaped.decode("utf-8", "surrogateescape")


_LITERALS = NAMES.map(_escaped)
_GLOBS = st.sampled_from(
    ["*", "a*", "*.mov", "?", "[a-c]*", "[!a]*", "*a", "n*", "**", "*.*", "[0-9]*.mov"]
)
_COMPONENTS = st.one_of(_LITERALS, _LITERALS, _GLOBS)
_PATHS = st.builds(
    lambda first, parts, last: first + "/".join(parts) + last,
    st.sampled_from(["", "", "", "/", "**/"]),
    st.lists(_COMPONENTS, min_size=1, max_size=3).filter(lambda parts: "-" not in parts),
    st.sampled_from(["", "", "/", "/", "/**"]),
).filter(lambda text: text not in ("--", "/"))
_EXCLUDES = st.one_of(_PATHS, _PATHS, _PATHS.map(lambda text: f"!{text}"), st.just("@litter"))
_KINDS = st.sampled_from(["created", "modified", "deleted", "moved"])
_ONLY = st.lists(_KINDS, min_size=1, max_size=3, unique=True)


def _rarely(drawn: st.SearchStrategy[object], default: object = None) -> st.SearchStrategy[object]:
    return st.one_of(st.just(default), st.just(default), drawn)


FILTERS: st.SearchStrategy[DrawnFilters] = st.just(DrawnFilters()) | st.builds(
    DrawnFilters,
    include=_rarely(st.lists(_PATHS, min_size=1, max_size=2).map(tuple), ()),
    exclude=st.lists(_EXCLUDES, max_size=3).map(tuple),
    min_size=_rarely(st.sampled_from([0, 1, 2, 999, 1000])),
    max_size=_rarely(st.sampled_from([1000, 4096, 2**40])),
    newer_than=_rarely(st.sampled_from(["1h", _FIRST_SECOND, "2001-09-09"])),
    older_than=_rarely(st.sampled_from(["1h", _LAST_SECOND])),
    only=_rarely(_ONLY.map(tuple), ()),
).filter(lambda drawn: drawn.newer_than != "1h" or drawn.older_than != "1h")
