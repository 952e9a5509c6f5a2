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
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import deleted, file, normalized, scan_list
from tests.end_to_end.site import REPOSITORY, Site
from tests.oracle.capture import NANOSECONDS, Tree, capture
from tests.oracle.expect import expected_entries
from tests.oracle.share import Share
from tests.oracle.xml_list import render, without_access_times, without_run_times
from tests.parts.format_readers import Line, read_csv, read_ndjson, read_parquet

# This number of created directories is enough work for two processes.
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


class Project(NamedTuple):
    """A project with changes of every kind, and what the oracle knows of it."""

    site: Site
    older: int
    newer: int
    before: Tree
    after: Tree

    def list_path(self, ending: str) -> Path:
        return self.site.list_path.with_suffix(f".{ending}")


def make_project(site: Site) -> Project:
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
    return Project(site, older, site.snapshot(), before, capture(share.root))


@pytest.fixture
def project(site: Site) -> Project:
    return make_project(site)


def expected_lines(project: Project) -> list[Line]:
    """Return what lists have that can hold every name, from the oracle's scan list."""
    source = project.site.source
    entries = expected_entries(
        project.before, project.after, source=source, base=source, deletes=True, moves=True
    )
    lines = []
    for entry in entries:
        kind = Kind.DIRECTORY if entry.type == "F_DIR" else Kind.FILE
        node = project.after.nodes.get(entry.path.removeprefix(b"/"))
        if not node:
            lines.append(Line(State.DELETED, entry.path, kind))
        else:
            facts = (node.size, node.mtime_ns // NANOSECONDS, 0, node.uid, node.gid)
            lines.append(Line(State.PRESENT, entry.path, kind, entry.moved_from or b"", facts))
    return sorted(lines, key=lambda line: line.name, reverse=True)


def without_atime(line: Line) -> Line:
    return line._replace(facts=(*line.facts[:2], 0, *line.facts[3:]) if line.facts else ())


def test_one_run_lists_the_same_changes_in_every_format(project: Project) -> None:
    site, source = project.site, project.site.source
    formats = [f"--format={name}" for name in ("xml", *WITH_FIELDS)]

    done = site.generate(project.older, project.newer, *formats, *REST, "--deletes", "--moves")

    paths = {name: project.list_path(name) for name in ("xml", *WITH_FIELDS)}
    assert done.output == "".join(f"{path}\n" for path in paths.values())
    assert done.code == 1, done.messages  # since XML cannot hold four of the names
    entries = expected_entries(
        project.before, project.after, source=source, base=source, deletes=True, moves=True
    )
    assert without_access_times(
        without_run_times(paths["xml"].read_bytes())
    ) == without_access_times(without_run_times(render(entries)))
    expected = expected_lines(project)
    readers = {
        "csv": read_csv,
        "ndjson": read_ndjson,
        "parquet": lambda content: read_parquet(content, source),
    }
    for name, read in readers.items():
        assert list(map(without_atime, read(paths[name].read_bytes()).lines)) == expected
    assert len(expected) == 2 * len(HOSTILE) + MANY + 7


def test_every_list_can_be_verified_and_explained_and_queried(project: Project) -> None:
    site = project.site
    formats = [f"--format={name}" for name in WITH_FIELDS]
    done = site.generate(project.older, project.newer, *formats, *REST, "--deletes", "--moves")
    assert done.code == 0, done.messages
    settings = read_settings(str(site.configuration), "rest")

    for name in WITH_FIELDS:
        path = project.list_path(name)
        assert verify_list(str(path), settings).is_whole
        for changed, reason in {
            "grows": "modified",
            'moved, "here"': "moved here",
            "moves": "moved away",
            "gone/a,b": "below a deleted directory",
            "gone": "deleted",
            "old/bell\x07": "below a deleted directory",
        }.items():
            found = explain_path(changed, str(path), settings)
            assert found.verdict.reason == reason, (name, changed)
        receipt = json.loads(Path(f"{path}.json").read_bytes())
        if name != "ndjson":
            options = ", all_varchar=false" if name == "csv" else ""
            query = (
                f"select change, count(*), sum(size)::bigint from read_{name}('{path}'{options}) "
                "where kind = 'file' group by change"
            )
            with duckdb.connect() as database:
                sums = {row[0]: row[1:] for row in database.execute(query).fetchall()}
            counts = receipt["files"]
            assert sums == {
                change: (counts[change]["count"], counts[change].get("bytes"))
                for change in ("created", "modified", "moved", "deleted")
            } | {"deleted": (counts["deleted"]["count"], None)}


def test_only_the_receipt_shows_that_a_csv_was_cut_at_a_line(project: Project) -> None:
    site, path = project.site, project.list_path("csv")
    site.generate(project.older, project.newer, "--format=csv", *REST)
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"\r\n", 0, -2) + 2])

    verification = verify_list(str(path), None)

    assert not verification.is_whole
    assert [one.what for one in verification.findings if one.outcome == "differs"] == [
        "size",
        "sha256",
        "counts",
    ]


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--format=xml-classic", "--moves"),
            "a list in the format xml-classic cannot express moves",
        ),
        (
            ("--format=xml", "--format=xml-classic"),
            "two lists of a run cannot be the same file: xml and xml-classic",
        ),
    ],
)
def test_what_a_format_cannot_express_is_refused_before_the_work(
    site: Site, options: tuple[str, ...], message: str
) -> None:
    done = site.generate(1, 2, *options)

    assert done.code == 2
    assert message in done.messages


def test_a_program_lists_in_a_format_of_its_own_also_in_worker_processes(site: Site) -> None:
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
