"""The ways that this project is compared with do the same job."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator, serve_in_thread
from tests.end_to_end.lists import normalized
from tests.end_to_end.site import CommandResult, Site
from tests.qq import QQ

NAMES = ["kept.mov", "grown.mov", "gone.mov", "old name.mov", "reel1/a.mov", "old reel/b.mov"]
# Each needs an escape, or sorts close to the slash.
NEW_NAMES = ["R&D <1>.mov", 'the "cut".mov', "new reel/sub/Müller.mov", "new reel.mov", "new/c"]


def write(path: Path, content: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Emulator]:
    """A cluster with at most 3 entries in a page."""
    (tmp_path / "cluster" / "project").mkdir(parents=True)
    with serve_in_thread(tmp_path / "cluster", page_limit=3) as running:
        yield running


@pytest.fixture
def site(cluster: Emulator, tmp_path: Path) -> Site:
    """Its commands are those of ``bench``, besides ours."""
    qq = QQ["qq of today"]
    assert cluster.root
    root, port, password = Path(cluster.root), cluster.port, cluster.password
    return Site(root, tmp_path, port, password, qq, "/project", cluster=cluster, installed=True)


@pytest.fixture
def span(site: Site) -> tuple[int, int]:
    """The ids of the snapshots before and after a day's work."""
    for name in NAMES:
        write(site.mount / name)
    older = site.snapshot()
    for name in NEW_NAMES:
        write(site.mount / name)
    write(site.mount / "grown.mov", "xx")
    write(site.mount / "reel1" / "b.mov")
    (site.mount / "gone.mov").unlink()
    (site.mount / "old name.mov").rename(site.mount / "new name.mov")
    (site.mount / "old reel").rename(site.mount / "new reel" / "old reel")
    (site.mount / "link.mov").symlink_to("kept.mov")
    return older, site.snapshot()


def run_script(site: Site, name: str, *arguments: str) -> CommandResult:
    """Run a script of ``bench``, after a login by hand."""
    where = ["--host", "127.0.0.1", "--port", str(site.port)]
    credentials = str(site.folder / "credentials")
    subprocess.run(
        [str(site.qq / "qq"), *where, "--credentials-store", credentials, "login", "-u", "admin"],
        input=site.password.encode() + b"\n",
        env=site.variables(),
        capture_output=True,
        check=True,
        start_new_session=True,
    )
    return site.run(f"bench/{name}.py", *where, "--credentials", credentials, *arguments)


def file_lines(scan_list: bytes) -> list[bytes]:
    return [line for line in normalized(scan_list).splitlines() if line.startswith(b"    <file ")]


def test_the_straightforward_way_lists_the_same_files(site: Site, span: tuple[int, int]) -> None:
    output = site.folder / "straightforward.xml"
    done = run_script(
        site,
        "straightforward",
        *("--older", str(span[0]), "--newer", str(span[1]), "--base", site.source),
        *("--mapped", str(site.mount), "--output", str(output)),
    )
    assert done.code == 0, done.messages
    ours = site.scan_list(*span, "--deletes")
    assert file_lines(output.read_bytes()) == file_lines(ours)
    assert len(file_lines(ours)) == len([*NEW_NAMES, "grown", "reel1/b", "reel1", "new name", "b"])
    assert b'<delete-file name="/gone.mov" ' in output.read_bytes()


def test_the_floor_reads_every_page_and_stats_every_file(
    site: Site, span: tuple[int, int], cluster: Emulator
) -> None:
    site.scan_list(*span, "--deletes")
    pages_of_qq = pages_of_the_diff(cluster)
    arguments = [
        *("--certificate", cluster.certificate, "--mapped", str(site.mount)),
        *("--diff", f"/v2/snapshots/{span[1]}/changes-since/{span[0]}"),
        *("--like", str(site.list_path), "--output", str(site.folder / "floor.xml")),
    ]
    done = run_script(site, "floor", *arguments)
    assert done.code == 0, done.messages
    figures = json.loads(done.output)
    assert figures["wall"] == pytest.approx(sum(figures["parts"].values()), abs=0.001)
    assert pages_of_the_diff(cluster) == pages_of_qq * 2 > 2
    (site.mount / 'the "cut".mov').unlink()
    assert 'the "cut".mov' in run_script(site, "floor", *arguments).messages


def pages_of_the_diff(cluster: Emulator) -> int:
    return sum("/changes-since/" in request["path"] for request in cluster.requests())
