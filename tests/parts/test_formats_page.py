"""What ``docs/formats.md`` says: its table, its examples, and its programs, which run."""

import re
from pathlib import Path

import duckdb
import pytest

from qumulo_changelist.model import CREATE, MODIFY, Attributes, Kind
from qumulo_changelist.output.formats import FORMATS
from tests.parts.entries import deleted, moved, present, unreadable
from tests.parts.test_formats import make_form, write_list

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"
TEXT = PAGE.read_text(encoding="utf-8")

FILE = Attributes(Kind.FILE, 700, 1_700_000_100, 1_700_000_150, 501, 20)
ENTRIES = [
    present("/reel2/b.mov", FILE, MODIFY),
    moved("/reel2/a, final.mov", "/reel2/a.mov", FILE),
    deleted("/reel1/caf\udce9.mov"),
    unreadable("/reel1/locked.mov", reason="Permission denied"),
]


def programs(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a list in each format that has a program on the page."""
    entries = [
        *ENTRIES,
        present("/\\odd\udcff", Attributes(Kind.FILE, 5, 2**60, 0, 0, 0), CREATE),
        present("/directory", Attributes(Kind.DIRECTORY, 512)),
    ]
    for name in ("csv", "parquet"):
        content = write_list(make_form(name), entries, [], tmp_path)
        (tmp_path / f"1-files.{name}").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_table_says_what_each_format_can_express():
    yes = {True: "yes", False: "no"}
    for name, known in FORMATS.items():
        if known.has_attributes:
            expressed = (
                known.has_deletions, known.has_moves, known.has_directories, known.has_attributes
            )  # fmt: skip
            row = (
                f"| `{name}` | `.{known.ending}` | {' | '.join(yes[each] for each in expressed)} | "
            )
            assert row in TEXT
            assert (f"{row}none |" in TEXT) is (not make_form(name).limitation)


def test_the_example_of_csv_is_what_it_is_written_like(tmp_path: Path) -> None:
    lines = write_list(make_form("csv"), ENTRIES, [], tmp_path).decode().splitlines()

    assert "\n".join(f"    {line}" for line in lines) in TEXT


def test_the_program_prints_exact_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = programs("python")

    exec(compile(program, str(PAGE), "exec"), {})

    assert capsys.readouterr().out.splitlines() == [
        "b'/reel2/b.mov' 700",
        "b'/reel2/a, final.mov' 700",
        r"b'/\\odd\xff' 5",
        "b'/directory' 512",
    ]


def test_duckdb_runs_the_queries(folder: Path) -> None:
    of_csv, of_parquet = programs("sql")
    sums, exact, metadata = of_parquet.strip().removesuffix(";").split(";")

    with duckdb.connect() as database:
        found = [database.execute(query).fetchall() for query in (of_csv, sums, exact, metadata)]

    by_change = [("created", 1, 5), ("deleted", 1, None), ("modified", 1, 700), ("moved", 1, 700)]
    assert found[0] == found[1] == [*by_change, ("unreadable", 1, None)]
    assert sorted(found[2]) == [
        (b"/\\odd\xff", 2**60),
        (b"/directory", 0),
        (b"/reel2/a, final.mov", 1_700_000_100),
        (b"/reel2/b.mov", 1_700_000_100),
    ]
    assert '"base_path":"/projects/<show> 1"' in found[3][0][0]
