"""Collections that come in pages over REST: whole, requested in time, and never without end."""

import itertools
import threading
from collections.abc import Iterable

import pytest

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.errors import (
    AbsentError,
    IncompleteReplyError,
    NotFoundError,
    ReplyError,
    UnreadableError,
)
from qumulo_changelist.model import Change
from tests.parts.canned import Canned, Reply, file, serve


@pytest.fixture
def canned() -> Iterable[Canned]:
    with serve() as running:
        yield running


@pytest.fixture
def cluster(canned, listener) -> Iterable[RestCluster]:
    with RestCluster(canned.settings(), listener) as made:
        yield made


def diff(*paths: str, following: object = None) -> Reply:
    entries = [{"op": "CREATE", "path": path} for path in paths]
    return 200, {"entries": entries, "paging": {"next": following}}


def listing(*names: str, total: int, following: object = None) -> Reply:
    files = [file(name=name) for name in names]
    return 200, {"files": files, "child_count": total, "paging": {"next": following}}


def paths(pages: Iterable[list[Change]]) -> list[str]:
    return [change.path for page in pages for change in page]


# The diff


def test_the_changes_of_all_pages_are_returned(canned, cluster):
    canned.gives(diff("/a", "/b", following="/2?after=x"), diff("/c", following="/3"), diff("/d"))

    assert [len(page) for page in cluster.changes(1, 2)] == [2, 1, 1]
    assert canned.asked == [
        "GET /v2/snapshots/2/changes-since/1?limit=10000",
        "GET /2?after=x",
        "GET /3",
    ]


@pytest.mark.parametrize(
    "layout",
    [
        '{"entries": [%s], "paging": {"next": "/2"}}',
        '{"paging": {"next": "/2"}, "entries": [%s]}',
        '{"entries":[%s],"paging":{"prev":null,"next":"\\/2"} }\n',
        '{"entries":[%s],"paging":{"next":"/2","more":{}}}',
        '{"paging":{"next":"/2"},"entries":[%s],"more":{"paging":{"next":"/2"}}}',
    ],
)
def test_it_does_not_matter_where_a_page_states_the_next_one(canned, cluster, layout):
    first = layout % '{"op": "CREATE", "path": "/a"}'
    canned.gives((200, first.encode()), diff("/b"))

    assert paths(cluster.changes(1, 2)) == ["/a", "/b"]
    assert canned.asked[1:] == ["GET /2"]


@pytest.mark.parametrize("name", ['"paging":{"next":"/9"}}', '\\"paging\\":{\\"next\\":\\"/9\\"}}'])
def test_a_name_that_looks_like_the_end_of_a_page_is_none(canned, cluster, name):
    page = {"paging": {"next": ""}, "entries": [{"op": "CREATE", "path": f"/{name}"}]}
    canned.gives((200, page))

    assert paths(cluster.changes(1, 2)) == [f"/{name}"]


def test_only_the_page_itself_states_the_next_one(canned, cluster):
    page = b'{"entries": [], "paging": {"next": "/3"}, "more": {"paging": {"next": "/2"}}}'
    canned.gives((200, page), diff())

    assert list(cluster.changes(1, 2)) == []
    assert canned.asked[1:] == ["GET /3"]


def test_the_number_of_changes_to_request_at_a_time_can_be_chosen(canned, listener):
    canned.gives(diff())
    with RestCluster(canned.settings(), listener, page_size=7) as cluster:
        assert list(cluster.changes(1, 2)) == []

    assert canned.asked == ["GET /v2/snapshots/2/changes-since/1?limit=7"]


@pytest.mark.parametrize("end", ["", None])
def test_an_empty_page_is_not_the_end(canned, cluster, end):
    canned.gives(
        diff(following="/2"), diff("/a", following="/3"), diff(following="/4"), diff(following=end)
    )

    assert paths(cluster.changes(1, 2)) == ["/a"]
    assert len(canned.asked) == 4


def test_a_page_of_a_diff_must_state_whether_it_is_the_last(canned, cluster):
    canned.gives((200, {"entries": [{"op": "DELETE", "path": "/a"}]}))

    with pytest.raises(ReplyError, match="paging"):
        list(cluster.changes(1, 2))


@pytest.mark.parametrize("back_to", [1, 2, 3])
def test_pages_that_go_round_in_a_circle_are_refused(canned, cluster, back_to):
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
def test_a_next_page_that_is_not_on_the_cluster_is_refused(canned, cluster, following):
    canned.gives(diff("/a", following=following))

    with pytest.raises(ReplyError, match="nowhere on the cluster"):
        list(cluster.changes(1, 2))
    assert len(canned.asked) == 1


def test_a_redirect_is_not_followed(canned, cluster):
    canned.gives((302, b"", {"Location": "https://elsewhere.example/"}), diff("/a"))

    with pytest.raises(ReplyError, match=r"GET /v2.*Error 302"):
        list(cluster.changes(1, 2))
    assert len(canned.asked) == 1


def test_a_damaged_page_is_named_by_its_request(canned, cluster):
    canned.gives(diff("/a", following="/2"), (200, b'{"entries": [{"op": "CREATE", "path": "/\xff'))

    with pytest.raises(ReplyError, match=r"^GET /2: the answer is not"):
        list(cluster.changes(1, 2))


