"""In a folder where every user may write, nothing of another user is used for a list."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_changelist.cli.log_file import LogFile
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.errors import LogFileError, OutputError, StateFileError
from qumulo_changelist.machine.owners import check_owners
from qumulo_changelist.operations.doctor.checks import Check, CheckStatus, Examination
from qumulo_changelist.operations.doctor.machine import examine_folders
from qumulo_changelist.operations.lists.places import LISTS_FOLDER, check_places
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.project.state import state_path

US, ATTACKER = 65_533, 65_532
"""Users without a name."""

REQUEST = ChangelistRequest(
    project="show", guid="5f1c", source_index="1", base_path="/show", older=1, newer=2,
    mapped_path="/mnt",
)  # fmt: skip

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


class Machine:
    """A folder like ``/tmp``, and files of several users in it."""

    def __init__(self, folder: Path) -> None:
        self.shared = folder / "shared"
        self.shared.mkdir()
        self.shared.chmod(0o1777)

    def folder(self, name: str, owner: int, mode: int = 0o755) -> Path:
        made = self.shared / name
        made.mkdir(parents=True)
        os.chown(made, owner, owner)
        made.chmod(mode)
        return made

    def file(self, name: str, owner: int) -> Path:
        made = self.shared / name
        made.write_text("planted")
        os.chown(made, owner, owner)
        return made

    def link(self, name: str, target: Path, owner: int) -> Path:
        made = self.shared / name
        made.symlink_to(target)
        os.chown(made, owner, owner, follow_symlinks=False)
        return made

    def check(self, user: int = US) -> None:
        """Look at the places of a list whose work folder is the shared one, as a user."""
        os.seteuid(user)
        try:
            check_places(str(self.shared), REQUEST)
        finally:
            os.seteuid(0)


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that every user reaches, as those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="owners-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture
def machine(outside: Path) -> Machine:
    return Machine(outside)


def test_a_folder_that_is_not_there_yet_or_is_our_own_is_used(machine: Machine) -> None:
    machine.check()
    machine.folder(LISTS_FOLDER, US)
    machine.check()
    machine.folder(f"{LISTS_FOLDER}/5f1c", US, 0o777)
    machine.check()


def test_a_folder_that_somebody_else_made_is_refused_with_the_owner_and_what_to_do(
    machine: Machine,
) -> None:
    planted = machine.folder(LISTS_FOLDER, ATTACKER, 0o777)

    with pytest.raises(OutputError) as refused:
        machine.check()

    assert f"the folder {planted} belongs to the user with the number {ATTACKER}" in str(
        refused.value
    )
    assert f"`chown {US} {planted}`" in refused.value.hint
    assert "FastScanWorkFolder" in refused.value.hint
    assert list(planted.iterdir()) == []


def test_the_folder_of_a_project_is_looked_at_where_everybody_may_write(machine: Machine) -> None:
    machine.folder(LISTS_FOLDER, US, 0o1777)
    planted = machine.folder(f"{LISTS_FOLDER}/5f1c", ATTACKER, 0o777)

    with pytest.raises(OutputError, match=str(planted)):
        machine.check()


@pytest.mark.parametrize("name", ["1-files.xml", "1-files.json"])
def test_a_list_or_receipt_that_somebody_else_planted_is_refused(
    machine: Machine, name: str
) -> None:
    machine.folder(LISTS_FOLDER, US)
    machine.folder(f"{LISTS_FOLDER}/5f1c", US, 0o1777)
    planted = machine.file(f"{LISTS_FOLDER}/5f1c/{name}", ATTACKER)

    with pytest.raises(OutputError, match=f"the file {planted} belongs to"):
        machine.check()

    assert planted.read_text() == "planted"


def test_a_link_of_somebody_else_is_refused_and_one_of_root_is_followed(
    machine: Machine, outside: Path
) -> None:
    target = outside / "ours"
    target.mkdir()
    os.chown(target, US, US)
    link = machine.link(LISTS_FOLDER, target, ATTACKER)
    with pytest.raises(OutputError, match=f"the link {link} belongs to"):
        machine.check()

    os.chown(link, 0, 0, follow_symlinks=False)
    machine.check()


def test_what_a_link_leads_to_is_looked_at_too(machine: Machine) -> None:
    planted = machine.folder("planted", ATTACKER, 0o777)
    machine.link(LISTS_FOLDER, Path("../shared/planted"), US)

    with pytest.raises(OutputError, match=f"the folder {planted} belongs to"):
        machine.check()


def test_a_folder_of_an_administrator_that_not_everybody_may_write_to_is_as_it_was_wanted(
    outside: Path,
) -> None:
    given = outside / "given"
    given.mkdir()
    os.chown(given, ATTACKER, US)
    given.chmod(0o2775)
    inner = given / "lists"
    inner.mkdir()
    os.chown(inner, ATTACKER, US)

    os.seteuid(US)
    try:
        check_owners(str(inner / "1-files.xml"))
    finally:
        os.seteuid(0)


def test_a_file_system_that_gives_to_nobody_what_root_makes_still_has_owners(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an NFS server without no_root_squash."""
    planted = machine.folder(LISTS_FOLDER, ATTACKER, 0o777)
    real = os.fstat

    def everything_is_of_nobody(descriptor: int) -> os.stat_result:
        found = list(real(descriptor))
        found[4] = 65_534
        return os.stat_result(found)

    monkeypatch.setattr("qumulo_changelist.machine.owners.os.fstat", everything_is_of_nobody)
    with pytest.raises(OutputError, match=str(planted)):
        machine.check(0)


