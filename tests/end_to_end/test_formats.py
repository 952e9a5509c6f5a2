"""Lists of one run in several formats: each has the changes that the oracle expects."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from qumulo_changelist import explain_path, read_settings, verify_list
from qumulo_changelist.model import Kind, State
from qumulo_emulator.running import Emulator
from tests.end_to_end.conftest import site_on
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import deleted, file, normalized, scan_list
from tests.end_to_end.site import CommandResult, Site
from tests.oracle.capture import NANOSECONDS, Tree, capture
from tests.oracle.expect import expected_entries
from tests.oracle.share import Share
from tests.oracle.xml_list import Entry, render, without_access_times, without_run_times
from tests.parts.format_readers import Line, read_csv, read_ndjson, read_parquet
from tests.quick import REPOSITORY

# This number of created directories is enough work for two processes, in small slices.
MANY = 45
REST = ("--transport=rest", "--metadata=rest", "--workers=2", "--slice-size=2")
WITH_FIELDS = ("csv", "parquet", "ndjson")
HOSTILE = (
    *(b'a,b";\\x41', b"line\nbreak\r", b"=1+1", "🎬 é".encode(), b"' or 1=1 --", b"%01"),
    # XML cannot hold these.
    *(b"bell\x07", b"not \xff\xfe"),
)
RUN_TIMES = re.compile(rb'(<file .* size="0" .* type="F_DIR") mtime="\d+" atime="\d+"')
"""Of deleted directories in a classic list."""


class Published(NamedTuple):
    """Lists of one run in several formats, and what the oracle knows of the changes."""

    site: Site
    before: Tree
    after: Tree
    done: CommandResult

    def path(self, ending: str) -> Path:
        return self.site.list_path.with_suffix(f".{ending}")


@pytest.fixture(scope="module")
def published(cluster: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Lists of a project with changes of every kind."""
    folder = tmp_path_factory.mktemp("formats")
    # A worker may get tests of this file in several turns.
    (Path(str(cluster.root)) / folder.name).mkdir()
    site = site_on(cluster, folder, f"/{folder.name}")
    share = Share(str(site.mount))
    share.write(b"grows", b"moves", b"gone/a,b", b"gone/deep/c", b"gone.mov", b"kept", size=5)
    share.write(*(b"old/" + name for name in HOSTILE), size=6)
    before, older = capture(share.root), site.snapshot()
    share.write(b"grows", size=20)
    share.move(b"moves", b'moved, "here"')
    share.delete(b"gone")
    share.delete(b"gone.mov")
    share.delete(b"old")
    share.write(*(b"new/" + name for name in HOSTILE), size=7)
    share.write(*(f"many/reel{number:02}/a" for number in range(MANY)), size=8)
    after, newer = capture(share.root), site.snapshot()
    formats = [f"--format={name}" for name in ("xml", *WITH_FIELDS)]
    done = site.generate(older, newer, *formats, *REST, "--deletes", "--moves")
    return Published(site, before, after, done)


def expected_of(published: Published) -> list[Entry]:
    source = published.site.source
    return expected_entries(
        published.before, published.after, source=source, base=source, deletes=True, moves=True
    )


