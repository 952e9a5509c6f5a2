"""``projects.toml``: from its text to projects, and every mistake with its line and its key."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit
from qumulo_changelist.errors import ProjectFileError, UnknownProjectError, UsageError
from qumulo_changelist.filters.filters import Filters
from qumulo_changelist.operations.project.run import check_project
from qumulo_changelist.projects import addition
from qumulo_changelist.projects import file as projects_file
from qumulo_changelist.projects.addition import check_addition
from qumulo_changelist.projects.file import (
    check_projects,
    find_project,
    parse_projects,
    read_projects,
)
from qumulo_changelist.projects.filter_keys import FILTER_KEYS
from qumulo_changelist.projects.keys import CYCLE_KEYS, FIELDS, OPTION_KEYS, SOURCE_KEYS
from qumulo_changelist.projects.lines import find_lines, line_of
from qumulo_changelist.projects.project import ListOptions, Project, Source
from qumulo_changelist.projects.scheduler_keys import SCHEDULER_KEYS, make_scheduler
from qumulo_changelist.runners.scheduler import Scheduler

WHOLE = """\
# what every project has
[defaults]
keep = 3
deletes = true

[projects.show1]
path = "/projects/show1/"
guid = "g1"
index = 7
mapped_path = "/mnt/show1"
keep = 5
expire = "30 days"
policy = "nightly"
full = false
commit_unreadable = true
config = "/etc/dna.conf"
transport = "rest"
max_deletes = "5%"
max_unreadable = 0
metadata = "snapshot"
format = "ndjson"
workers = 4