def test_the_next_page_is_requested_before_a_page_is_used(canned, cluster):
    second_requested = threading.Event()

    def answer(_method: str, uri: str) -> Reply:
        if uri == "/2":
            second_requested.set()
            return diff("/b")
        return diff("/a", following="/2")

    canned.answer = answer
    pages = cluster.changes(1, 2)

    assert paths([next(pages)]) == ["/a"]
    assert second_requested.wait(10)
    assert paths(pages) == ["/b"]


def test_a_diff_may_be_abandoned_before_its_end(canned, cluster):
    canned.answer = lambda _method, uri: diff("/a", following=f"{uri}x")

    for first in itertools.islice(cluster.changes(1, 2), 3):
        assert paths([first]) == ["/a"]
    canned.gives(diff("/b"))
    assert paths(cluster.changes(1, 2)) == ["/b"]


# Directories


def test_the_pages_of_a_directory_state_the_number_of_its_entries(canned, cluster):
    canned.gives(listing("a", "b", total=3, following="/2"), listing("c", total=3))

    pages = list(cluster.pages("/dir/é%", 5))

    assert canned.asked[0] == "GET /v1/files/%2Fdir%2F%C3%A9%25/entries/?limit=1000&snapshot=5"
    assert [page.total_entries for page in pages] == [3, 3]
    assert [list(page.entries) for page in pages] == [["a", "b"], ["c"]]
    assert getattr(pages[0].entries["a"], "size", None) == 10


def test_an_empty_directory_is_one_page(canned, cluster):
    canned.gives(listing(total=0))

    (page,) = cluster.pages("/", 5)

    assert (page.total_entries, page.entries) == (0, {})
    assert canned.asked == ["GET /v1/files/%2F/entries/?limit=1000&snapshot=5"]


def test_the_first_page_of_a_directory_may_be_smaller_than_the_others(canned, cluster):
    canned.gives(
        listing("a", total=3, following="/2?limit=1&after=limit=1&x=1"),
        listing("b", total=3, following="/3?after=x&limit=1000"),
        listing("c", total=3),
    )

    assert len(list(cluster.pages("/dir/", 5, limit=1))) == 3
    assert canned.asked == [
        "GET /v1/files/%2Fdir/entries/?limit=1&snapshot=5",
        "GET /2?limit=1000&after=limit=1&x=1",
        "GET /3?after=x&limit=1000",
    ]


def test_a_directory_with_missing_entries_is_an_incomplete_reply(canned, cluster):
    canned.gives(listing("a", "b", total=4, following="/2"), listing("c", total=4))

    with pytest.raises(IncompleteReplyError, match="5 lists 3 of the 4 entries of /dir"):
        list(cluster.pages("/dir", 5))


def test_a_name_that_comes_twice_counts_once(canned, cluster):
    canned.gives(listing("a", "a", total=2))

    with pytest.raises(IncompleteReplyError, match="1 of the 2"):
        list(cluster.pages("/dir", 5))


def test_so_does_one_that_comes_again_on_the_next_page(canned, cluster):
    canned.gives(listing("a", "b", total=4, following="/2"), listing("b", "c", total=4))

    with pytest.raises(IncompleteReplyError, match="5 lists 3 of the 4 entries of /dir"):
        list(cluster.pages("/dir", 5))


# Errors about one entry


ABSENCES = [
    "fs_no_such_entry_error",
    "fs_no_such_file_version_error",
    "fs_no_such_path_error",
    "fs_no_such_inode_error",
    "fs_file_not_covered_by_snapshot_error",
    "fs_not_a_directory_error",
]


def failure(status: int, error_class: str) -> Reply:
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
def test_an_entry_that_cannot_be_read_concerns_itself_alone(
    canned, cluster, status, error_class, reason
):
    canned.gives(failure(status, error_class))

    for ask in (lambda: cluster.describe("/a", 5), lambda: list(cluster.pages("/a", 5))):
        with pytest.raises(UnreadableError) as caught:
            ask()
        assert str(caught.value) == reason


def test_a_snapshot_that_expired_is_not_returned(canned, cluster):
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
def test_a_directory_is_absent_only_if_the_cluster_does_not_have_it(
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
def test_a_name_that_no_request_can_carry_is_not_requested(canned, cluster, path):
    for ask in (lambda: cluster.describe(path, 5), lambda: list(cluster.pages(path, 5))):
        with pytest.raises(UnreadableError, match="not Unicode"):
            ask()
    assert canned.asked == []


@pytest.mark.parametrize(
    "error_class", ["api_snapshots_snapshot_not_found_error", "http_not_found"]
)
def test_a_snapshot_that_expired_ends_the_run(canned, cluster, error_class):
    canned.gives(failure(404, error_class))

    asks = [
        lambda: cluster.describe("/a", 5),
        lambda: list(cluster.pages("/a", 5)),
        lambda: list(cluster.changes(4, 5)),
    ]
    for ask in asks:
        with pytest.raises(NotFoundError, match=f"Error 404: {error_class}: it is so"):
            ask()
