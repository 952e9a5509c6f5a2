"""Malformed answers: handled as the contract says, or reported; no list ever lacks a part.

No emulated cluster sends them, so replies are canned, over REST and in a fake ``qq``.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.end_to_end.failures import NO_LIST, check_failed, fake_qq, keep_earlier_list
from tests.end_to_end.lists import file, folder, normalized, scan_list, unreadable
from tests.end_to_end.site import Site
from tests.parts.canned import PASSWORD, Canned, Reply, serve
from tests.parts.canned import file as attributes

# When the files on the mount were written.
KEPT, KEPT_SECONDS = "2020-01-01T00:00:00Z", 1_577_836_800

# Ids have no greatest number.
OLDER, NEWER = 10**30, 10**30 + 1
SOURCE = {"source_file_id": "2", "source_file_path": "/"}
STATUSES = json.dumps({"entries": [SOURCE | {"id": number} for number in (OLDER, NEWER)]})
STATUS: list[Reply] = [(200, SOURCE | {"id": number}) for number in (OLDER, NEWER)]
"""What the cluster answers over REST to what is asked first."""
CASES = (
    f"*' snapshot_list_statuses '*) echo '{STATUSES}'",
    "*' fs_read_dir '*) cat \"$0.lists\"",
    "*' fs_file_get_attr '*) echo '{\"type\": \"FS_FILE_TYPE_DIRECTORY\"}'",
)
"""What the fake qq prints for commands other than the diff."""

Answer = Callable[[Any], Site]
"""Makes a cluster answer with a page: bytes, or a value to encode as JSON."""


@pytest.fixture(scope="module")
def canned() -> Iterator[Canned]:
    with serve() as running:
        yield running


@pytest.fixture
def site(canned: Canned, tmp_path: Path) -> Site:
    """A mount with some files, the older snapshot, and an earlier list."""
    root = tmp_path / "mount"
    for name in ("kept.mov", "reel/in.mov", "new/in.mov"):
        write(root / "show" / name)
    for name in ("lost.mov", "old/in.mov", "kept.mov"):
        write(root / "show" / ".snapshot" / f"{OLDER}_older" / name)
    (tmp_path / "bin").mkdir()
    new = Site(
        root,
        tmp_path,
        canned.port,
        PASSWORD,
        tmp_path / "bin",
        "/show",
        canned.fingerprint,
    )
    keep_earlier_list(new)
    return new


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    os.utime(path, (KEPT_SECONDS, KEPT_SECONDS))


@pytest.fixture(params=["rest", "qq"])
def answer(request: pytest.FixtureRequest, canned: Canned, site: Site) -> Answer:
    """A function that makes a cluster send a diff, over REST or through qq.

    The cluster describes no more of the snapshots than their directory, and shows one file in them
    that the mount has, too.
    """
    listed = directory(attributes(name="kept.mov", size="1", modification_time=KEPT))

    def over_rest(page: Any) -> Site:
        def reply(_method: str, uri: str) -> Reply:
            if "/snapshots/status/" in uri:
                return 200, SOURCE | {"id": int(uri.rpartition("/")[2])}
            if "/entries/" in uri:
                return 200, listed
            if "/info/attributes" in uri:
                return 200, attributes(type="FS_FILE_TYPE_DIRECTORY")
            return 200, page

        canned.answer = reply
        site.configure(QumuloTransport="rest")
        return site

    def through_qq(page: Any) -> Site:
        (site.qq / "qq.lists").write_text(json.dumps(listed))
        printed = page if isinstance(page, bytes) else json.dumps(page, indent=4).encode()
        fake_qq(site, 'cat "$0.prints"', *CASES)
        (site.qq / "qq.prints").write_bytes(printed)
        return site

    return over_rest if request.param == "rest" else through_qq


def directory(*files: dict[str, object], **changed: object) -> dict[str, object]:
    return {"files": files, "child_count": len(files), "paging": {"next": ""}} | changed


def diff(*entries: object) -> dict[str, object]:
    return {"entries": entries, "paging": {"next": ""}}


GOOD = {"op": "CREATE", "path": "/show/kept.mov"}


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (diff(GOOD, {"path": "/show/a"}), "`op`|/show/a"),
        (diff(GOOD, {"op": "CREATE"}), "`path`|not a change"),
        (diff(GOOD, {"op": "RENAME", "path": "/show/a"}), "RENAME"),
        (diff(GOOD, {"op": "CREATE", "path": "show/a.mov"}), "show/a.mov"),
        (diff(GOOD, {"op": "CREATE", "path": "/show/../other/a.mov"}), "/show/../other/a.mov"),
        ({"files": []}, "entries"),
        (b"<html>", "<html>|not JSON"),
        (b'{"paging": {"next": ""}, "entries": [{"op": "CREATE", "path": "/show/\xff"}]}', "UTF-8"),
        (json.dumps(diff(GOOD, GOOD)).encode()[:-30], "JSON|end"),
        (b"", "JSON|end|nothing"),
        ({}, "entries"),
    ],
    ids=[
        "no op",
        "no path",
        "op",
        "relative",
        "up",
        "no entries",
        "HTML",
        "not UTF-8",
        "half",
        "nothing",
        "empty object",
    ],
)
def test_a_malformed_diff_ends_the_run(answer: Answer, page: object, text: str) -> None:
    site = answer(page)
    done = site.generate(OLDER, NEWER, "--deletes")
    check_failed(site, done, 76, NO_LIST)
    assert re.search(text, done.messages)


def test_changes_that_no_diff_should_contain_are_handled_by_the_contract(
    answer: Answer,
) -> None:
    site = answer(
        diff(
            # one change several times
            *[{"op": "CREATE", "path": "/show/reel/in.mov"}] * 3,
            # contradictions: what exists is listed, what does not exist cannot be read
            *[{"op": op, "path": "/show/kept.mov"} for op in ("DELETE", "CREATE", "MODIFY")],
            *[{"op": op, "path": "/show/nowhere"} for op in ("MODIFY", "DELETE")],
            # outside the base path
            *[{"op": "CREATE", "path": path} for path in ("/show2/a", "/other/", "/show")],
            # a directory without its slash, a file with one
            {"op": "CREATE", "path": "/show/new"},
            {"op": "DELETE", "path": "/show/old"},
            {"op": "MODIFY", "path": "/show/kept.mov/"},
            {"op": "DELETE", "path": "/show/lost.mov/"},
            # a surrogate that is no byte, and one that is a byte outside UTF-8
            {"op": "CREATE", "path": "/show/\ud800"},
            {"op": "DELETE", "path": "/show/\udcff"},
            # no character of a name is special
            {"op": "DELETE", "path": "/show/\0 nul"},
            {"op": "MODIFY", "path": "/show/reel/"},
        )
    )
    made = site.scan_list(OLDER, NEWER, "--deletes", code=1)
    assert normalized(made) == scan_list(
        [
            file(site.mount, "/reel/in.mov"),
            folder(site.mount, "/reel"),
            unreadable("/old"),
            unreadable("/nowhere"),
            unreadable("/new"),
            unreadable("/lost.mov", "F_DIR"),
            file(site.mount, "/kept.mov"),
            unreadable("/%FF"),
            unreadable("/%ED%A0%80"),
            unreadable("/%00 nul"),
        ]
    )


def test_a_diff_of_another_directory_is_reported(answer: Answer) -> None:
    site = answer(diff({"op": "CREATE", "path": "/show2/a"}, {"op": "DELETE", "path": "/other/"}))
    done = site.generate(OLDER, NEWER, "--deletes")
    assert done.code == 0
    assert "2 changes between the snapshots, but none below the base path" in done.messages
    assert normalized(site.list_path.read_bytes()) == scan_list([])


# Only over REST: pages with a next page, and attributes


@pytest.fixture
def over_rest(site: Site) -> Site:
    site.configure(QumuloTransport="rest")
    return site


@pytest.mark.parametrize(
    ("following", "text"),
    [
        (f"/v2/snapshots/{NEWER}/changes-since/{OLDER}?limit=10000", "round in a circle"),
        ("/v2/again", "round in a circle"),
        ("https://elsewhere.invalid/v2/", "nowhere on the cluster"),
    ],
)
def test_a_next_page_that_cannot_be_the_next_ends_the_run(
    canned: Canned, over_rest: Site, following: object, text: str
) -> None:
    canned.gives(*STATUS, (200, {"entries": [GOOD], "paging": {"next": following}}))
    done = over_rest.generate(OLDER, NEWER)
    check_failed(over_rest, done, 76, text, "GET /v2/")


def test_a_malformed_page_after_good_ones_ends_the_run(canned: Canned, over_rest: Site) -> None:
    canned.gives(
        *STATUS,
        (200, {"entries": [GOOD], "paging": {"next": "/v2/second"}}),
        (200, {"entries": [GOOD], "paging": {"next": "/v2/third"}}),
        (200, diff({"op": "CREATE"})),
    )
    done = over_rest.generate(OLDER, NEWER)
    check_failed(over_rest, done, 76, "GET /v2/third", "path")


def in_snapshots(listed: dict[str, object]) -> Callable[[str, str], Reply]:
    """A cluster where a directory was created; a snapshot has entries in it."""

    def reply(_method: str, uri: str) -> Reply:
        if "changes-since" in uri:
            return 200, diff({"op": "CREATE", "path": "/show/new/"})
        if uri.startswith("/v3/snapshots/status/"):
            return 200, SOURCE | {"id": int(uri.rpartition("/")[2])}
        assert unquote(uri).startswith("/v1/files//show/new/entries/"), uri
        return 200, listed

    return reply


def without(field: str) -> dict[str, object]:
    return {name: value for name, value in attributes().items() if name != field}


@pytest.mark.parametrize(
    ("listed", "text"),
    [
        (directory(without("name")), "name"),
        (directory(attributes(name="..")), ".."),
        (directory(attributes(), child_count=2), "1 of the 2 entries of /show/new"),
        ({"child_count": 0}, "files"),
    ],
    ids=["no name", "impossible name", "too few entries", "no files"],
)
def test_a_malformed_directory_ends_the_run(
    canned: Canned, over_rest: Site, listed: dict[str, object], text: str
) -> None:
    canned.answer = in_snapshots(listed)
    done = over_rest.generate(OLDER, NEWER, "--metadata=rest", "--workers=1")
    check_failed(over_rest, done, 76, text, NO_LIST)


def test_numbers_can_exceed_64_bits(canned: Canned, over_rest: Site) -> None:
    big = attributes(id=str(10**30), size=str(10**30), owner=str(10**30), owner_details=None)
    canned.answer = in_snapshots(directory(big))
    done = over_rest.generate(OLDER, NEWER, "--metadata=rest")
    assert done.code == 0, done.messages
    assert "no numeric id: 1" in done.messages
    assert over_rest.list_path.read_text() == (
        f'<files scanned="1" selected="1" size="{10**30}" bad_dir_count="0" delete_count="0">\n'
        f'    <file name="/new/f" size="{10**30}" mode="0x777"  type="F_REG" mtime="1" atime="2" '
        f'owner="65534" group="20" index="1"/>\n</files>\n'
    )
