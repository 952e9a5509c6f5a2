"""What one answer of a tree means on its side of a diff, to the reason and what happened."""

from qumulo_changelist.model import DELETE, Attributes, Entry, Kind, State, Unreadable
from qumulo_changelist.scan.changeset import Changed
from qumulo_changelist.scan.sides import Deleted


def test_a_link_that_was_deleted_is_left_out_of_the_deletions():
    known = Attributes(Kind.OTHER)

    assert Deleted.of_name("/a", known, DELETE) == Entry(State.LEFT_OUT, "/a", known, DELETE)


def test_a_file_that_was_a_directory_cannot_be_read_of_the_older_tree():
    assert Deleted.of_name("/a", Attributes(Kind.DIRECTORY), DELETE) == Entry(
        State.UNREADABLE,
        "/a",
        Attributes(Kind.FILE),
        DELETE,
        "the diff calls it a file, but it was a directory",
    )


def test_what_a_walk_of_a_deleted_directory_cannot_read_says_why():
    side = Deleted(Changed([], []), None)

    assert side.within("/d/e/", Unreadable("no permission"), DELETE) == Entry(
        State.UNREADABLE, "/d/e", Attributes(Kind.DIRECTORY), DELETE, "no permission"
    )
