"""One pattern of gitignore: from its text to a regular expression for exactly what it names. Pure.

pathspec translates what is between two slashes. It is not asked for more: its translation of a
whole pattern also matches whatever is below a directory of that name, which cannot be told apart
when a later pattern takes something back; and a name may contain a newline.
"""

import itertools
import re

from msgspec import Struct

from qumulo_changelist.filters.presets import PRESETS

# A class of characters; the first of them can be a closing bracket.
_CLASS = r"\[(?:[!^](?:\][^\]]*|[^\]]+)|(?![!^])(?:\][^\]]*|[^\]]+))\]"
# An escaped character, a class, or a bracket that begins none.
_ATOM = re.compile(rf"\\.|{_CLASS}|\[", re.DOTALL)
# What pathspec does not read in a class as git does, or Python warns of.
_UNUSUAL = re.compile(r"\[|\\|&&|--|\|\||~~")
_STARS = re.compile(r"(\\.)|\*+", re.DOTALL)
_CLASSES = re.compile(r"\\.|\[\^/\]|(\[)", re.DOTALL)
# What pathspec makes of a star.
_ANY = "[^/]*"
# Names of groups have to be different in all patterns that are joined.
_group_numbers = itertools.count()
_MAX_DOUBLE_STARS = 3
_DIRECTORY_MARK = "(?P<ps_d>/)"


class Pattern(Struct, frozen=True):
    """A pattern. Its text is as it was given."""

    text: str
    preset: str = ""
    """The preset that it is part of; "" for none."""
    takes_back: bool = False
    """Whether it begins with ``!``: what it matches is not left out."""
    by_name: bool = False
    """Whether it is matched with the last component of a path, and not with all of it."""
    regex: str = ""
    """Matches all of a component, or of a path without a ``/`` in front; that of a directory ends
    in ``/``. Needs ``re.DOTALL``, and has no groups that capture."""

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.text} of {self.preset}" if self.preset else self.text


def parse_pattern(text: str) -> tuple[Pattern, ...]:
    """Return a pattern, or those of a preset.

    Raises:
        ValueError: it is malformed, or cannot match anything.
    """
    if text.startswith(("@", "!@")):
        if text.removeprefix("!") in PRESETS and text.startswith("!"):
            raise ValueError("no preset can be taken back; take back its patterns")
        if text not in PRESETS:
            known = ", ".join(PRESETS)
            raise ValueError(f"there is no such preset, only {known}; for a name, write \\@")
        return tuple(_parse(pattern, text) for pattern in PRESETS[text])
    return (_parse(text),)


def strip_blanks(line: str) -> str:
    """Return a line without the blanks at its end, unless the first of them is escaped."""
    stripped = line.rstrip(" ")
    return stripped + " " if stripped != line and _ends_in_escape(stripped) else stripped


def _ends_in_escape(glob: str) -> bool:
    return (len(glob) - len(glob.rstrip("\\"))) % 2 == 1


def _parse(text: str, preset: str = "") -> Pattern:
    glob = strip_blanks(text)
    if not glob:
        raise ValueError("it is empty")
    if glob.startswith("#"):
        raise ValueError("it is a comment; for a name that begins with #, write \\#")
    if "\0" in glob:
        raise ValueError("no name contains a NUL")
    takes_back = glob.startswith("!")
    glob = glob.removeprefix("!")
    end = "/" if glob.endswith("/") else "/?"
    glob = glob.removesuffix("/")
    by_name = "/" not in glob
    regex = _component(glob) if by_name else _path(glob.removeprefix("/"))
    return Pattern(text, preset, takes_back, by_name, regex + end)


def _path(glob: str) -> str:
    """Return the regular expression for a path that is matched from the base path on."""
    components = glob.split("/")
    if sum(len(one) > 1 and not one.strip("*") for one in components) > _MAX_DOUBLE_STARS:
        raise ValueError(f"it has more than {_MAX_DOUBLE_STARS} **, which would take too long")
    regex = ""
    for number, component in enumerate(components, 1):
        is_last = number == len(components)
        if len(component) > 1 and not component.strip("*"):
            regex += ".*[^/]" if is_last else "(?:.*/)?"
        else:
            regex += _component(component) + ("" if is_last else "/")
    return regex


def _component(glob: str) -> str:
    """Return the regular expression for one component of a path."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # few runs have patterns

    if glob in ("", ".", ".."):
        raise ValueError("no path has a component that is empty, . or ..")
    if _ends_in_escape(glob):
        raise ValueError("nothing follows its last \\")
    for atom in _ATOM.findall(glob):
        _check_atom(atom)
    glob = _STARS.sub(lambda found: found[1] or "*", glob)
    # As a directory in the base path, so that nothing in it has a special meaning for pathspec.
    translated, _ = GitIgnoreSpecPattern.pattern_to_regex(f"/{glob}/")
    regex = translated or ""
    if not regex.startswith("^") or not regex.endswith(_DIRECTORY_MARK):
        raise ValueError("this version of pathspec does not read it")
    regex = regex[1 : -len(_DIRECTORY_MARK)]
    # No class matches the end of a component.
    regex = _CLASSES.sub(lambda found: "(?!/)[" if found[1] else found[0], regex)
    regex = _without_backtracking(regex)
    try:
        re.compile(regex)
    except re.error as error:
        raise ValueError(f"{error.msg}") from error
    return regex


def _without_backtracking(regex: str) -> str:
    """Return an expression that tries each place of what stands between two stars only once.

    The first place is as good as any later one: what follows has more room. Without that, a few
    stars take longer than anyone waits. Python before 3.11 has no other way to say it.
    """
    first, *others = regex.split(_ANY)
    if len(others) < 2:
        return regex
    *middle, last = others
    for part in middle:
        group = f"p{next(_group_numbers)}"
        first += f"(?=(?P<{group}>{_ANY}?{part}))(?P={group})"
    return first + _ANY + last


def _check_atom(atom: str) -> None:
    if atom == "[":
        raise ValueError("its [ is never closed; for the character, write \\[")
    if atom.startswith("[") and _UNUSUAL.search(atom, 1):
        raise ValueError(
            f"between [ and ] there can be characters and ranges such as a-z, but not as in {atom}"
        )
