"""What pages list of a directory: every entry as some page has it, whatever was asked for."""

from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.columns import NO_FILES, FileColumns
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure
from qumulo_changelist.trees.listed import ListedDirectory

ABSENT = ReadFailure("no page has it")
FAILED = ReadFailure("malformed")

kinds = st.sampled_from(["file", "file", "file", "directory", "link", "failed"])
directories = st.dictionaries(st.integers(0, 99), kinds, max_size=80)


def full_name(number: int, kind: str) -> str:
    return f"/d/{number:02}{'/' if kind == 'directory' else ''}"


def description(number: int, kind: str) -> Description:
    if kind == "failed":
        return FAILED
    if kind == "file":
        return Attributes(Kind.FILE, number)
    return Attributes(Kind.DIRECTORY if kind == "directory" else Kind.OTHER)


def page(content: dict[int, str]) -> DirectoryPage:
    numbers = [number for number, kind in content.items() if kind == "file"]
    others = {
        full_name(number, kind).removeprefix("/d/"): description(number, kind)
        for number, kind in content.items()
        if kind != "file"
    }
    known = [Attributes(Kind.FILE, number) for number in numbers]
    columns = FileColumns.of(known) if known else NO_FILES
    return DirectoryPage(99, len(content), [f"{number:02}" for number in numbers], columns, others)


def listed(content: dict[int, str], pages: int) -> ListedDirectory:
    directory = ListedDirectory("/d/")
    items = list(content.items())
    for first in range(pages):
        directory.add(page(dict(items[first::pages])))
    return directory


@given(directories, st.integers(1, 4))
def test_all_names_are_known_in_descending_order(content, pages):
    directory = listed(content, pages)

    expected = [full_name(number, kind) for number, kind in content.items()]
    assert directory.names == sorted(expected, reverse=True)
    assert len(directory) == len(content)


@given(directories, st.integers(1, 4), st.sets(st.integers(0, 99)))
def test_entries_are_described_as_a_page_has_them_and_others_are_asked_for(content, pages, wanted):
    directory = listed(content, pages)
    names = sorted([full_name(one, content.get(one, "file")) for one in wanted], reverse=True)

    parts = list(directory.describe(names, lambda _name: ABSENT))

    found = [pair for part in parts for pair in zip(part.names, part.described, strict=True)]
    assert [name for name, _ in found] == names
    for name, described in found:
        number = int(name.strip("/d"))
        assert described == (description(number, content[number]) if number in content else ABSENT)
    assert directory.missing(names) == [
        full_name(one, "file") for one in sorted(wanted - content.keys(), reverse=True)
    ]


@given(directories, directories)
def test_of_an_entry_that_comes_on_two_pages_the_last_one_counts(first, second):
    """As if the cluster repeated entries on the next page, and something was malformed on one."""
    directory = ListedDirectory("/d/")
    directory.add(page(first))
    directory.add(page(second))
    content = first | second

    names = sorted([full_name(number, kind) for number, kind in content.items()], reverse=True)
    assert directory.names == names
    assert len(directory) == len(content)
    parts = list(directory.describe(names))
    assert [one for part in parts for one in part.described] == [
        description(int(name.strip("/d")), content[int(name.strip("/d"))]) for name in names
    ]


def test_a_file_is_found_also_if_a_directory_of_its_name_is_wanted():
    directory = listed({7: "file", 8: "directory"}, 1)

    (part,) = directory.describe(["/d/08", "/d/07/"])

    assert part.described == [Attributes(Kind.DIRECTORY), Attributes(Kind.FILE, 7)]
