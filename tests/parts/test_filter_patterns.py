"""Patterns of filters mean what they mean in a .gitignore: git itself is the judge."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qumulo_changelist.filters.paths import PathFilter
from qumulo_changelist.filters.patterns import parse_pattern
from qumulo_changelist.filters.presets import PRESETS
from qumulo_changelist.names import to_text
from tests.oracle.filters import LITTER, Filters

# Names in which a regular expression, a line or a text could end too early, or see something else.
NAMES = (
    *(b"a", b"b", b"ab", b"a.b", b"a\n", b"\na", b"a\nb", b"\xff", b"a\xff", b"a\r", b" ", b"a "),
    *(
        b"a\t",
        b"*",
        b"[a]",
        b"a\\",
        b"!a",
        b"#a",
        b"^",
        b"$",
        b"A",
        b"-",
        b"]",
        b"a*b",
        b"(a)",
        b"{a}",
    ),
    *("é".encode(), "e\u0301".encode(), "\u2028".encode(), b"\x85", b"<script>", b"\x01", b"a|b"),
    b"@litter",
)
DIRECTORIES = (b"", b"a/", b"a/b/", b"a\n/", b"b/", b"b/a/", b"b/a/a/", b"\xff/")


@pytest.fixture(scope="module")
def work_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of git with every name in every directory; names of directories in some."""
    root = tmp_path_factory.mktemp("git")
    subprocess.run(["git", "init", "--quiet", root], check=True)
    for directory in DIRECTORIES:
        os.makedirs(os.fsencode(root) + b"/" + directory, exist_ok=True)
    for directory in DIRECTORIES:
        for name in NAMES:
            path = os.fsencode(root) + b"/" + directory + name
            if not os.path.lexists(path):
                with open(path, "wb"):
                    pass
    return root


def paths_in(root: Path) -> Iterator[bytes]:
    """Yield the paths in a tree, those of directories with a slash at the end."""
    for folder, folders, files in os.walk(os.fsencode(root)):
        below = folder[len(os.fsencode(root)) + 1 :]
        start = below + b"/" if below else b""
        if folder == os.fsencode(root):
            folders.remove(b".git")
        yield from (start + name + b"/" for name in folders)
        yield from (start + name for name in files if start or name != b".gitignore")


