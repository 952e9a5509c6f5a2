"""Where whole directories are cut: into slices of nearly equal numbers of entries."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qumulo_changelist.errors import IncompleteReplyError
from qumulo_changelist.planning import listing
from tests.parts.fake_snapshot import BASE, SNAPSHOT, FakeSnapshot
from tests.parts.planned import balance, parts_of, path, snapshot_of

SIZE = 100


def files(directory: str, count: int) -> list[str]:
    return [f"{directory}f{number:05}" for number in range(count)]


TREES = {
    "one giant folder and many tiny ones": [
        *files("/new/giant/", 950),
        *[f"/new/tiny{number:03}/a" for number in range(300)],
    ],
    "a giant folder of folders and many tiny ones": [
        *[name for number in range(50) for name in files(f"/new/giant/{number}/", 30)],
        *[f"/new/tiny{number:03}/a" for number in range(300)],
    ],
    "everything in one folder": files("/new/", 1234),
    "a chain of folders with all at its end": files("/new/" + "deeper/" * 60, 730),
    "a chain of folders with some in each": [
        name for depth in range(40) for name in files("/new/" + "deeper/" * depth, 25)
    ],
    "many equal folders": [
        name for number in range(300) for name in files(f"/new/{number:03}/", 2)
    ],
    "a wide folder with folders in it": [
        *files("/new/wide/", 600),
        *[name for number in range(90) for name in files(f"/new/wide/f{number:05}.d/", 5)],
    ],
    "heavy folders next to each other": [
        name for number in range(20) for name in files(f"/new/heavy{number:02}/", 125)
    ],
}


@pytest.mark.parametrize("most_named", [1000, 10, 0], ids=lambda most: f"{most} named")
@pytest.mark.parametrize("tree", TREES)
def test_no_slice_is_more_than_twice_as_heavy_as_the_mean(tree: str, most_named: int) -> None:
    snapshot = snapshot_of(TREES[tree], most_named=most_named)

    parts = parts_of("/new/", SIZE, snapshot)

    assert len(parts) >= 8
    assert balance([len(part.entries) for part in parts]) <= 2


@pytest.mark.parametrize("tree", TREES)
def test_a_directory_that_was_deleted_and_created_again_is_weighed_in_both_trees(tree: str) -> None:
    newer, older = snapshot_of(TREES[tree]), snapshot_of(["/new/z", *TREES[tree][::2]])

    parts = parts_of("/new/", SIZE, newer, older)

    weights = [part.mark.weight for part in parts]
    assert balance(weights) <= 2
    assert max(weights) <= SIZE + 60


components = st.sampled_from(["a", "a.", "a-", "a b", "b", "b!", "\udcff", "\U0001f3ac", "c", "0"])
paths = st.lists(components, min_size=1, max_size=4).map(lambda parts: "/new/" + "/".join(parts))


def tree_of(names: list[str]) -> list[str]:
    """The names, without those that others need as directories."""
    return [name for name in names if not any(other.startswith(name + "/") for other in names)]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(paths, min_size=1, max_size=60, unique=True).map(tree_of),
    st.lists(paths, max_size=60, unique=True).map(tree_of),
    st.integers(1, 12),
    st.sampled_from([0, 1, 3, 1000]),
)
def test_whatever_is_in_a_directory_each_part_knows_all_that_it_has_of_a_listed_one(
    now: list[str], before: list[str], size: int, most_named: int
) -> None:
    newer = snapshot_of(["/new/", *now], most_named=most_named)
    older = snapshot_of(["/new/", *before], most_named=most_named)

    parts_of("/new/", size, newer)
    parts_of("/new/", size, newer, older)


@pytest.mark.parametrize("most", [200_000, 1], ids=["in memory", "on disk"])
def test_a_wide_directory_with_an_entry_on_two_pages_is_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(listing, "_MOST_IN_MEMORY", most)
    snapshot = FakeSnapshot(page_size=2)
    snapshot.entries[f"{BASE}/wide"] = ["f1", "f2", "f2", "f3"]

    found = listing.SnapshotLister(snapshot, SNAPSHOT, path, str(tmp_path)).list("/wide/")

    with pytest.raises(IncompleteReplyError, match=r"lists 3 of the 4 entries of /proj/wide$"):
        list(found.records)