[projects."show 2"]
guid = "g2"
deletes = false
[[projects."show 2".sources]]
path = "/projects/a"
[[projects."show 2".sources]]
path = "/projects/b"
index = "2"
"""


def problems(text: str) -> list[str]:
    return [str(one) for one in parse_projects(text, "p.toml")[1]]


def test_a_file_becomes_projects_with_defaults_and_sources() -> None:
    found, wrong = parse_projects(WHOLE, "p.toml")

    assert wrong == []
    assert found["show1"] == Project(
        name="show1",
        sources=(Source(path="/projects/show1/", guid="g1", index="7", mapped_path="/mnt/show1"),),
        options=ListOptions(
            deletes=True, max_deletes=DeletionLimit.parse("5%"), metadata="snapshot",
            max_unreadable=UnreadableLimit.parse("0"), formats=("ndjson",), workers=4,
        ),
        keep=5, policy="nightly", expire=30 * 86400, full=False, commit_unreadable=True,
        config="/etc/dna.conf", transport="rest",
    )  # fmt: skip
    assert found["show 2"] == Project(
        name="show 2",
        sources=(
            Source(path="/projects/a", guid="g2"),
            Source(path="/projects/b", guid="g2", index="2"),
        ),
        options=ListOptions(deletes=False),
        keep=3,
    )


def test_every_key_is_a_field_of_a_project() -> None:
    assert set(SOURCE_KEYS) == set(Source.__struct_fields__)
    fields = {FIELDS.get(key, key) for key in OPTION_KEYS}
    assert fields | {"filters", "scheduler"} == set(ListOptions.__struct_fields__)
    assert set(FILTER_KEYS) == {*Filters.__struct_fields__, "filter_file"}
    own = {"name", "sources", "options"}
    assert set(CYCLE_KEYS) == set(Project.__struct_fields__) - own


def test_the_keys_of_a_scheduler_are_one_value() -> None:
    text = """
        [defaults]
        scheduler_ca = "/ca.pem"
        scheduler_cert = "/client.pem"
        [projects.far]
        path = "/far"
        guid = "g1"
        scheduler = "tls://10.0.0.7:8786"
        scheduler_key = "/key.pem"
        send_session = true
        pieces = "/shared/pieces"
        [projects.near]
        path = "/near"
        guid = "g2"
        """

    found, wrong = parse_projects(text, "p.toml")

    assert wrong == []
    assert found["far"].options == ListOptions(
        scheduler=Scheduler(
            "tls://10.0.0.7:8786", "/ca.pem", "/client.pem", "/key.pem", sends_session=True
        ),
        pieces="/shared/pieces",
    )
    assert found["near"].options == ListOptions()
    # Each leads to a field.
    made = make_scheduler(dict.fromkeys(SCHEDULER_KEYS, "set"))
    assert made
    assert set(astuple(made)) == {"set"}


GOOD = '[projects.a]\npath = "/a"\nguid = "g"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("keep = 1\n", ["line 1: unknown key keep"]),
        ("[project.a]\n", ["line 1: unknown key project; did you mean projects?"]),
        (f"{GOOD}keeep = 2\n", ["line 4: unknown key keeep; did you mean keep?"]),
        (f"{GOOD}maped_path='/b'\n", ["line 4: unknown key maped_path; did you mean mapped_path?"]),
        (f"{GOOD}zzz = 2\n", ["line 4: unknown key zzz"]),
        ('[projects.a]\n\nguid = "g"\n', ["line 1: path is missing"]),
        ('[projects.a]\npath = "/a"\n', ["line 1: guid is missing"]),
        ("[projects.a]\n", ["line 1: path is missing", "line 1: guid is missing"]),
        (
            f"{GOOD}exclude = ['a', '[b']\n",
            [
                "line 4: exclude = ['a', '[b']: the pattern '[b': its [ is never closed; for the "
                "character, write \\["
            ],
        ),
        (
            f"{GOOD}include = '!a'\n",
            ["line 4: include = '!a': include '!a': use exclude for what is not wanted"],
        ),
        (
            f"{GOOD}scheduler = 'host:8786'\n",
            [
                "line 4: scheduler = 'host:8786': it has to be tls://HOST:PORT, or the absolute "
                "path of a scheduler file"
            ],
        ),
        (
            f"{GOOD}scheduler_ca = 'ca.pem'\n",
            [
                "line 4: scheduler_ca = 'ca.pem': it has to be an absolute path, which begins "
                "with /"
            ],
        ),
        (
            f"{GOOD}send_session = 'yes'\n",
            ["line 4: send_session = 'yes': it has to be true or false"],
        ),
        (
            f"{GOOD}only = 'gone'\n",
            [
                "line 4: only = 'gone': it has to be some of 'created', 'modified', 'deleted', "
                "'moved'"
            ],
        ),
        (f"{GOOD}only = ['moved']\n", ["line 1: only moved needs moves, which are not wanted"]),
        (
            f"{GOOD}min_size = '10M'\n",
            ["line 4: min_size = '10M': '10M' is not a size such as 4096, 10MB or 1.5GiB"],
        ),
        (
            f"{GOOD}min_size = 9\nmax_size = 8\n",
            ["line 1: no file is as large as min_size and not larger than max_size"],
        ),
        (
            f"{GOOD}filter_file = '/none'\n",
            [
                "line 4: filter_file = '/none': the filter file /none cannot be read: No such "
                "file or directory"
            ],
        ),
        ("[defaults]\npath = '/a'\n", ["line 2: unknown key path"]),
        (f"{GOOD}keep = 0\n", ["line 4: keep = 0: it has to be a number, from 1"]),
        (f"{GOOD}keep = true\n", ["line 4: keep = True: it has to be a number, from 1"]),
        (f"{GOOD}keep = '2'\n", ["line 4: keep = '2': it has to be a number, from 1"]),
        (f"{GOOD}deletes = 1\n", ["line 4: deletes = 1: it has to be true or false"]),
        (f"{GOOD}deletes = 'no'\n", ["line 4: deletes = 'no': it has to be true or false"]),
        (f"{GOOD}policy = ''\n", ["line 4: policy = '': it has to be text in quotes"]),
        (f"{GOOD}policy = 3\n", ["line 4: policy = 3: it has to be text in quotes"]),
        (f"{GOOD}expire = '3'\n", ["line 4: expire = '3': '3' is not a duration such as 10m,"]),
        (f"{GOOD}expire = 3\n", ["line 4: expire = 3: it has to be text in quotes"]),
        (f"{GOOD}index = -1\n", ["line 4: index = -1: it has to be a number, the archiver's"]),
        (f"{GOOD}index = '\u0661'\n", ["line 4: index = '\u0661': it has to be a number"]),
        (f"{GOOD}mapped_path = 'b'\n", ["line 4: mapped_path = 'b': it has to be an absolute"]),
        (f"{GOOD}transport = 'ssh'\n", ["line 4: transport = 'ssh': it has to be one of 'qq'"]),
        (f"{GOOD}transport = []\n", ["line 4: transport = []: it has to be one of 'qq'"]),
        (f"{GOOD}metadata = 'x'\n", ["line 4: metadata = 'x': it has to be one of 'mount'"]),
        (f"{GOOD}max_deletes = 'x'\n", ["line 4: max_deletes = 'x': "]),
        (f"{GOOD}max_deletes = -3\n", ["line 4: max_deletes = -3: it has to be a number, from 1"]),
        (f"{GOOD}max_unreadable = -3\n", ["line 4: max_unreadable = -3: '-3' is neither a number"]),
        (f"{GOOD}max_unreadable = true\n", ["line 4: max_unreadable = True: it has to be text"]),
        (f"{GOOD}keep = 1001\n", ["line 1: keep is 1001, and has to be from 1 to 1000"]),
        (f"{GOOD}sources = []\n", ["line 4: sources: it has to be tables [[projects.….sources]]"]),
        (f"{GOOD}sources = 3\n", ["line 4: sources: it has to be tables [[projects.….sources]]"]),
        ("[projects]\na = 3\n", ["line 2: projects.a has to be a table"]),
        ("projects = 3\n", ["line 1: projects has to be a table"]),
        ("defaults = 3\n", ["line 1: defaults has to be a table"]),
        ('[projects.""]\npath = "/a"\nguid = "g"\n', ["line 1: "]),
        ('[projects."a/b"]\npath = "/a"\nguid = "g"\n', ["line 1: "]),
        ("[projects.a]\npath = '/../a'\nguid = 'g'\n", ["line 1: /../a is not an absolute path"]),
        ("[projects.a]\npath = '/a'\nguid = 'g/..'\n", ["line 1: "]),
        (f"{GOOD}keep = 0x1{'0' * 5000}\n", ["line 4: keep = …: it is too great"]),
        (f"{GOOD}keep = {10**18 + 1}\n", ["line 4: keep = 1000000000000000001: it is too great"]),
        (f"{GOOD}index = 0x1{'0' * 5000}\n", ["line 4: index = …: it has to be a number, the"]),
        (f"{GOOD}index = '{'1' * 5000}'\n", ["line 4: index = '11"]),
        (f"{GOOD}policy = [0x1{'0' * 5000}]\n", ["line 4: policy = …: it has to be text"]),
        (f"x = {'[' * 100_000}\n", ["line 1: it is not TOML that can be read: it is nested too"]),
        (
            "[projects.a]\nguid = 'g'\nsources = [{ path = '/a' }, 3]\n",
            ["line 3: projects.a.sources.1 has to be a table"],
        ),
        ("keep = = 3\n", ["line 1: it is not TOML: "]),
        ("\n\n[projects.a\n", ["line 3: it is not TOML: "]),
        (f"{GOOD}{GOOD}", ["line 4: it is not TOML: "]),
        (f"{GOOD}keep = 1\nkeep = 2\n", ["line 5: it is not TOML: "]),
        (
            "[projects.a]\nguid = 'g'\n[[projects.a.sources]]\npath = '/a'\n"
            "[[projects.a.sources]]\n# no path\nindex = 2\n",
            ["line 5: path is missing"],
        ),
        (
            "[projects.a]\nguid = 'g'\n[[projects.a.sources]]\npath = '/a'\n"
            "[[projects.a.sources]]\npath = '/b'\nindx = 2\n",
            ["line 7: unknown key indx; did you mean index?"],
        ),
        (
            "[projects.a]\nguid = 'g'\n[[projects.a.sources]]\npath = '/a/'\n"
            "[[projects.a.sources]]\npath = '//a'\nindex = 2\n",
            ["line 1: two sources of the project a have the path /a"],
        ),
        (
            "[projects.a]\nguid = 'g'\n[[projects.a.sources]]\npath = '/a'\n"
            "[[projects.a.sources]]\npath = '/b'\nindex = '01'\n",
            ["line 1: two sources of the project a have the GUID and index g/1"],
        ),
        (
            f"{GOOD}[[projects.a.sources]]\npath = '/b'\n",
            ["line 1: project a: give path in each of its sources, or sources"],
        ),
        (
            f"{GOOD}x = 1\n[projects.b]\nguid = 'h'\npath = 'b'\n",
            ["line 4: unknown key x", "line 7: path = 'b': it has to be an absolute path"],
        ),
    ],
)  # fmt: skip
def test_every_mistake_names_its_file_its_line_and_its_key(text: str, expected: list[str]) -> None:
    found = problems(text)

    assert len(found) == len(expected), found
    for message, beginning in zip(found, expected, strict=True):
        assert message.startswith(f"p.toml, {beginning}"), message


def test_projects_whose_formats_have_the_same_file_overwrite_each_others_list() -> None:
    other = '[projects.b]\npath = "/b"\nguid = "g"\nformat = ["csv", "xml-classic"]\n'

    assert problems(GOOD + other) == [
        "p.toml, line 4: the projects a and b have the same list: the GUID g with the index 1"
    ]


def test_projects_that_overwrite_each_others_list_are_a_mistake() -> None:
    """Else one of the two lists is committed although nobody has seen it."""
    other = '[projects.b]\npath = "/b"\nguid = "g"\nindex = "01"\n'

    assert problems(GOOD + other) == [
        "p.toml, line 4: the projects a and b have the same list: the GUID g with the index 1"
    ]
    assert problems(f"{GOOD}{other}format = 'ndjson'\n") == []
    # Whatever the work folders of the configurations are: a GUID is of one project.
    assert len(problems(f"{GOOD}{other}config = '/other.conf'\n")) == 1


def test_what_a_run_would_refuse_is_a_mistake() -> None:
    for wrong in ("format = 'bogus'", "workers = 1000000", "metadata = 'mount'", "page_size = 9e9"):
        _, (problem,) = parse_projects(f"\n{GOOD}{wrong}\n", "p", check=check_project)
        key = wrong.split()[0]
        assert problem.line == (5 if key == "page_size" else 2)
        assert {"metadata": "mapped path", "format": "bogus"}.get(key, key) in problem.message


OTHER = '[projects.c]\npath = "/a"\nguid = "h"\n'


def test_a_project_with_a_mistake_is_left_out_and_the_others_are_there() -> None:
    found, wrong = parse_projects(f"{GOOD}[projects.b]\nkeep = 0\n{OTHER}", "p")

    assert list(found) == ["a", "c"]
    assert len(wrong) == 3


@given(st.text() | st.text("[]projectsdefaultskeep.\"'= \n#{}0123,"))
def test_no_text_ends_in_anything_but_projects_or_problems(text: str) -> None:
    _, wrong = parse_projects(text, "p.toml")

    assert all(1 <= one.line <= len(re.split("\r\n|[\n\r]", text)) + 1 for one in wrong)


def test_lines_are_found_in_any_way_to_write_toml() -> None:
    text = (
        "a.b = 1\n"
        '"c d" = """\n'
        "[not a table]\n"
        "e = 1\n"
        '"""\n'
        "[ f . 'g.h' ]   # comment ]\n"
        "i = { j = 1 }\n"
        "[[k]]\n"
        "l = 1\n"
        "[k.m]\n"
        "n = 1\n"
        "[[k]]\n"
        "l = 2\n"
        "[[k.o]]\n"
        "p = 1\n"
    )
    lines = find_lines(text)

    for path, line in (
        (("a", "b"), 1), (("c d",), 2), (("f", "g.h"), 6), (("f", "g.h", "i"), 7),
        (("f", "g.h", "i", "j"), 7), (("k", 0), 8), (("k", 0, "l"), 9), (("k", 0, "m", "n"), 11),
        (("k", 1), 12), (("k", 1, "l"), 13), (("k", 1, "o", 0, "p"), 15), (("nowhere",), 1),
    ):  # fmt: skip
        assert line_of(lines, path) == line, path