def ignored_by_git(root: Path, patterns: list[bytes]) -> set[bytes]:
    (root / ".gitignore").write_bytes(b"\n".join(patterns) + b"\n")
    paths = {path.removesuffix(b"/"): path for path in paths_in(root)}
    done = subprocess.run(
        ["git", "-c", "core.excludesFile=", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=root,
        input=b"\0".join(paths) + b"\0",
        stdout=subprocess.PIPE,
    )
    assert done.returncode in (0, 1)
    return {paths[path] for path in done.stdout.split(b"\0") if path}


def excluded_by_us(root: Path, patterns: list[bytes]) -> set[bytes]:
    wanted = PathFilter(exclude=tuple(map(to_text, patterns)))
    return {path for path in paths_in(root) if wanted.judge("/" + to_text(path))}


ATOMS = st.sampled_from(
    (
        *(
            b"a",
            b"b",
            b"\\a",
            b"\\\\",
            b"\\*",
            b"\\!",
            b"\\#",
            b"\\[",
            b"*",
            b"*",
            b"?",
            b".",
            b"\xff",
        ),
        *(
            b"[a-c]",
            b"[!a]",
            b"[^b]",
            b"[]]",
            b"[]a]",
            b"[!]]",
            b"[*]",
            b"[a-]",
            b"\\ ",
            b" ",
            b"$",
        ),
        *(
            b"^",
            b"\r",
            b"\t",
            b"(a)",
            b"{a}",
            b"|",
            b"-",
            b"\xc3\xa9",
            b"+",
            b"A",
            b"\x01",
            b"\x85",
        ),
    )
)
COMPONENTS = st.lists(ATOMS, min_size=1, max_size=3).map(b"".join)


def is_alike(component: bytes) -> bool:
    """Return whether git and we agree on a component; see the two tests below for the others."""
    return b"**" not in component


PATTERNS = st.builds(
    lambda back, first, parts, last: back + first + b"/".join(parts) + last,
    st.sampled_from([b"", b"", b"!"]),
    st.sampled_from([b"", b"", b"/", b"**/"]),
    st.lists(COMPONENTS.filter(is_alike) | st.sampled_from([b"a", b"b", b"**", b"*", b"a*"]),
             min_size=1, max_size=3),
    st.sampled_from([b"", b"", b"/", b"/**", b"  "]),
)  # fmt: skip


def is_accepted(pattern: bytes) -> bool:
    if pattern.endswith(b"\r"):
        return False  # of a line, that is a part of its end
    try:
        parse_pattern(to_text(pattern))
    except ValueError:
        return False
    return True


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(patterns=st.lists(PATTERNS.filter(is_accepted), min_size=1, max_size=5))
def test_git_leaves_out_the_same(work_tree: Path, patterns: list[bytes]) -> None:
    ours, gits = excluded_by_us(work_tree, patterns), ignored_by_git(work_tree, patterns)
    if any(set(b"?[") & set(pattern) for pattern in patterns):
        # For git, one character of a class, or ?, is one byte.
        ours, gits = ({path for path in one if path.isascii()} for one in (ours, gits))

    assert ours == gits


@settings(max_examples=40, deadline=None)
@given(patterns=st.lists(PATTERNS.filter(is_accepted), min_size=1, max_size=5))
def test_the_oracle_leaves_out_the_same(work_tree: Path, patterns: list[bytes]) -> None:
    wanted = Filters(exclude=tuple(map(to_text, patterns)))
    paths = list(paths_in(work_tree))[:60]

    ours = {path for path in excluded_by_us(work_tree, patterns) if path in paths}

    assert ours == {path for path in paths if wanted.exclude_name(path, is_dir=path.endswith(b"/"))}


@pytest.mark.parametrize(
    "pattern",
    [
        *("", " ", "#a", "[a", "[]", "[!]", "a\\", "/", "//", "a//b", "./a", "a/..", "[[:alpha:]]"),
        *("[a\\]b]", "[z-a]", "[a&&b]", "@nothing", "!@litter", "!", "a/[b/c]", "a\0b"),
    ],
)
def test_a_pattern_that_git_skips_or_reads_differently_is_refused(pattern: str) -> None:
    assert not is_accepted(pattern.encode())


def test_a_preset_is_its_patterns_and_the_docs_and_the_oracle_have_the_same() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs" / "filters.md"
    (row,) = [line for line in docs.read_text().splitlines() if line.startswith("| `@litter`")]

    assert {pattern.text for pattern in parse_pattern("@litter")} == {*PRESETS["@litter"]}
    assert [text.strip("` ") for text in row.split("|")[2].split(", ")] == [*PRESETS["@litter"]]
    assert PRESETS["@litter"] == LITTER


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/a/b.tmp", ("/a/b.tmp", "*.tmp")),
        ("/a/keep.tmp", None),
        ("/a/cache/keep.tmp", ("/a/cache/", "cache/")),
        ("/cache/", ("/cache/", "cache/")),
        ("/cache", None),
        ("/x/.Trashes/1", ("/x/.Trashes/", ".Trashes/ of @litter")),
        ("/", None),
    ],
)
def test_what_is_excluded_is_found_with_its_pattern(
    name: str, expected: tuple[str, str] | None
) -> None:
    found = PathFilter(exclude=("@litter", "*.tmp", "!keep.tmp", "cache/")).find_exclusion(name)

    assert (found and (found[0], found[1].label)) == expected


def test_nothing_is_slow_to_match_and_no_path_is_too_deep() -> None:
    wanted = PathFilter(exclude=("a*a*a*a*b", "**/x/**/y/**/z", "deep/"))
    deep = "/d" * 2000

    assert wanted.judge("/" + "a" * 120) == ""
    assert wanted.judge(f"{deep}/file") == ""
    assert wanted.judge(f"{deep}/deep/x/file") == "exclude"


@pytest.mark.parametrize(
    ("pattern", "name", "is_excluded"),
    [
        ("a*a*a*a*a*a*a*a*b", "a" * 250, False),
        ("a*a*a*a*a*a*a*a*b", "a" * 250 + "b", True),
        ("*a*b*a*", "xbaxbxax", True),
        ("*a*b*a*", "xbaxbx", False),
        ("?*[ab]*c*d", "1a2c3c4d", True),
        ("**/a/**/a/**/b", "a/" * 100 + "c", False),
    ],
)
def test_many_stars_are_decided_at_once(pattern: str, name: str, is_excluded: bool) -> None:
    """Twenty names of which each took seconds would not end while anyone waits."""
    paths = PathFilter((), (pattern,))

    verdicts = {paths.judge(f"/{number}/{name}") for number in range(20)}

    assert verdicts == {"exclude" if is_excluded else ""}


def test_more_double_stars_than_can_be_decided_quickly_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 3"):
        parse_pattern("**/a/**/b/**/c/**/d")


def test_a_preset_cannot_be_taken_back_as_a_whole() -> None:
    with pytest.raises(ValueError, match="take back its patterns"):
        parse_pattern("!@litter")
