"""Collections that come in pages, over REST: whole, in time, and never for ever."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.errors import AbsentError, NotFoundError, ReplyError, UnreadableError
from qumulo_changelist.model import Change
from tests.parts.canned import Canned, file, serve


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        yield running


@pytest.fixture
def cluster(canned, heard) -> Iterator[RestCluster]:
    with RestCluster(canned.settings(), heard) as made:
        yield made


def diff(*paths: str, following: object = None) -> tuple[int, object]:
    entries = [{"op": "CREATE", "path": path} for path in paths]
    return 200, {"entries": entries, "paging": {"next": following}}


def listing(*names: str, children: int, following: object = None) -> tuple[int, object]:
    files = [file(name=name) for name in names]
    return 200, {"files": files, "child_count": children, "paging": {"next": following}}


def paths(pages: Iterator[list[Change]]) -> list[str]:
    return [change.path for page in pages for change in page]


# The diff


def test_the_changes_of_all_pages_come(canned, cluster):
    canned.gives(diff("/a", "/b", following="/2?after=x"), diff("/c", following="/3"), diff("/d"))

    assert [len(page) for page in cluster.changes(1, 2)] == [2, 1, 1]
    assert canned.asked == [
        "GET /v2/snapshots/2/changes-since/1?limit=10000",
        "GET /2?after=x",
        "GET /3",
    ]


def test_as_many_changes_are_asked_for_at_a_time_as_one_likes(canned, heard):
    canned.gives(diff())
    with RestCluster(canned.settings(), heard, page_size=7) as cluster:
        assert list(cluster.changes(1, 2)) == []

    assert canned.asked == ["GET /v2/snapshots/2/changes-since/1?limit=7"]


@pytest.mark.parametrize("end", ["", None])
def test_an_empty_page_is_not_the_end(canned, cluster, end):
    canned.gives(diff(following="/2"), diff("/a", following="/3"), diff(following="/4"), diff())
    canned.gives(
        diff(following="/2"), diff("/a", following="/3"), diff(following="/4"), diff(following=end)
    )

    assert paths(cluster.changes(1, 2)) == ["/a"]
    assert len(canned.asked) == 4


def test_a_page_of_a_diff_that_does_not_say_whether_it_is_the_last_ends_the_run(canned, cluster):
    canned.gives((200, {"entries": [{"op": "DELETE", "path": "/a"}]}))

    with pytest.raises(ReplyError, match="paging"):
        list(cluster.changes(1, 2))


@pytest.mark.parametrize("back_to", [1, 2, 3])
def test_pages_that_go_round_in_a_circle_end_the_run(canned, cluster, back_to):
    uris = ["", "/v2/snapshots/2/changes-since/1?limit=10000", "/2", "/3"]
    canned.gives(
        diff("/a", following="/2"), diff("/b", following="/3"), diff("/c", following=uris[back_to])
    )

    with pytest.raises(ReplyError, match=r"GET /3: .*circle"):
        list(cluster.changes(1, 2))
    assert len(canned.asked) == 3


@pytest.mark.parametrize(
    "following",
    [
        "https://elsewhere.example/v2/snapshots/2",
        "//elsewhere.example/",
        "v2/snapshots",
        "?after=x",
        "/a b",
        "/a\nHost: elsewhere",
        "/ü",
        "/\0",
    ],
)
def test_a_next_page_that_is_not_below_the_host_is_refused(canned, cluster, following):
    canned.gives(diff("/a", following=following))

    with pytest.raises(ReplyError, match="nowhere on the cluster"):
        list(cluster.changes(1, 2))
    assert len(canned.asked) == 1


def test_a_redirect_is_not_followed(canned, cluster):
    canned.gives((302, b"", {"SnapshotPaths": "https://elsewhere.example/"}), diff("/a"))

    with pytest.raises(ReplyError, match=r"GET /v2.*Error 302"):
        list(cluster.changes(1, 2))
    assert len(canned.asked) == 1


def test_a_damaged_page_is_told_by_its_request(canned, cluster):
    canned.gives(diff("/a", following="/2"), (200, b'{"entries": [{"op": "CREATE", "path": "/\xff'))

    with pytest.raises(ReplyError, match=r"^GET /2: the answer is not"):
        list(cluster.changes(1, 2))


def test_the_next_page_is_asked_for_before_the_last_is_used(canned, cluster):
    second_asked = threading.Event()

    def answer(_method: str, uri: str) -> tuple[int, object]:
        if uri == "/2":
            second_asked.set()
            return diff("/b")
        return diff("/a", following="/2")

    canned.answer = answer
    pages = cluster.changes(1, 2)

    assert paths([next(pages)]) == ["/a"]
    assert second_asked.wait(10)
    assert paths(pages) == ["/b"]


def test_a_question_may_be_left_before_its_end(canned, cluster):
    canned.answer = lambda _method, uri: diff("/a", following=f"{uri}x")

    for first in itertools.islice(cluster.changes(1, 2), 3):
        assert paths([first]) == ["/a"]
    canned.gives(diff("/b"))
    assert paths(cluster.changes(1, 2)) == ["/b"]


# Directories


def test_the_pages_of_a_directory_come_with_the_number_of_its_entries(canned, cluster):
    canned.gives(listing("a", "b", children=3, following="/2"), listing("c", children=3))

    pages = list(cluster.pages("/dir/é%", 5))

    assert canned.asked[0] == "GET /v1/files/%2Fdir%2F%C3%A9%25/entries/?limit=1000&snapshot=5"
    assert [page.children for page in pages] == [3, 3]
    assert [list(page.entries) for page in pages] == [["a", "b"], ["c"]]
    assert pages[0].entries["a"].size == 10


def test_an_empty_directory_is_one_page(canned, cluster):
    canned.gives(listing(children=0))

    (page,) = cluster.pages("/", 5)

    assert (page.children, page.entries) == (0, {})
    assert canned.asked == ["GET /v1/files/%2F/entries/?limit=1000&snapshot=5"]


def test_the_first_page_of_a_directory_may_be_smaller_than_the_others(canned, cluster):
    canned.gives(
        listing("a", children=3, following="/2?limit=1&after=limit=1&x=1"),
        listing("b", children=3, following="/3?after=x&limit=1000"),
        listing("c", children=3),
    )

    assert len(list(cluster.pages("/dir/", 5, limit=1))) == 3
    assert canned.asked == [
        "GET /v1/files/%2Fdir/entries/?limit=1&snapshot=5",
        "GET /2?limit=1000&after=limit=1&x=1",
        "GET /3?after=x&limit=1000",
    ]


def test_fewer_entries_than_a_directory_has_end_the_run(canned, cluster):
    canned.gives(listing("a", "b", children=4, following="/2"), listing("c", children=4))

    with pytest.raises(ReplyError, match="snapshot 5 lists 3 of the 4 entries of /dir") as caught:
        list(cluster.pages("/dir", 5))
    assert "No list was written" in caught.value.hint


def test_a_name_that_comes_twice_counts_once(canned, cluster):
    canned.gives(listing("a", "a", children=2))

    with pytest.raises(ReplyError, match="1 of the 2"):
        list(cluster.pages("/dir", 5))


# What concerns one entry, and what concerns all


ABSENCES = [
    "fs_no_such_entry_error",
    "fs_no_such_file_version_error",
    "fs_no_such_path_error",
    "fs_no_such_inode_error",
    "fs_file_not_covered_by_snapshot_error",
    "fs_not_a_directory_error",
]


def failure(status: int, error_class: str) -> tuple[int, object]:
    return status, {"error_class": error_class, "description": "it is so", "module": "m"}


@pytest.mark.parametrize(
    ("status", "error_class", "reason"),
    [
        *((404, error_class, "snapshot 5 does not hold it") for error_class in ABSENCES),
        (400, "fs_not_a_directory_error", "snapshot 5 does not hold it"),
        (403, "fs_access_denied_error", "the cluster does not let this user read it"),
        (403, "fs_no_such_entry_error", "the cluster does not let this user read it"),
        (404, "fs_of_tomorrow_error", "the cluster cannot read it: fs_of_tomorrow_error"),
    ],
)
def test_one_entry_that_cannot_be_read_ends_no_run(canned, cluster, status, error_class, reason):
    canned.gives(failure(status, error_class))

    for ask in (lambda: cluster.describe("/a", 5), lambda: list(cluster.pages("/a", 5))):
        with pytest.raises(UnreadableError) as caught:
            ask()
        assert str(caught.value) == reason


def test_of_a_snapshot_that_is_gone_nothing_is_told(canned, cluster):
    canned.gives(failure(404, "api_snapshots_snapshot_not_found_error"))

    assert cluster.snapshots(4, 5) == {}


@pytest.mark.parametrize(
    ("status", "error_class", "is_absent"),
    [
        *((404, error_class, True) for error_class in ABSENCES),
        (400, "fs_not_a_directory_error", True),
        (403, "fs_access_denied_error", False),
    ],
)
def test_a_directory_that_is_not_there_is_told_from_a_locked_one(
    canned, cluster, status, error_class, is_absent
):
    canned.gives(failure(status, error_class))

    with pytest.raises(UnreadableError) as caught:
        list(cluster.pages("/a", 5))
    assert isinstance(caught.value, AbsentError) is is_absent
    for ask in (lambda: cluster.inspect_entry("/a", 5), lambda: cluster.first_entries("/a", 5, 9)):
        with pytest.raises(UnreadableError) as caught:
            ask()
        assert isinstance(caught.value, AbsentError) is is_absent
    if is_absent:
        assert cluster.count_files_below("/a", 5) == 0
    else:
        with pytest.raises(UnreadableError):
            cluster.count_files_below("/a", 5)


@pytest.mark.parametrize("path", ["/a\udcff", "/a\0"])
def test_a_name_that_no_request_can_carry_is_not_asked_for(canned, cluster, path):
    for ask in (lambda: cluster.describe(path, 5), lambda: list(cluster.pages(path, 5))):
        with pytest.raises(UnreadableError, match="not Unicode"):
            ask()
    with pytest.raises(ReplyError, match="not Unicode"):
        cluster.create_snapshot("a", path)
    assert canned.asked == []


@pytest.mark.parametrize(
    "error_class", ["api_snapshots_snapshot_not_found_error", "http_not_found"]
)
def test_a_snapshot_that_is_gone_ends_the_run(canned, cluster, error_class):
    canned.gives(failure(404, error_class))

    asks = [
        lambda: cluster.describe("/a", 5),
        lambda: list(cluster.pages("/a", 5)),
        lambda: list(cluster.changes(4, 5)),
    ]
    for ask in asks:
        with pytest.raises(NotFoundError, match=f"Error 404: {error_class}: it is so"):
            ask()
