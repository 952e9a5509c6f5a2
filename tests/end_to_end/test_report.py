"""``report`` and ``run --report``, as an administrator types them."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.site import GUID, Site
from tests.end_to_end.test_commands import keys_of
from tests.end_to_end.test_cycle import Office
from tests.quick import REPOSITORY

REPORT_PAGE = (REPOSITORY / "docs" / "report.md").read_text(encoding="utf-8")


@pytest.fixture
def office(site: Site, forks: ForkServer) -> Office:
    write_files(site.mount, "reel1/a.mov", "reel2/b.wav")
    return Office(site, forks)


def text_of(page: Path) -> str:
    """The text of a page without its scripts and styles."""
    html = page.read_text(encoding="utf-8")
    html = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_run_writes_a_page_and_a_report_afterwards_has_the_same_facts(office: Office) -> None:
    page = office.site.folder / "page.html"
    office.run("--commit")
    write_files(office.site.mount, "reel2/c.mov")
    (office.site.mount / "reel1" / "a.mov").unlink()

    done = office.ask("run", *office.project, "--deletes", "--commit", "--report", str(page))

    assert done["report"] == str(page)
    text = text_of(page)
    assert f"{office.name}: what changed" in text
    assert "The last 2 runs" in text
    report = office.ask("report", office.name, "--price-per-tb", "21 USD")
    assert [key for key in sorted(set(keys_of(report))) if f"`{key}`" not in REPORT_PAGE] == []
    (listed,) = report["lists"]
    assert listed["project"] == office.name
    assert listed["totals"]["created"]["files"] == 1
    assert listed["totals"]["deleted"]["files"] == 1
    assert [one["path"] for one in listed["written_by_folder"]] == ["/reel2"]
    assert [one["path"] for one in listed["deleted_by_folder"]] == ["/reel1"]
    assert [one["state"] for one in listed["runs"]] == ["committed", "committed"]
    assert [one["full"] for one in listed["runs"]] == [False, True]
    assert [one["contents"]["created"] for one in listed["runs"]] == [1, 2]
    assert report["capacity"]["cloud"]["currency"] == "USD"
    on_terminal = office.type("report", office.name, "--terminal").output
    for words in ("What was deleted", "The last 2 runs", "LTO-9", "/reel2/c.mov"):
        assert words in on_terminal
        assert words in text

    made = office.type("report").output

    assert made == f"{office.site.folder}/{office.name}-report.html\n"
    assert "The last 2 runs" in text_of(Path(made.strip()))


def test_the_page_of_a_run_has_a_list_that_the_archiver_takes_away(office: Office) -> None:
    page = office.site.folder / "page.html"

    office.run("--report", str(page), "--", "rm", "{list}", "{receipt}")

    assert "/reel1/a.mov" in text_of(page)
    gone = office.type("report", office.name, code=65)
    assert "No such file" in gone.messages


def test_a_page_that_cannot_be_written_leaves_the_run_as_it_is(office: Office) -> None:
    folder = office.site.folder / "reports"
    folder.mkdir()

    done = office.run("--report", str(folder / "page.html"), "--", "rmdir", str(folder))

    assert "the run stands, but its report was not written: " in done.messages
    assert office.ask("status")["projects"][0]["committed"] == office.taken()[0]


def test_where_no_page_can_be_nothing_is_begun(office: Office) -> None:
    missing = str(office.site.folder / "no folder" / "page.html")

    done = office.run("--report", missing, code=4)

    assert f"{missing} cannot be written: there is no folder" in done.messages
    assert office.snapshots() == {}
    assert "Name a file in a folder that exists." in done.messages


def test_a_page_of_several_sources_has_a_part_for_each_and_says_what_is_missing(
    office: Office,
) -> None:
    projects, page = office.site.folder / "projects.toml", office.site.folder / "page.html"
    sources = [f"{office.site.source}/{name}" for name in ("reel1", "reel2", "nowhere")]
    blocks = [
        f'[[projects.both.sources]]\npath = "{path}"\nindex = {at}\n'
        for at, path in enumerate(sources, 1)
    ]
    projects.write_text(
        "\n".join([f'[projects.both]\nguid = "{GUID}"\n', *blocks]), encoding="utf-8"
    )

    office.type("run", "both", "--projects", str(projects), "--report", str(page), code=66)

    html, text = page.read_text(encoding="utf-8"), text_of(page)
    assert re.findall(r'<a href="#list\d"><bdi>(.*?)</bdi>', html) == sources[:2]
    assert "What is not in this report" in text
    assert sources[2] in text


def run_without_extra(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as if neither Plotly nor Jinja2 were installed."""
    script = (
        "import sys; sys.modules['plotly'] = sys.modules['jinja2'] = None; "
        "from qumulo_changelist.cli.main import main; sys.exit(main())"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True
    )


def test_without_its_extra_only_a_page_cannot_be_made(tmp_path: Path) -> None:
    path = tmp_path / "list.ndjson"
    totals = dict.fromkeys(
        ("created", "modified", "moved", "deleted", "modified_directories",
         "deleted_directories", "unreadable", "size"), 0,
    )  # fmt: skip
    path.write_text(f"{json.dumps({'totals': totals}, separators=(',', ':'))}\n", encoding="utf-8")

    refused = run_without_extra("report", str(path))
    printed = run_without_extra("report", str(path), "--terminal")

    assert refused.returncode == 2
    assert "needs jinja2 and plotly, which are not installed" in refused.stderr
    pip = f"{shlex.quote(sys.executable)} -m pip"
    assert f"{pip} install 'qumulo-changelist[report]'" in refused.stderr
    assert printed.returncode == 0
    assert "No file was created, modified or moved." in printed.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nobody"], 2, "has made no list of project nobody"),
        ([], 2, "has made no list of any project"),
        (["a", "--json", "--output", "b"], 2, "--output is for a page"),
        (["a", "--price-per-tb", "cheap"], 2, "'cheap' is not a price such as 21 USD"),
        (["./missing.xml"], 65, "missing.xml is not a list: it cannot be read"),
    ],
)
def test_what_cannot_be_reported_is_said(
    office: Office, arguments: list[str], code: int, words: str
) -> None:
    assert words in office.type("report", *arguments, code=code).messages


def test_a_report_does_not_replace_what_it_is_of(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "1-files.csv"
    path.write_text("path,kind,change,size,mtime,atime,owner,group,moved_from,reason\r\n")
    before = path.read_bytes()

    done = office.type("report", str(path), "--output", str(path), code=4)

    assert "it is what is reported" in done.messages
    assert path.read_bytes() == before


def test_hints_of_an_error_are_in_its_json(office: Office) -> None:
    answer: Any = office.ask("report", "./missing.xml", code=65)

    assert answer["error"]["class"] == "InvalidListError"
