"""How a run ends: exit codes, with messages that say what to do; the earlier list stays.

What every option and every key of the configuration accepts is in ``tests/parts/test_options.py``
and ``tests/parts/test_configuration.py``; what qq can print and how it can fail is in
``tests/parts/test_qq_*.py``.
"""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.failures import NO_LIST, check_failed, fake_qq, keep_earlier_list
from tests.end_to_end.files import write_files
from tests.end_to_end.site import CommandResult, Site
from tests.qq import QQ


class Project(NamedTuple):
    """A site with an earlier list and two snapshots, between which a file was created."""

    site: Site
    older: int
    newer: int

    def generate(self, *options: str) -> CommandResult:
        return self.site.generate(self.older, self.newer, *options)

    def check_failed(self, done: CommandResult, code: int, *texts: str) -> None:
        check_failed(self.site, done, code, *texts)


@pytest.fixture
def project(site: Site) -> Project:
    older = site.snapshot()
    (site.mount / "new.mov").write_text("x")
    keep_earlier_list(site)
    return Project(site, older, site.snapshot())


# Lists


@pytest.mark.parametrize("descriptors", [64, 24])
def test_0_even_if_a_process_may_open_only_a_few_files(site: Site, descriptors: int) -> None:
    older = site.snapshot()
    write_files(site.mount, *(f"{number:03}/sub/file" for number in range(150)))
    newer = site.snapshot()
    arguments = site.arguments(older, newer, "--deletes", "--moves", "--verify", "--transport=rest")
    command = site.command("qumulo_generate_changelist.py", *arguments, "--workers=2")

    done = subprocess.run(
        ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", *command],
        capture_output=True,
        env=site.variables(),
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert site.list_path.read_bytes().count(b"/sub/file") == 150


def test_1_if_a_file_was_deleted_before_it_was_read(project: Project) -> None:
    site = project.site
    (site.mount / "new.mov").unlink()
    done = project.generate("--transport=rest")
    assert (done.code, done.output) == (1, f"{site.list_path}\n")
    assert "cannot be read: '/new.mov': it is gone since the snapshot" in done.messages
    assert b'<bad-dir name="/new.mov"' in site.list_path.read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else")
def test_4_if_somebody_else_made_the_folder_where_everybody_may(site: Site) -> None:
    older = site.snapshot()
    (site.mount / "new.mov").write_text("x")
    newer = site.snapshot()
    planted = site.list_path.parent
    planted.mkdir(parents=True)
    planted.parent.chmod(0o1777)
    os.chown(planted, 65_532, 65_532)

    done = site.generate(older, newer, "--transport=rest")

    assert (done.code, done.output) == (4, ""), done.messages
    assert f"the folder {planted} belongs to the user with the number 65532" in done.messages
    assert NO_LIST in done.messages
    assert "chown" in done.messages
    assert list(planted.iterdir()) == []


# The command line and the configuration


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("--prevsnapshotid", "1_0", "--prevsnapshotid"),
        ("--sourceindex", "../1", "--sourceindex"),
        ("--projectguid", "a/b", "--projectguid"),
        ("--basepath", "relative/path", "relative/path is not an absolute path"),
        ("--basepath", "/show/../other", "/show/../other is not an absolute path"),
        ("--mappedpath", "/no/such/mount", "mapped path /no/such/mount"),
        ("--mappedpath", "/etc/passwd", "mapped path /etc/passwd"),
    ],
)
def test_2_if_an_option_is_wrong(project: Project, option: str, value: str, text: str) -> None:
    project.check_failed(project.generate(f"{option}={value}"), 2, text)


def test_2_if_an_option_is_missing(project: Project) -> None:
    arguments = project.site.arguments(project.older, project.newer)
    at = arguments.index("-g")
    done = project.site.run("qumulo_generate_changelist.py", *arguments[:at], *arguments[at + 2 :])
    project.check_failed(done, 2, "-g")


def test_2_if_the_older_snapshot_is_not_older(project: Project) -> None:
    site, older, newer = project
    project.check_failed(site.generate(newer, older), 2, "is not older than", "--prevsnapshotid")


def test_2_if_the_source_path_is_relative(site: Site) -> None:
    done = site.run("qumulo_create_snap.py", "-p", "show", "-s", "projects")
    check_failed(site, done, 2, "projects is not an absolute path", "such as /projects/show1")


@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
def test_23_if_the_configuration_lacks_a_key(project: Project, value: str | None) -> None:
    project.site.configure(QumuloUsername=value)
    configuration = str(project.site.configuration)
    project.check_failed(project.generate(), 23, "QumuloUsername", configuration)


def test_23_if_the_port_is_malformed(project: Project) -> None:
    project.site.configure(QumuloClusterPort="https")
    project.check_failed(project.generate(), 23, "QumuloClusterPort", "https")


@pytest.mark.parametrize("unreadable", ["missing", "a folder"])
def test_23_if_the_configuration_cannot_be_read(project: Project, unreadable: str) -> None:
    configuration = project.site.configuration
    configuration.unlink()
    if unreadable == "a folder":
        configuration.mkdir()
    project.check_failed(project.generate(), 23, str(configuration), "--config")


