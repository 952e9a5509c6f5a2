"""Which requests can be carried out: decided before anything is asked of a cluster."""

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.checks.request import (
    MAX_PROJECT_BYTES,
    is_whole_number,
    normalize_cluster_path,
)
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit
from qumulo_changelist.errors import (
    ClusterPathError,
    ListNameError,
    NoMappedPathError,
    ProjectNameError,
    SnapshotOrderError,
    UsageError,
)
from qumulo_changelist.operations.lists.request import MAX_WORKERS, ChangelistRequest, usable_cores
from qumulo_changelist.operations.snapshots.creation import SnapshotRequest
from qumulo_changelist.output.formats import selectable_formats

LIST = ChangelistRequest(
    project="Show 1",
    guid="3f2a",
    source_index="1",
    base_path="/proj/show1",
    older=3,
    newer=7,
    mapped_path="/mnt/show1",
)
SNAPSHOT = SnapshotRequest(project="Show 1", source_path="/proj/show1")


def refuse(error: type[UsageError], **changed: Any) -> str:
    """Return the message about a request for a list."""
    with pytest.raises(error) as caught:
        replace(LIST, **changed).check()
    assert type(caught.value) is error
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Lists


def test_the_usual_request_for_a_list_is_accepted():
    LIST.check()


@pytest.mark.parametrize("source_index", ["", "a", "-1", "1.0", "٣", "²", " 1", "1\n", "9" * 41])
def test_the_source_index_is_a_number(source_index):
    message = refuse(ListNameError, source_index=source_index)

    assert message == f"the source index {source_index!r} is not a number"


@pytest.mark.parametrize("source_index", ["0", "007", "9" * 40])
def test_any_number_is_a_source_index(source_index):
    replace(LIST, source_index=source_index).check()
    assert is_whole_number(source_index)


@pytest.mark.parametrize("guid", ["", ".", "..", "a..b", "a/b", "/", "a\0b"])
def test_the_guid_can_name_a_folder(guid):
    message = refuse(ListNameError, guid=guid)

    assert message == f"the project's GUID {guid!r} cannot be the name of a folder"


@pytest.mark.parametrize("guid", ["3f2a", "a.b", " ", "é\udcff", "-"])
def test_any_name_of_a_folder_is_a_guid(guid):
    replace(LIST, guid=guid).check()


@pytest.mark.parametrize(("older", "newer"), [(7, 7), (8, 7), (7, 0)])
def test_the_older_snapshot_has_the_smaller_id(older, newer):
    message = refuse(SnapshotOrderError, older=older, newer=newer)

    assert message == f"snapshot {older} is not older than snapshot {newer}"


def test_a_full_list_has_no_older_snapshot_and_nothing_is_deleted_or_moved_on_it():
    limit = DeletionLimit(Fraction(0))
    full = replace(LIST, older=None, deletes=True, moves=True, max_deletes=limit)

    full.check()
    assert full.effective() == replace(LIST, older=None)
    changed = replace(full, older=3)
    assert changed.effective() is changed


@pytest.mark.parametrize("output", ["a.xml", "/a", "../a", " ", "é\udcff", "a/b"])
def test_a_list_for_a_file_needs_no_guid(output):
    replace(LIST, guid="", output=output).check()


@pytest.mark.parametrize("output", ["", ".", "..", "/", "a/", "a/..", "a\0b"])
def test_the_output_is_the_path_of_a_file(output):
    message = refuse(ListNameError, output=output)

    assert message == f"{output!r} cannot be the path of a list"


def test_the_source_index_is_a_number_wherever_the_list_is_written():
    refuse(ListNameError, output="/a.xml", source_index="a")


def test_the_mapped_path_is_needed_if_a_mount_is_read():
    for metadata in ("mount", "snapshot"):
        message = refuse(NoMappedPathError, mapped_path=None, metadata=metadata)
        assert message == "the mapped path is needed to read sizes, times and owners"
    replace(LIST, mapped_path=None, metadata="rest").check()


@pytest.mark.parametrize("base_path", ["", "proj", "./proj", "/a/../b", "..", "/.."])
def test_the_base_path_is_absolute_and_does_not_go_up(base_path):
    message = refuse(ClusterPathError, base_path=base_path)

    assert message == f"{base_path} is not an absolute path on the cluster"


@pytest.mark.parametrize(
    ("path", "normalized"),
    [
        ("/", "/"),
        ("//", "/"),
        ("/proj", "/proj"),
        ("//proj/./a//", "/proj/a"),
        ("/a..b/...", "/a..b/..."),
        ("/\udcff \n", "/\udcff \n"),
    ],
)
def test_a_path_on_the_cluster_is_normalized(path, normalized):
    assert normalize_cluster_path(path) == normalized
    replace(LIST, base_path=path).check()


@pytest.mark.parametrize("project", ["", "a/b", "a\nb", "x" * 300, "Z\udcfcrich"])
def test_the_project_of_a_list_may_be_any_text(project):
    """It is only reported."""
    replace(LIST, project=project).check()


@pytest.mark.parametrize("form_name", selectable_formats())
def test_every_format_can_be_requested(form_name):
    replace(LIST, formats=(form_name,)).check()


@pytest.mark.parametrize("form_name", ["", "XML", "pdf"])
def test_an_unknown_format_is_refused_with_those_that_exist(form_name):
    message = refuse(UsageError, formats=("ndjson", form_name))

    known = ", ".join(selectable_formats())
    assert message == f"{form_name!r} is not a format: there are {known}"


def test_a_full_list_has_no_deletions_that_its_format_would_have_to_express():
    replace(LIST, older=None, formats=("tar",), deletes=True).check()


