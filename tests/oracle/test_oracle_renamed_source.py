"""The oracle: a source of snapshots that was renamed between them."""

from __future__ import annotations

import pytest

from tests.oracle import NoList, capture, expected_diff, expected_entries, has_same_names
from tests.oracle.share import Share, in_words, lines


def test_a_renamed_source_changes_no_name_and_the_diff_has_its_newer_path(share: Share) -> None:
    share.write("old/d/f", "old/e/stays", "old/g")
    before = capture(share.at("old"))
    share.move("old", "new")
    share.delete("new/d")
    share.write("new/e/comes")
    after = capture(share.at("new"))
    assert sorted(expected_diff(before, after, "/proj/new")) == [
        ("CREATE", "/proj/new/e/comes"),
        ("DELETE", "/proj/new/d/"),
        ("MODIFY", "/proj/new/"),
        ("MODIFY", "/proj/new/e/"),
    ]

    def renamed(base: str) -> list[str]:
        entries = expected_entries(
            before,
            after,
            source="/proj/new",
            older_source="/proj/old",
            base=base,
            deletes=True,
        )
        return in_words(entries)

    assert renamed("/proj/new") == [
        "file F_REG /e/comes",
        "file F_DIR /e",
        "delete-file F_REG /d/f",
        "delete-file F_DIR /d",
    ]
    assert renamed("/proj/new/d") == ["delete-file F_REG /f"]
    for base in ("/proj/old", "/proj/old/d"):
        with pytest.raises(NoList):
            renamed(base)
    for base in ("/proj", "/"):
        with pytest.raises(ValueError, match="had other names before"):
            renamed(base)


def test_a_rename_of_the_source_alone_is_no_change(share: Share) -> None:
    share.write("old/d/f")
    before = capture(share.at("old"))
    share.move("old", "new")
    after = capture(share.at("new"))
    assert expected_diff(before, after, "/proj/new") == set()
    assert lines(before, after, "/proj/new", source="/proj/new") == []


@pytest.mark.parametrize(
    ("base", "alike"),
    [
        ("/above2/show/below", True),
        ("/above2/show", True),
        ("/above2/show/", True),
        ("/above2/sho", False),
        ("/above2/show10", False),
        ("/above2", False),
        ("/", False),
    ],
)
def test_names_below_a_renamed_source_are_the_same_and_names_above_it_are_unknown(
    base: str, alike: bool
) -> None:
    assert has_same_names(base, "/above/show", "/above2/show") is alike
    assert has_same_names(base, "/above2/show", "/above2/show")
