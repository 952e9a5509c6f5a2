"""The synthetic tree itself: its size, its names, and that its parts agree."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise

import pytest

from qumulo_emulator.api.attributes import attributes_json
from qumulo_emulator.clock import format_time
from qumulo_emulator.errors import NoSuchEntryError
from qumulo_emulator.model import FileType
from qumulo_emulator.synthetic import shapes, times
from qumulo_emulator.synthetic.contents import Contents
from qumulo_emulator.synthetic.diff import SyntheticDiff
from qumulo_emulator.synthetic.renderer import Renderer
from qumulo_emulator.synthetic.tree import Place, SyntheticTree, root_place

SOURCE = ("synthetic",)
SIZES = (1, 2, 3, 10, 999, 1000, 1001, 13_290)
# More than one show, so that one of them is complete.
LARGE = 15_000


def trees(shape: shapes.Shape, size: int) -> tuple[SyntheticTree, SyntheticTree]:
    """Return the older and the newer tree."""
    root = shapes.root(shape, size)
    return SyntheticTree(root, SOURCE, newer=False), SyntheticTree(root, SOURCE, newer=True)


def rendered(renderer: Renderer, root: Contents, begin: int, end: int) -> list[tuple[str, str]]:
    """Return some entries of the diff, parsed from what is sent."""
    text = b"[" + b"".join(renderer.changes(root_place(root), begin, end)).rstrip(b",") + b"]"
    return [(entry["op"], entry["path"]) for entry in json.loads(text)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", ["mixed", "sparse"])
def test_the_diff_has_the_requested_size_and_is_in_ascending_order(
    shape: shapes.Shape, size: int
) -> None:
    changes = SyntheticDiff(shapes.root(shape, size))
    paths = [change.path.encode() for change in changes[:]]
    assert len(changes) == len(paths) == size
    assert all(one < other for one, other in pairwise(paths))


def the_created_directory(shape: shapes.Shape, size: int) -> Place:
    """Return the only directory of a tree, which was created with all of its files."""
    root = shapes.root(shape, size)
    assert [(change.operation.value, change.path) for change in SyntheticDiff(root)] == [
        ("MODIFY", "/synthetic/"),
        ("CREATE", "/synthetic/show0000/"),
    ]
    assert root.totals(newer=True).files == size
    (show,) = root_place(root).child(0, 0).children(newer=True)
    return show


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("shape", "per_directory"), [("created", 1000), ("created-small", 100)])
def test_a_created_directory_is_two_changes_whatever_its_size(
    shape: shapes.Shape, per_directory: int, size: int
) -> None:
    show = the_created_directory(shape, size)
    counts = [reel.contents.child_count(newer=True) for reel in show.children(newer=True)]
    assert sum(counts) == size
    assert counts[:-1] == [per_directory] * (len(counts) - 1)


@pytest.mark.parametrize(("shape", "share"), [("wide", 100), ("giant", 80)])
@pytest.mark.parametrize("size", SIZES)
def test_files_can_be_in_one_directory_or_mostly_below_one(
    shape: shapes.Shape, share: int, size: int
) -> None:
    show = the_created_directory(shape, size)
    folders = [child.contents for child in show.children(newer=True) if child.row.contents]
    if shape == "wide":
        assert (folders, show.contents.child_count(newer=True)) == ([], size)
    else:
        below = [folder.totals(newer=True).files for folder in folders]
        assert below[0] == -(-size * share // 100)
        assert (sum(below), max(below[1:], default=0) <= 4) == (size, True)


@pytest.mark.parametrize("shape", ["mixed", "sparse", "created"])
@pytest.mark.parametrize("escape", [True, False])
def test_every_rendered_page_is_the_corresponding_part_of_the_diff(
    shape: shapes.Shape, escape: bool
) -> None:
    root = shapes.root(shape, LARGE)
    changes = [(change.operation.value, change.path) for change in SyntheticDiff(root)]
    renderer = Renderer(escape=escape)
    assert rendered(renderer, root, 0, len(changes)) == changes
    for limit in (1, 7, 1000, 12_345):
        for begin in (0, 1, 2, 5, 13_284, 13_285, 13_286, 13_287, LARGE - limit):
            end = min(begin + limit, len(changes))
            if begin < end:
                assert rendered(renderer, root, begin, end) == changes[begin:end]


@pytest.mark.parametrize("shape", ["mixed", "sparse", "created", "wide"])
def test_a_rendered_entry_is_what_the_ordinary_handlers_would_send(
    shape: shapes.Shape,
) -> None:
    size, max_directories = {
        "mixed": (13_300, 30),
        "sparse": (101, 2),
        "created": (1001, 2),
        "wide": (1001, 2),
    }[shape]
    renderer = Renderer(escape=True)
    for tree in trees(shape, size):
        pending = [tree.place(SOURCE)]
        while pending:
            place = pending.pop()
            children = list(place.children(newer=tree.newer))
            # To check every entry would take long: the first, the last, and some between.
            for at in {*range(3), *range(0, len(children), 197), len(children) - 1}:
                if not 0 <= at < len(children):
                    continue
                folder = renderer.values_of(place)
                (text,) = renderer.listing(folder, at, at + 1, newer=tree.newer)
                sent, known = (
                    json.loads(text.removesuffix(b",")),
                    json.loads(attributes_json(tree.entry_of(children[at]), escape=True)),
                )
                revisions = sent.pop("data_revision"), known.pop("data_revision")
                assert sent == known
                assert type(revisions[0]) is type(revisions[1])
            folders = [child for child in children if child.row.contents]
            pending += folders[-max_directories:]


def test_the_revision_of_a_files_data_changes_when_the_file_does() -> None:
    renderer = Renderer(escape=True)
    older, newer = trees("mixed", 2000)
    place = newer.place((*SOURCE, "show0000", "reel0000"))
    same = Counter[bool]()
    for index, row in enumerate(place.contents.rows):
        if row.exists(newer=False) and row.exists(newer=True):
            folder = renderer.values_of(place)
            before, after = (
                json.loads(renderer.attributes(folder, index, 0, newer=tree.newer))
                for tree in (older, newer)
            )
            is_same = before["data_revision"] == after["data_revision"]
            assert is_same == (row.fate.value == "KEEP")
            same[is_same] += 1
    assert min(same[True], same[False]) > 0


@pytest.mark.parametrize("shape", ["mixed", "sparse", "created", "wide", "giant"])
def test_every_id_belongs_to_one_entry_and_locates_it(shape: shapes.Shape) -> None:
    root = shapes.root(shape, 1500)
    tree = SyntheticTree(root, (), newer=True)
    seen = set()
    pending = [tree.place(())]
    while pending:
        place = pending.pop()
        assert tree.locate(str(place.id)) == place.parts
        assert place.id not in seen
        seen.add(place.id)
        if place.row.contents:
            children = list(place.children(newer=True))
            folders = [child for child in children if child.row.contents]
            pending += children if len(folders) < 30 else folders[::200]
    beyond = tree.place(SOURCE).id + 9000
    after_all = 100_000_000 * root.directories
    for nobodys in (0, 1, beyond, after_all, after_all + 1):
        with pytest.raises(NoSuchEntryError):
            tree.locate(str(nobodys))


def test_mixed_changes_are_mostly_modified_files() -> None:
    changes = SyntheticDiff(shapes.root("mixed", 1_000_000))[500_000:527_000]
    contents = Counter((change.operation.value, change.path.endswith("/")) for change in changes)
    shares = {contents: count / len(changes) for contents, count in contents.items()}
    assert 0.57 < shares["MODIFY", False] < 0.63
    assert 0.22 < shares["CREATE", False] < 0.28
    assert 0.12 < shares["DELETE", False] < 0.16
    assert {("CREATE", True), ("DELETE", True), ("MODIFY", True)} < set(contents)
    lengths = [len(change.path.encode()) for change in changes]
    assert 46 < sum(lengths) / len(lengths) < 60
    emptied = Counter(
        change.path.rpartition("/")[0]
        for change in changes
        if change.operation.value == "DELETE" and not change.path.endswith("/")
    )
    assert max(emptied.values()) > 500
    assert min(emptied.values()) < 20


def test_some_names_are_hard_to_write_or_to_sort() -> None:
    changes = SyntheticDiff(shapes.root("mixed", LARGE))[:]
    names = [change.path.rstrip("/").rpartition("/")[2] for change in changes]
    odd = [name for name in names if not re.fullmatch(r"[\w.-]+", name, re.ASCII)]
    assert 0.003 < len(odd) / len(names) < 0.007
    together = "".join(odd)
    for character in (
        "&",
        "<",
        '"',
        "'",
        "%",
        "\\",
        " ",
        "\u00e9",
        "e\u0301",
        "\U0001f3ac",
        "\u2028",
    ):
        assert character in together
    below = [change.path.removeprefix("/synthetic/show0000/") for change in changes]
    around = [path for path in below if re.fullmatch(r"reel0004(-b/|\.mov|/)", path)]
    assert around == ["reel0004-b/", "reel0004.mov", "reel0004/"]


def test_times_have_any_number_of_decimals_and_differ_between_directories() -> None:
    written = {
        format_time(times.time_of_day(index, salt)) for index in range(1000) for salt in range(4)
    }
    fractions = {len(time[19:-1]) for time in written}
    assert fractions == {0, *range(2, 11)}
    assert any(".999999999Z" in time for time in written)
    tree = SyntheticTree(shapes.root("mixed", LARGE), (), newer=True)
    first, second = (
        next(tree.place((*SOURCE, show, "reel0000")).children(newer=True))
        for show in ("show0000", "show0001")
    )
    assert first.parts[-1] == second.parts[-1]
    modified = [tree.entry_of(place).attributes.modified for place in (first, second)]
    assert modified[0] != modified[1]


def test_changed_files_have_times_between_the_snapshots_and_others_before() -> None:
    tree = SyntheticTree(shapes.root("mixed", 900), (), newer=True)
    fates = set()
    for place in tree.place((*SOURCE, "show0000", "reel0000")).children(newer=True):
        known = tree.entry_of(place).attributes
        between = times.OLDER_TAKEN < known.modified < times.NEWER_TAKEN
        assert between == (place.row.fate.value != "KEEP")
        assert (known.type, known.size) == (FileType.FILE, 0)
        fates.add(place.row.fate.value)
    assert fates == {"KEEP", "MODIFY", "CREATE"}


def test_ten_million_changes_are_accessible_at_once() -> None:
    root = shapes.root("mixed", 10_000_000)
    renderer = Renderer(escape=True)
    last = SyntheticDiff(root)[-3:]
    assert rendered(renderer, root, 9_999_997, 10_000_000) == [
        (change.operation.value, change.path) for change in last
    ]
    assert root.totals(newer=True).files > 7_000_000
    sparse = SyntheticDiff(shapes.root("sparse", 10_000_000))
    assert sparse[9_999_999].path.startswith("/synthetic/show9999/reel0999/")
