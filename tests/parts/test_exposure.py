"""Who besides its user can read a file with a secret."""

import os
from pathlib import Path

import pytest

from qumulo_changelist.config.archiver import read_settings
from qumulo_changelist.config.exposure import describe_readers
from tests.parts.configuration_files import ini

OTHER = 65_533


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "cluster.conf"
    made.write_text(ini())
    made.chmod(0o600)
    return made


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (0o600, ""),
        (0o400, ""),
        (0o700, ""),
        (0o604, "every user of this machine can read it (mode 0604)"),
        (0o777, "every user of this machine can read it (mode 0777)"),
        (0o640, "every user of its group can read it (mode 0640)"),
        (0o620, "others can change it (mode 0620)"),
        (0o602, "others can change it (mode 0602)"),
    ],
)
def test_the_mode_shows_who_can_read_a_file(file: Path, mode: int, words: str) -> None:
    file.chmod(mode)

    settings = read_settings(str(file))

    assert settings.exposed_to == words
    assert settings.exposed_file == (str(file) if words else "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_of_a_file_can_read_it_and_root_can_read_everything(file: Path) -> None:
    os.chown(file, OTHER, OTHER)
    assert describe_readers(file.stat()) == (
        f"it belongs to a different user (number {OTHER}), who can read it"
    )

    os.chown(file, 0, 0)
    found = file.stat()
    os.seteuid(OTHER)
    try:
        assert describe_readers(found) == ""
    finally:
        os.seteuid(0)
