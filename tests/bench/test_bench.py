"""``make bench`` runs every comparison, also with small sizes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bench.scenarios import machine_scenarios

from tests.qq import QQ
from tests.quick import REPOSITORY

SIZES = [100_000, 300_000]
WITH_QUICK_QQ = """
import sys
from bench import __main__, site
site.PROGRAMS = sys.argv.pop(1)
sys.exit(__main__.main())
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    scratch = tmp_path_factory.mktemp("scratch")
    families = {scenario.family: None for scenario in machine_scenarios(SIZES)}
    only = [word for family in families for word in ("--only", family)]
    arguments = ["--quick", "--scratch", str(scratch), "--sizes", *map(str, SIZES), *only]
    folder = str(QQ["qq of today"])
    process = subprocess.run(
        [sys.executable, "-c", WITH_QUICK_QQ, folder, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert not any(Path(scratch).iterdir())
    return process


def rows(report: str) -> list[list[str]]:
    """Return the cells of the tables in a report."""
    return [line.strip("| ").split(" | ") for line in report.splitlines() if line.startswith("|")]


def test_every_way_works_and_every_claim_gets_its_figure(
    finished: subprocess.CompletedProcess[str],
) -> None:
    assert finished.returncode == 0, finished.stderr
    for scenario in machine_scenarios(SIZES, divisor=1000):
        for claim in scenario.claims:
            (row,) = [row for row in rows(finished.stdout) if row[0] == claim.what]
            if row[1].startswith("not measured: a C compiler"):
                assert not shutil.which("cc")
            else:
                assert "not measured" not in row[1]
                assert row[3] in ("yes", "no")


def test_all_ways_make_the_same_list(finished: subprocess.CompletedProcess[str]) -> None:
    assert "DIFFER" not in finished.stdout
    assert finished.stdout.count("list the same files, with the same sizes and times") == (
        4 if shutil.which("cc") else 2
    )


def test_a_report_has_the_command_and_the_machine_but_not_its_name(
    finished: subprocess.CompletedProcess[str],
) -> None:
    assert finished.stdout.startswith("`python -m bench --quick --scratch ")
    assert " cores, " in finished.stdout.splitlines()[0]