def test_an_option_can_name_the_configuration(project: Project) -> None:
    other = project.site.folder / "other.conf"
    project.site.configuration.rename(other)
    assert project.generate("--config", str(other), "--transport=rest").code == 0


# The output


def test_4_if_the_folder_of_the_list_cannot_be_made(project: Project) -> None:
    file = project.site.folder / "file"
    file.write_text("")
    project.site.configure(FastScanWorkFolder=str(file))
    project.check_failed(project.generate(), 4, str(file), "Not a directory")


@pytest.mark.parametrize("output", [">&-", ">/dev/full"])
def test_4_if_the_result_cannot_be_printed(site: Site, output: str) -> None:
    done = create_snapshot(site, output)
    assert done.returncode == 4
    assert "cannot be written to standard output" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("messages", ["2>&-", "2>/dev/full"])
def test_a_result_is_printed_even_if_messages_cannot_be(site: Site, messages: str) -> None:
    done = create_snapshot(site, messages)
    assert (done.returncode, int(done.stdout) > 0) == (0, True)


def create_snapshot(site: Site, redirection: str) -> subprocess.CompletedProcess[str]:
    command = site.command("qumulo_create_snap.py", "-p", "show", "-s", site.source, "--verbose")
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        capture_output=True,
        env=site.variables(),
        text=True,
    )


# qq


def test_127_if_qq_is_not_on_the_path(project: Project) -> None:
    project.site.qq = project.site.folder
    project.check_failed(project.generate(), 127, "PATH", "pip install qumulo-api")


def test_the_configuration_can_name_the_path_of_qq(project: Project) -> None:
    site = project.site
    site.configure(QumuloQqPath=str(site.qq / "qq"))
    site.qq = site.folder
    assert project.generate().code == 0
    site.configure(QumuloQqPath=str(site.folder / "qq"))
    keep_earlier_list(site)
    project.check_failed(project.generate(), 127, "QumuloQqPath", str(site.folder / "qq"))


def test_the_exit_code_of_qq_is_kept_with_its_message(project: Project) -> None:
    fake_qq(project.site, "echo 'Unknown to us' >&2; exit 42")
    project.check_failed(
        project.generate(), 42, "Unknown to us", "qq snapshot_list_statuses", NO_LIST
    )


def test_a_signal_that_kills_qq_is_named(project: Project) -> None:
    fake_qq(project.site, "kill -KILL $$")
    code = 128 + signal.SIGKILL
    project.check_failed(project.generate(), code, "killed by signal SIGKILL")


# The cluster, through qq


def use_wrong_password(site: Site) -> None:
    site.configure(QumuloPassword="wrong password")


def use_wrong_port(site: Site) -> None:
    site.configure(QumuloClusterPort="1")


@pytest.mark.parametrize(
    ("mistake", "texts"),
    [
        (use_wrong_password, ("Error 401", "QumuloUsername and QumuloPassword")),
        (use_wrong_port, ("Connection error", "QumuloClusterIP and QumuloClusterPort")),
    ],
)
def test_what_qq_reports_is_printed_once_with_a_hint(
    project: Project, any_qq: Path, mistake: Callable[[Site], None], texts: tuple[str, ...]
) -> None:
    project.site.qq = any_qq
    mistake(project.site)
    done = project.generate("--retry-for", "0")
    project.check_failed(done, 1, *texts)
    assert done.messages.count(texts[0]) == 1
    assert "wrong password" not in done.messages


def test_a_wrong_password_is_not_printed_even_by_a_verbose_run(project: Project) -> None:
    use_wrong_password(project.site)
    assert "wrong password" not in project.generate("--verbose").messages


def test_an_unknown_snapshot_or_path_is_reported(project: Project, any_qq: Path) -> None:
    site = project.site
    site.qq = any_qq
    done = site.generate(project.older, 10**30)
    project.check_failed(done, 66, f"has no snapshot {10**30}", "snapshot_list_statuses")
    done = site.run("qumulo_create_snap.py", "-p", "show", "-s", f"{site.source}/nowhere")
    project.check_failed(done, 1, "Error 404", "path exists on the cluster")
    assert "list" not in done.messages


@pytest.mark.parametrize(
    ("qq", "action"),
    [
        ("qq of today", "close"),
        ("qq of today", "garbage"),
        ("qq before 6.2.2", "truncate"),
    ],
)
def test_a_cluster_that_fails_in_the_middle_of_a_diff_leaves_no_list(
    cluster: Emulator, site: Site, qq: str, action: str
) -> None:
    site.qq = QQ[qq]
    older = site.snapshot()
    write_files(site.mount, *(f"{number}.mov" for number in range(10)))
    newer = site.snapshot()
    keep_earlier_list(site)
    # The first page arrives, the second does not.
    cluster.fault(method="GET", path="*changes-since*", action=action, skip=1)
    done = site.generate(older, newer, "--retry-for", "1s")
    check_failed(site, done, 1, "qq snapshot_diff", "failed")
