"""What was built, installed as users install it, and run there."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from manual.pages import latest_release, make_pages

from tests.packages.conftest import (
    COMMANDS,
    PROGRAMS,
    Built,
    find_page,
    outside_environment,
    run,
)

VERSION, _ = latest_release()


@contextmanager
def emulated(programs: Path, root: Path, certificate: Path) -> Iterator[dict[str, Any]]:
    """Serve a folder as a cluster for a ``with`` block, which gets how to reach it."""
    server = subprocess.Popen(
        [programs / "python", "-m", "qumulo_emulator", "serve", root, "--port", "0",
         "--certificate", certificate],
        stdout=subprocess.PIPE,
        env=outside_environment(),
    )  # fmt: skip
    with server:
        assert server.stdout
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_shows_its_help_and_its_version(plain: Path, command: str) -> None:
    assert run(plain / command, "--help").startswith(f"usage: {command}")
    assert run(plain / command, "--version") == f"{command} {VERSION}\n"


def test_every_sub_command_shows_its_help_without_any_extra(plain: Path) -> None:
    script = (
        "import sys\n"
        "from qumulo_changelist.cli.main import make_parser\n"
        "parser = make_parser()\n"
        "(commands,) = [one for one in parser._actions if one.dest == 'command']\n"
        "for name, command in commands.choices.items():\n"
        "    print(name, len(command.format_help()))\n"
    )

    printed = run(plain / "python", "-c", script).splitlines()

    assert len(printed) > 10
    assert all(int(line.split()[1]) > 300 for line in printed)


def test_every_public_name_is_there_without_any_extra(plain: Path) -> None:
    run(plain / "python", "-c", "from qumulo_changelist import *")

    installed = run(PROGRAMS / "uv", "pip", "freeze", "--python", plain / "python")
    names = {line.partition("==")[0].partition(" ")[0] for line in installed.splitlines()}
    assert {"qumulo-changelist", "qumulo-api", "msgspec"} <= names
    assert not names & {"jinja2", "numpy", "plotly", "pyarrow", "pytest", "starlette", "uvicorn"}


def test_the_emulator_names_its_extra_if_that_is_missing(plain: Path) -> None:
    done = subprocess.run(
        [plain / "python", "-m", "qumulo_emulator", "serve", plain],
        env=outside_environment(),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "qumulo-changelist[emulator]" in done.stderr


@pytest.mark.parametrize("environment", ["plain", "complete"])
def test_what_is_installed_fits_together(environment: str, request: pytest.FixtureRequest) -> None:
    python = request.getfixturevalue(environment) / "python"

    printed = run(sys.executable, "-m", "pip", "--python", python, "check")

    assert printed == "No broken requirements found.\n"


def test_an_installation_makes_lists_of_an_emulated_cluster(complete: Path, tmp_path: Path) -> None:
    root, certificate = tmp_path / "cluster", tmp_path / "certificate.pem"
    root.mkdir()
    (root / "a.mov").write_text("earlier")
    configuration = tmp_path / "cluster.conf"
    configuration.touch(0o600)
    variables = {
        "PATH": f"{complete}:/usr/bin:/bin",
        "QUMULO_CHANGELIST_CONFIG": str(configuration),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    with emulated(complete, root, certificate) as cluster:
        configuration.write_text(
            "[General]\nQumuloClusterIP=127.0.0.1\nQumuloUsername=admin\n"
            f"QumuloClusterPort={cluster['port']}\nQumuloPassword={cluster['password']}\n"
            f"FastScanWorkFolder={tmp_path}\nQumuloCAFile={certificate}\n"
        )
        described = ("--project", "show1", "--source", "/", "--guid", "5f1c9a52")
        command = ("run", *described, "--transport=rest", "--commit", "--deletes")
        run(complete / "qumulo-changelist", *command, **variables)
        (root / "a.mov").unlink()
        (root / "b.mov").write_text("a day later")

        also = ("--format=xml", "--format=parquet", f"--report={tmp_path / 'report.html'}")
        printed = run(complete / "qumulo-changelist", *command, *also, **variables)
        taken = run(complete / "qumulo-create-snap", "-p", "show1", "-s", "/", **variables)

    made = tmp_path / "sdna-scan-files" / "5f1c9a52" / "1-files.xml"
    assert printed == f"{made}\n{made.with_suffix('.parquet')}\n"
    assert made.with_suffix(".parquet").read_bytes()[:4] == b"PAR1"
    assert "</html>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'<([\w-]+) name="([^"]*\.mov)"', made.read_text()) == [
        ("file", "/b.mov"),
        ("delete-file", "/a.mov"),
    ]
    assert taken.strip().isdigit(), "qq of the same environment took it"
    receipt = json.loads(made.with_suffix(".json").read_text())
    assert receipt["version"] == VERSION


def test_the_version_is_the_same_everywhere(built: Built) -> None:
    from qumulo_changelist import __version__

    assert __version__ == VERSION
    assert f"-{VERSION}-" in built.wheel.name
    assert f"-{VERSION}." in built.sdist.name


def test_man_finds_the_pages_where_the_commands_are_on_the_path(plain: Path) -> None:
    for page in make_pages():
        found = find_page(page.removesuffix(".1"), PATH=f"{plain}:/usr/bin")
        assert found == str(plain.parent / "share" / "man" / "man1" / page)


def test_pipx_puts_the_commands_and_the_pages_where_users_find_them(
    built: Built, tmp_path: Path
) -> None:
    places = {
        "PIPX_HOME": str(tmp_path / "home"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
        "PATH": f"{PROGRAMS}:/usr/bin:/bin",
    }

    run(PROGRAMS / "pipx", "install", "--quiet", "--python", sys.executable, built.wheel, **places)

    assert sorted(one.name for one in (tmp_path / "bin").iterdir()) == list(COMMANDS)
    assert run(tmp_path / "bin" / "qumulo-changelist", "--version").endswith(f" {VERSION}\n")
    assert {one.name for one in (tmp_path / "man" / "man1").iterdir()} == set(make_pages())


def test_uv_puts_the_commands_and_qq_where_users_find_them(built: Built, tmp_path: Path) -> None:
    places = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}

    run(
        PROGRAMS / "uv", "tool", "install", "--quiet", "--python", sys.executable,
        "--with-executables-from", "qumulo-api", built.wheel, **places,
    )  # fmt: skip

    found = {one.name for one in (tmp_path / "bin").iterdir()}
    assert found >= {*COMMANDS, "qq"}
    manual = run(PROGRAMS / "uv", "tool", "dir", **places).strip() + "/qumulo-changelist/share/man"
    assert find_page("qumulo-changelist-run", MANPATH=manual).startswith(manual)
    assert run(tmp_path / "bin" / "qumulo-changelist", "--version").endswith(f" {VERSION}\n")