def test_a_file_system_without_owners_is_used(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a share is that was mounted for one user: whatever is made there belongs to that one."""
    machine.folder(LISTS_FOLDER, ATTACKER, 0o777)
    real = os.fstat

    def everything_is_of_one(descriptor: int) -> os.stat_result:
        found = list(real(descriptor))
        found[4] = ATTACKER
        return os.stat_result(found)

    monkeypatch.setattr("qumulo_changelist.machine.owners.os.fstat", everything_is_of_one)

    machine.check()


def test_root_uses_nothing_that_a_user_planted_either(machine: Machine) -> None:
    planted = machine.folder(LISTS_FOLDER, ATTACKER, 0o777)

    with pytest.raises(OutputError, match=str(planted)):
        machine.check(0)


def test_a_journal_that_somebody_else_planted_is_refused_too(machine: Machine) -> None:
    planted = machine.file("state.sqlite", ATTACKER)

    for path in (planted, machine.folder("theirs", ATTACKER, 0o777) / "state.sqlite"):
        with pytest.raises(StateFileError, match="belongs to the user with the number"):
            state_path(str(path))

    assert state_path(str(machine.shared / "new.sqlite"))


def refuse_log(path: Path) -> str:
    """What is said of a log that root is not to write."""
    with pytest.raises(LogFileError) as refused:
        LogFile(str(path))
    return str(refused.value)


def test_a_log_that_somebody_else_planted_gets_no_line(machine: Machine) -> None:
    planted = machine.file("run.log", ATTACKER)
    planted.chmod(0o666)
    inside = machine.folder("theirs", ATTACKER, 0o777) / "run.log"

    assert f"{planted} is not used: the file {planted} belongs to the user" in refuse_log(planted)
    assert f"the folder {inside.parent} belongs to the user" in refuse_log(inside)
    assert planted.read_text() == "planted"
    assert not inside.exists()

    own = machine.shared / "own.log"
    LogFile(str(own)).close()
    LogFile(str(own)).close()


def test_a_log_that_is_a_second_name_of_another_file_gets_no_line(
    machine: Machine, outside: Path
) -> None:
    victim = outside / "victim"
    victim.write_text("ours")
    os.link(victim, machine.shared / "run.log")

    assert "a file with several names" in refuse_log(machine.shared / "run.log")
    assert victim.read_text() == "ours"
    LogFile(str(victim)).close()  # elsewhere that is nobody else's doing


def test_a_log_that_somebody_plants_at_the_last_moment_gets_no_line(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qumulo_changelist.cli.log_file.check_owners", lambda *_: None)

    assert "belongs to the user" in refuse_log(machine.file("run.log", ATTACKER))


def test_doctor_finds_it_before_a_run_does(machine: Machine) -> None:
    planted = machine.folder(f"{LISTS_FOLDER}/5f1c", ATTACKER, 0o777)
    os.chmod(planted.parent, 0o1777)
    checks: list[Check] = []
    settings = Settings(("cluster",), 8000, "user", Secret("x"), work_folder=str(machine.shared))

    examine_folders(Examination(checks.append), settings, str(machine.shared / "state"), ["5f1c"])

    failed = [check for check in checks if check.status is CheckStatus.FAILED]
    assert [check.name for check in failed] == ["work-folder"]
    assert str(planted) in failed[0].detail