# Files


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The machine's file and the user's, which both do not exist yet."""
    system, own = tmp_path / "system.toml", tmp_path / "own" / "projects.toml"
    own.parent.mkdir()
    monkeypatch.setattr(projects_file, "_SYSTEM_PATH", str(system))
    monkeypatch.setattr(addition, "default_paths", lambda: [str(system), str(own)])
    monkeypatch.setattr(projects_file, "default_paths", lambda: [str(system), str(own)])
    return system, own


def test_the_projects_of_both_files_count_and_a_project_in_both_is_a_mistake(
    paths: tuple[Path, Path],
) -> None:
    system, own = paths
    assert read_projects() == {}
    system.write_text(GOOD)
    own.write_text('\n[projects.b]\npath = "/b"\nguid = "h"\n')
    assert list(read_projects()) == ["a", "b"]

    own.write_text(f"\n{GOOD.replace('/a', '/b')}")
    with pytest.raises(ProjectFileError, match=re.escape(f"{own}, line 2: the project a is in")):
        read_projects()


def test_a_file_that_was_named_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(ProjectFileError, match=r"none\.toml cannot be read: No such file"):
        read_projects(str(tmp_path / "none.toml"))
    with pytest.raises(ProjectFileError, match="cannot be read: Is a directory"):
        read_projects(str(tmp_path))


def test_a_file_that_is_not_utf_8_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(b"[projects.a]\npath = '/\xff'\n")

    with pytest.raises(ProjectFileError, match=r"p\.toml cannot be read: line 2 is not UTF-8"):
        read_projects(str(tmp_path / "p.toml"))


def test_a_file_of_windows_is_read(tmp_path: Path) -> None:
    """With its line endings, and the mark at its beginning."""
    (tmp_path / "p.toml").write_bytes(GOOD.replace("\n", "\r\n").encode("utf-8-sig"))

    assert list(read_projects(str(tmp_path / "p.toml"))) == ["a"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(GOOD)
    (tmp_path / "p.toml").chmod(0)

    with pytest.raises(ProjectFileError, match="Permission denied") as caught:
        check_projects(str(tmp_path / "p.toml"))
    assert caught.value.hint == "Let this user read it."


def test_a_project_is_not_added_to_a_file_that_would_be_refused_then(
    paths: tuple[Path, Path], tmp_path: Path
) -> None:
    system, own = paths
    system.write_text(GOOD)
    own.write_text("[defaults]\nkeep = 0\n")  # wrong as it is already
    named = tmp_path / "named.toml"
    block = '[projects.b]\npath = "/b"\nguid = "g"\n'

    check_addition(str(named), block)
    with pytest.raises(UsageError, match="the projects a and b have the same list"):
        check_addition(str(own), block)
    named.write_text("[defaults]\nmetadata = 'mount'", encoding="utf-8")
    check_addition(str(named), block)
    with pytest.raises(UsageError, match="the mapped path is needed"):
        check_addition(str(named), block, check_project)


def test_an_unknown_project_is_guessed() -> None:
    projects = parse_projects(GOOD.replace(".a", ".show1"), "p")[0]

    assert find_project(projects, "show1").name == "show1"
    with pytest.raises(UnknownProjectError, match="no project 'shwo1'; did you mean show1"):
        find_project(projects, "shwo1")
    with pytest.raises(UnknownProjectError, match=r"no project 'x'$"):
        find_project(projects, "x")


def test_filters_of_a_project_begin_with_the_lines_of_its_file(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_bytes(b"\xef\xbb\xbf# litter\n@litter\r\n\n*.tmp  \na\\ \n")
    text = (
        f"{GOOD}filter_file = '{lines}'\nexclude = '!keep.tmp'\n"
        "min_size = '10kB'\nmax_size = 20000\n"
        "newer_than = 2026-01-31T18:00:00Z\nolder_than = '7days'\nonly = ['created', 'modified']\n"
    )

    found, wrong = parse_projects(text, "p.toml")

    assert wrong == []
    assert found["a"].options.filters == Filters(
        exclude=("@litter", "*.tmp", "a\\ ", "!keep.tmp"),
        min_size=10_000,
        max_size=20_000,
        newer_than="2026-01-31T18:00:00+00:00",
        older_than="7days",
        only=("created", "modified"),
    )