def expected_lines(published: Published) -> list[Line]:
    """Return what lists have that can hold every name, from the oracle's scan list."""
    lines = []
    for entry in expected_of(published):
        kind = Kind.DIRECTORY if entry.type == "F_DIR" else Kind.FILE
        node = published.after.nodes.get(entry.path.removeprefix(b"/"))
        if not node:
            lines.append(Line(State.DELETED, entry.path, kind))
        else:
            facts = (node.size, node.mtime_ns // NANOSECONDS, 0, node.uid, node.gid)
            lines.append(Line(State.PRESENT, entry.path, kind, entry.moved_from or b"", facts))
    return sorted(lines, key=lambda line: line.name, reverse=True)


def without_atime(line: Line) -> Line:
    return line._replace(facts=(*line.facts[:2], 0, *line.facts[3:]) if line.facts else ())


def test_one_run_lists_the_same_changes_in_every_format(published: Published) -> None:
    paths = {name: published.path(name) for name in ("xml", *WITH_FIELDS)}
    assert published.done.output == "".join(f"{path}\n" for path in paths.values())
    assert published.done.code == 1, published.done.messages  # XML cannot hold four of the names
    xml = render(expected_of(published)), paths["xml"].read_bytes()
    expected_xml, found_xml = (without_access_times(without_run_times(each)) for each in xml)
    assert found_xml == expected_xml
    expected = expected_lines(published)
    readers = {
        "csv": read_csv,
        "ndjson": read_ndjson,
        "parquet": lambda content: read_parquet(content, published.site.source),
    }
    for name, read in readers.items():
        assert list(map(without_atime, read(paths[name].read_bytes()).lines)) == expected
    assert len(expected) == 2 * len(HOSTILE) + MANY + 7


@pytest.mark.parametrize("form_name", WITH_FIELDS)
def test_every_list_can_be_verified_and_explained(published: Published, form_name: str) -> None:
    path = str(published.path(form_name))
    settings = read_settings(str(published.site.configuration), "rest")

    assert verify_list(path, settings).is_whole
    reasons = {
        "grows": "modified",
        'moved, "here"': "moved here",
        "moves": "moved away",
        "gone/a,b": "below a deleted directory",
        "gone": "deleted",
        "old/bell\x07": "below a deleted directory",
    }
    for name, reason in reasons.items():
        assert explain_path(name, path, settings).verdict.reason == reason, name


@pytest.mark.parametrize("form_name", ["csv", "parquet"])
def test_duckdb_sums_up_what_the_receipt_states(published: Published, form_name: str) -> None:
    path = published.path(form_name)
    counts = json.loads(Path(f"{path}.json").read_bytes())["files"]
    query = (
        f"select change, count(*), sum(size)::bigint from read_{form_name}('{path}') "
        "where kind = 'file' group by change"
    )

    with duckdb.connect() as database:
        sums = {row[0]: row[1:] for row in database.execute(query).fetchall()}

    there = ("created", "modified", "moved")
    expected = {change: (counts[change]["count"], counts[change]["bytes"]) for change in there}
    assert sums == expected | {"deleted": (counts["deleted"]["count"], None)}


def test_only_the_receipt_shows_that_a_csv_was_cut_at_a_line(
    published: Published, tmp_path: Path
) -> None:
    path = tmp_path / "1-files.csv"
    content = published.path("csv").read_bytes()
    path.write_bytes(content[: content.rindex(b"\r\n", 0, -2) + 2])
    shutil.copy(f"{published.path('csv')}.json", f"{path}.json")

    findings = verify_list(str(path)).findings

    differing = [one.what for one in findings if one.outcome == "differs"]
    assert differing == ["size", "sha256", "counts"]


def test_a_classic_list_has_full_paths_and_nothing_below_a_deleted_directory(site: Site) -> None:
    write_files(site.mount, "gone/a", "gone/deep/b", "gone.mov", "was/c", "grows")
    older = site.snapshot()
    shutil.rmtree(site.mount / "gone")
    shutil.rmtree(site.mount / "was")
    (site.mount / "gone.mov").unlink()
    write_files(site.mount, "was", "grows", "new/d", size=20)
    newer = site.snapshot()

    content = site.scan_list(older, newer, "--format=xml-classic", *REST, "--deletes")

    base = site.source
    assert RUN_TIMES.sub(rb"\1", normalized(content)) == RUN_TIMES.sub(
        rb"\1",
        scan_list(
            [
                deleted(f"{base}/was/c"),
                file(site.mount, "/was"),
                file(site.mount, "/new/d"),
                file(site.mount, "/grows"),
                deleted(f"{base}/gone.mov"),
                deleted(f"{base}/gone", "F_DIR", "file"),
            ]
        ),
    )
    settings = read_settings(str(site.configuration), "rest")
    assert verify_list(str(site.list_path), settings).is_whole
    reasons = {
        name: explain_path(name, str(site.list_path), settings).verdict.reason
        for name in ("gone", "gone/deep/b", "gone.mov", "was/c", "new/d")
    }
    assert reasons == {
        "gone": "deleted",
        "gone/deep/b": "covered by a deleted directory",
        "gone.mov": "deleted",
        "was/c": "below a deleted directory",
        "new/d": "below a created directory",
    }


def test_a_program_lists_in_a_format_of_its_own_also_in_worker_processes(
    cluster: Emulator, site: Site
) -> None:
    # Directories that are not counted can have anything in them: enough for several processes.
    cluster.fault(path="*/aggregates/*", status=403)
    older = site.snapshot()
    write_files(site.mount, *(f"reel{number:02}/a|b" for number in range(MANY)))
    newer = site.snapshot()
    output = site.folder / "changes.md"
    site.configure(QumuloTransport="rest")
    example = REPOSITORY / "examples" / "custom_format.py"
    arguments = [str(older), str(newer), site.source, str(output)]

    done = subprocess.run(
        [sys.executable, str(example), *arguments],
        capture_output=True,
        env=site.variables(),
        text=True,
        timeout=120,
    )

    assert (done.returncode, done.stdout) == (0, f"{output}\n"), done.stderr
    rows = [f"| present | `'/reel{number:02}/a\\|b'` | 10 |" for number in reversed(range(MANY))]
    head = ["| what | name | bytes |", "| --- | --- | ---: |"]
    assert output.read_text().splitlines() == [*head, *rows, "", f"{MANY} files, 0 deleted"]
