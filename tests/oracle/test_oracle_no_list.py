"""The oracle: states from which no list may result."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.oracle import NoList, Tree, capture, expected_diff, has_base
from tests.oracle.share import Share, lines


@pytest.fixture
def trees(share: Share) -> tuple[Tree, Tree]:
    share.write("Müller/a", "file", "gone/x")
    os.symlink("Müller", share.at("link"))
    before = capture(share.root)
    share.delete("gone")
    share.write("come/x")
    return before, capture(share.root)


@pytest.mark.parametrize(
    "base",
    [
        *("/proj/nowhere", "/proj/file", "/proj/file/a", "/proj/link", "/proj/link/a"),
        *("/proj/müller", "/proj/MÜLLER", "/proj/Mu\u0308ller", "/proj/Müller/a"),
        *("/PROJ", "/proj1", "/pro", "/proj/Müll", "/other", "/proj/gone/nowhere"),
    ],
)
def test_no_list_results_if_neither_state_has_the_base_path_as_a_directory(
    trees: tuple[Tree, Tree], base: str
) -> None:
    with pytest.raises(NoList) as ended:
        lines(*trees, base)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("base", "older", "newer"),
    [
        ("/proj", True, True),
        ("/proj/", True, True),
        ("/", True, True),
        ("/proj/Müller", True, True),
        ("/proj/gone", True, False),
        ("/proj/come", False, True),
        ("/proj/link", False, False),
    ],
)
def test_a_state_has_a_base_path_or_not(
    trees: tuple[Tree, Tree], base: str, older: bool, newer: bool
) -> None:
    assert [has_base(tree, "/proj", base) for tree in trees] == [older, newer]


def test_no_list_results_from_two_directories_even_if_all_in_them_is_alike(tmp_path: Path) -> None:
    for name in ("one", "two"):
        os.mkdir(tmp_path / name)
    one, two = (capture(str(tmp_path / name)) for name in ("one", "two"))
    with pytest.raises(NoList) as ended:
        lines(one, two)
    assert ended.value.code == 65
    with pytest.raises(NoList):
        expected_diff(one, two, "/proj")