def test_a_list_has_to_have_a_format_and_each_format_only_once():
    assert refuse(UsageError, formats=()) == "a list needs a format"
    message = refuse(UsageError, formats=("xml", "ndjson", "xml"))
    assert message == "two lists of a run cannot be the same file: xml"


@pytest.mark.parametrize(
    ("name", "minimum", "maximum"),
    [
        ("workers", 1, MAX_WORKERS),
        ("lookups", 1, 256),
        ("mount_timeout", 1, 10**9),
        ("page_size", 0, 10**9),
        ("slice_size", 1, 10**9),
        ("spill_after", 1, 10**9),
    ],
)
def test_numbers_have_limits(name, minimum, maximum):
    for number in (minimum, maximum):
        replace(LIST, **{name: number}).check()
    for number in (minimum - 1, -5, maximum + 1):
        message = refuse(UsageError, **{name: number})
        assert message == f"{name} is {number}, and has to be from {minimum} to {maximum}"


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("project", None, "text"),
        ("source_index", 1, "text"),
        ("mapped_path", Path("/mnt"), "text or None"),
        ("older", "3", "a number or None"),
        ("workers", True, "a number"),
        ("workers", 2.0, "a number"),
        ("deletes", 1, "True or False"),
        ("metadata", "snapshots", "one of 'mount', 'snapshot', 'rest'"),
        ("max_deletes", 0, "a DeletionLimit or None"),
        ("max_deletes", "5%", "a DeletionLimit or None"),
        ("max_unreadable", DeletionLimit(Fraction(1)), "an UnreadableLimit or None"),
    ],
)
def test_a_field_of_a_wrong_type_is_refused_before_any_work(field, value, wanted):
    message = refuse(UsageError, **{field: value})

    assert message == f"{field} is {value!r}, and has to be {wanted}"


def test_a_limit_on_deletions_is_an_exact_number():
    replace(LIST, max_deletes=DeletionLimit(Fraction(0))).check()
    inexact: Any = 0.5
    assert refuse(UsageError, max_deletes=DeletionLimit(inexact)) == (
        "max_deletes is 0.5, not an exact number"
    )
    assert refuse(UsageError, max_unreadable=UnreadableLimit(inexact)) == (
        "max_unreadable is 0.5, not an exact number"
    )


def test_the_path_of_a_snapshot_request_is_text():
    with pytest.raises(UsageError, match=r"source_path is .*, and has to be text"):
        replace(SNAPSHOT, source_path=Path("/proj")).check()


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (7, 7), (MAX_WORKERS + 1, MAX_WORKERS)])
def test_the_number_of_usable_cores_is_a_number_of_workers(monkeypatch, cores, workers):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert usable_cores() == workers


@pytest.mark.parametrize(("cores", "workers"), [(None, 1), (7, 7), (MAX_WORKERS + 1, MAX_WORKERS)])
def test_where_the_system_has_no_affinity_all_cores_are_usable(monkeypatch, cores, workers):
    """As on macOS."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert usable_cores() == workers


# Snapshots

NO_PROJECTS = {
    "it is empty": [""],
    "it contains a /": ["a/b", "/", "../x", "/etc"],
    "it contains a control character": ["a\nb", "\t", "\x1b[31m", "a\x7f"],
    "it has 224 bytes, and 223 is the limit": ["x" * 224, "ü" * 112],
    "it has 300 bytes, and 223 is the limit": ["x" * 300],
    "it is not UTF-8, and the cluster cannot be asked for it": ["Z\udcfcrich", "\udcff"],
}


@pytest.mark.parametrize(
    ("reason", "project"),
    [(reason, project) for reason, some in NO_PROJECTS.items() for project in some],
)
def test_a_project_that_cannot_name_a_snapshot_is_refused_with_the_reason(reason, project):
    with pytest.raises(ProjectNameError) as caught:
        replace(SNAPSHOT, project=project).check()

    assert str(caught.value) == (
        f"no snapshot can be named after the project {project!r:.300}: {reason}"
    )
    assert "\n" not in str(caught.value)


# With "-" and ten digits after it, even dots are a name.
@pytest.mark.parametrize(
    "project",
    ["Show 1", ".", "..", " ", "-", "--help", "a\\b", "Müller & Söhne 🎬", "x" * 223, "ü" * 111],
)
def test_any_other_project_can_name_a_snapshot(project):
    replace(SNAPSHOT, project=project).check()


def test_the_longest_project_makes_a_name_of_255_bytes():
    """In ``.snapshot``, where the id and the seconds are added."""
    assert len(f"{2**64 - 1}_{'x' * MAX_PROJECT_BYTES}-{9_999_999_999}") == 255


@pytest.mark.parametrize("source_path", ["", "proj", "/a/../b"])
def test_the_source_of_a_snapshot_is_an_absolute_path(source_path):
    with pytest.raises(ClusterPathError, match="is not an absolute path on the cluster"):
        replace(SNAPSHOT, source_path=source_path).check()


@pytest.mark.parametrize("source_path", ["/\udcff", "/a\0b"])
def test_the_source_of_a_snapshot_is_utf_8(source_path):
    with pytest.raises(ClusterPathError, match="is not UTF-8, and the cluster cannot be asked"):
        replace(SNAPSHOT, source_path=source_path).check()


@pytest.mark.parametrize("source_path", ["/", "//proj/./a/", "/Müller & Söhne 🎬"])
def test_any_other_absolute_path_is_a_source(source_path):
    replace(SNAPSHOT, source_path=source_path).check()
