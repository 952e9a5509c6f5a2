"""What the wheel and the sdist contain."""

import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from manual.pages import make_pages

from tests.packages.conftest import (
    DEVELOPERS_EXTRAS,
    PROGRAMS,
    REPOSITORY,
    Built,
    run,
    tracked_files,
)


def names_in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def test_the_wheel_has_every_file_of_the_packages_the_licence_the_man_pages_and_nothing_else(
    built: Built,
) -> None:
    name = "qumulo_changelist-" + built.wheel.name.split("-")[1]
    about = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")

    found = names_in_wheel(built.wheel)

    assert found == {
        *(one.removeprefix("src/") for one in tracked_files() if one.startswith("src/")),
        *(f"{name}.dist-info/{one}" for one in about),
        *(f"{name}.data/data/share/man/man1/{page}" for page in make_pages()),
    }
    assert {"qumulo_changelist/py.typed", "qumulo_emulator/py.typed"} < found


def test_the_sdist_has_every_file_of_the_repository_and_the_man_pages(built: Built) -> None:
    with tarfile.open(built.sdist) as opened:
        found = {one.name.partition("/")[2]: one for one in opened if not one.isdir()}

    pages = {f"man/{page}" for page in make_pages()}
    assert set(found) == {*tracked_files(), "PKG-INFO", *pages}


def test_the_sdist_builds_the_same_wheel(built: Built, tmp_path: Path) -> None:
    run(PROGRAMS / "uv", "build", "--quiet", "--wheel", "--out-dir", tmp_path, built.sdist)

    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == built.wheel.name
    assert wheel.read_bytes() == built.wheel.read_bytes()


def test_the_tests_of_the_sdist_run_in_it(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as opened:
        opened.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "tests/parts/test_durations.py", "tests/parts/test_names.py"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as opened:
        (name,) = [one for one in opened.namelist() if one.endswith(".dist-info/METADATA")]
        return HeaderParser().parsestr(opened.read(name).decode())


def extras_for_users(metadata: Message) -> set[str]:
    return set(metadata.get_all("Provides-Extra", [])) - DEVELOPERS_EXTRAS


def test_the_metadata_name_what_an_installer_and_an_index_show(built: Built) -> None:
    metadata = metadata_of(built.wheel)

    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "Development Status :: 5 - Production/Stable" in metadata.get_all("Classifier", [])
    wanted: dict[str, set[str]] = {}
    for line in metadata.get_all("Requires-Dist", []):
        if found := re.fullmatch(r"(.*?)\s*;.*extra == '(\w+)'", line):
            wanted.setdefault(found[2], set()).add(found[1])
    for_users = extras_for_users(metadata) - {"all"}
    assert "emulator" in for_users
    assert wanted["all"] == set().union(*(wanted[extra] for extra in for_users))


def test_the_page_on_installation_names_the_commands_that_are_tested_and_every_extra(
    built: Built,
) -> None:
    page = (REPOSITORY / "docs" / "install.md").read_text(encoding="utf-8")

    assert {
        "pipx install '.[all]'",
        "uv tool install --with-executables-from qumulo-api '.[all]'",
        "/opt/qumulo-changelist/bin/pip install '.[all]'",
    } <= {line.strip() for line in page.splitlines()}
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert named == extras_for_users(metadata_of(built.wheel))
    assert built.wheel.name in page
