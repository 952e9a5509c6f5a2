"""How a run ends: each exit code, with a message that says what to do; the earlier list stays."""

import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.conftest import QQ
from tests.end_to_end.refusals import check_refused, fake_qq, keep_earlier_list
from tests.end_to_end.site import Finished, Site


@pytest.fixture
def changed(cluster: Emulator, site: Site) -> tuple[Site, int, int]:
    """A site with an earlier list and two snapshots, between which a file came."""
    older = site.snapshot_by_api(cluster)
    (site.mount / "new.mov").write_text("x")
    keep_earlier_list(site)
    return site, older, site.snapshot_by_api(cluster)


def test_0_when_the_list_is_complete(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    done = site.generate(older, newer)
    assert (done.code, done.output) == (0, f"{site.list_path}\n")


@pytest.mark.parametrize("descriptors", [64, 24])
def test_0_where_a_process_may_open_few_files(
    cluster: Emulator, site: Site, descriptors: int
) -> None:
    older = site.snapshot_by_api(cluster)
    for number in range(150):
        (site.mount / f"{number:03}/sub").mkdir(parents=True)
        (site.mount / f"{number:03}/sub/file").touch()
    newer = site.snapshot_by_api(cluster)
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


def test_1_when_a_file_went_before_it_was_read(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    (site.mount / "new.mov").unlink()
    done = site.generate(older, newer)
    assert (done.code, done.output) == (1, f"{site.list_path}\n")
    assert "cannot be read: '/new.mov': it is gone since the snapshot" in done.messages
    assert b'<bad-dir name="/new.mov"' in site.list_path.read_bytes()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--prevsnapshotid", "one"),
        ("--prevsnapshotid", "-1"),
        ("--prevsnapshotid", "0"),
        ("--prevsnapshotid", "1_0"),
        ("--newsnapshotid", ""),
        ("--newsnapshotid", "٣"),
        ("--sourceindex", "../1"),
        ("--projectguid", ""),
        ("--projectguid", ".."),
        ("--projectguid", "a/b"),
        ("--projectguid", "a..b"),
        ("--basepath", "relative/path"),
        ("--basepath", "/show/../other"),
        ("--mappedpath", "/no/such/mount"),
        ("--mappedpath", "/etc/passwd"),
    ],
)
def test_2_when_an_option_is_wrong(changed: tuple[Site, int, int], option: str, value: str) -> None:
    site, older, newer = changed
    done = site.generate(older, newer, f"{option}={value}")
    check_refused(site, done, 2)
    assert option in done.messages or "mapped path" in done.messages


@pytest.mark.parametrize("option", ["-p", "-b", "-m", "-g", "-i"])
def test_2_when_an_option_is_missing(changed: tuple[Site, int, int], option: str) -> None:
    site, older, newer = changed
    arguments = site.arguments(older, newer)
    at = arguments.index(option)
    done = site.run("qumulo_generate_changelist.py", *arguments[:at], *arguments[at + 2 :])
    check_refused(site, done, 2, option)


def test_2_when_the_older_snapshot_is_not_older(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    check_refused(site, site.generate(newer, older), 2, "is not older than")
    check_refused(site, site.generate(newer, newer), 2, "is not older than")


def test_2_when_the_source_path_is_relative(site: Site) -> None:
    done = site.run("qumulo_create_snap.py", "-p", "show", "-s", "projects")
    check_refused(site, done, 2, "--qumulosourcepath")


def test_4_when_the_folder_of_the_list_cannot_be_made(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    (site.folder / "file").write_text("")
    site.configure(FastScanWorkFolder=str(site.folder / "file"))
    check_refused(
        site, site.generate(older, newer), 4, str(site.folder / "file"), "Not a directory"
    )


@pytest.mark.parametrize("output", [">&-", ">/dev/full"])
def test_4_when_the_result_cannot_be_told(site: Site, output: str) -> None:
    command = site.command("qumulo_create_snap.py", "-p", "show", "-s", site.source)
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {output}', "sh", *command],
        stderr=subprocess.PIPE,
        env=site.variables(),
        text=True,
    )
    assert done.returncode == 4
    assert "cannot be written to standard output" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("messages", ["2>&-", "2>/dev/full"])
def test_a_result_is_told_even_where_messages_cannot_be(site: Site, messages: str) -> None:
    command = site.command("qumulo_create_snap.py", "-p", "show", "-s", site.source, "--verbose")
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {messages}', "sh", *command],
        stdout=subprocess.PIPE,
        env=site.variables(),
    )
    assert (done.returncode, int(done.stdout) > 0) == (0, True)


def test_4_when_there_is_no_room_for_the_list(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    done = subprocess.run(
        site.command("qumulo_generate_changelist.py", *site.arguments(older, newer)),
        capture_output=True,
        env=site.variables(),
        preexec_fn=forbid_files_beyond_100_bytes,
    )
    assert b"File too large" in done.stderr
    finished = Finished(done.returncode, done.stdout.decode(), done.stderr.decode())
    check_refused(site, finished, 4, str(site.list_path))


def forbid_files_beyond_100_bytes() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


@pytest.mark.parametrize(
    "key", ["QumuloClusterIP", "QumuloClusterPort", "QumuloUsername", "QumuloPassword"]
)
@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
def test_23_when_the_configuration_lacks_a_key(
    changed: tuple[Site, int, int], key: str, value: str | None
) -> None:
    site, older, newer = changed
    site.configure(**{key: value})
    check_refused(site, site.generate(older, newer), 23, key, str(site.configuration))


@pytest.mark.parametrize("port", ["https", "0", "65536", "80.0"])
def test_23_when_the_port_is_no_port(changed: tuple[Site, int, int], port: str) -> None:
    site, older, newer = changed
    site.configure(QumuloClusterPort=port)
    check_refused(site, site.generate(older, newer), 23, "QumuloClusterPort", port)


@pytest.mark.parametrize("unreadable", ["missing", "a folder"])
def test_23_when_the_configuration_cannot_be_read(
    changed: tuple[Site, int, int], unreadable: str
) -> None:
    site, older, newer = changed
    site.configuration.unlink()
    if unreadable == "a folder":
        site.configuration.mkdir()
    check_refused(site, site.generate(older, newer), 23, str(site.configuration), "--config")


def test_the_configuration_named_by_option_wins(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    other = site.folder / "other.conf"
    site.configuration.rename(other)
    assert site.generate(older, newer, "--config", str(other)).code == 0


def test_127_when_qq_is_not_on_the_path(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    site.qq = site.folder
    check_refused(site, site.generate(older, newer), 127, "PATH", "pip install qumulo-api")


def test_the_configuration_may_say_where_qq_is(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    site.configure(QumuloQqPath=str(site.qq / "qq"))
    site.qq = site.folder
    assert site.generate(older, newer).code == 0
    site.configure(QumuloQqPath=str(site.folder / "qq"))
    keep_earlier_list(site)
    check_refused(site, site.generate(older, newer), 127, "QumuloQqPath", str(site.folder / "qq"))


def test_the_exit_code_of_qq_becomes_ours_with_its_message(
    changed: tuple[Site, int, int],
) -> None:
    site, older, newer = changed
    fake_qq(site, "echo 'Something of its own' >&2; exit 42")
    check_refused(site, site.generate(older, newer), 42, "Something of its own", "qq snapshot_diff")


def test_a_signal_that_kills_qq_is_named(changed: tuple[Site, int, int]) -> None:
    site, older, newer = changed
    fake_qq(site, "kill -KILL $$")
    check_refused(
        site, site.generate(older, newer), 128 + signal.SIGKILL, "killed by signal SIGKILL"
    )


@pytest.mark.parametrize(
    "output",
    ["", "garbage", "{}", '{"entries": [{"op": "CREATE", "path": "/a"}', '{"entries": [{}]}'],
    ids=["nothing", "no JSON", "no entries", "cut", "no change"],
)
def test_what_makes_no_sense_is_never_taken_for_a_diff(
    changed: tuple[Site, int, int], output: str
) -> None:
    site, older, newer = changed
    fake_qq(site, f"cat <<'END'\n{output}\nEND")
    check_refused(site, site.generate(older, newer), 76, "No list was written")


def wrong_password(site: Site) -> None:
    site.configure(QumuloPassword="wrong one")
    site.environment = {"XDG_STATE_HOME": str(site.folder / "fresh")}


def nobody_there(site: Site) -> None:
    site.configure(QumuloClusterPort="1")


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (wrong_password, ("Error 401", "QumuloUsername and QumuloPassword")),
        (nobody_there, ("Connection error", "QumuloClusterIP and QumuloClusterPort")),
    ],
)
def test_trouble_with_the_cluster_comes_with_a_hint(
    changed: tuple[Site, int, int],
    any_qq: Path,
    trouble: Callable[[Site], None],
    told: tuple[str, ...],
) -> None:
    site, older, newer = changed
    site.qq = any_qq
    trouble(site)
    done = site.generate(older, newer)
    check_refused(site, done, 1, *told)
    assert done.messages.count(told[0]) == 1
    assert "wrong one" not in site.generate(older, newer, "--verbose").messages


def test_an_unknown_snapshot_is_told(changed: tuple[Site, int, int], any_qq: Path) -> None:
    site, older, _ = changed
    site.qq = any_qq
    check_refused(site, site.generate(older, 10**30), 1, "Error 404", "snapshot_list_statuses")


def test_an_unknown_source_path_is_told(site: Site, any_qq: Path) -> None:
    site.qq = any_qq
    done = site.run("qumulo_create_snap.py", "-p", "show", "-s", f"{site.source}/nowhere")
    check_refused(site, done, 1, "Error 404", "path exists on the cluster")


@pytest.mark.parametrize(
    ("qq", "action"),
    [
        ("qq of today", "close"),
        ("qq of today", "garbage"),
        ("qq before 6.2.2", "truncate"),
        ("qq before 6.2.2", "garbage"),
    ],
)
def test_a_cluster_that_fails_in_the_middle_of_a_diff_leaves_no_list(
    own_cluster: Emulator, own_site: Site, qq: str, action: str
) -> None:
    own_site.qq = QQ[qq]
    older = own_site.snapshot()
    for number in range(10):
        (own_site.mount / f"{number}.mov").write_text("x")
    newer = own_site.snapshot()
    keep_earlier_list(own_site)
    # The first page comes, the second does not.
    own_cluster.fault(method="GET", path="*changes-since*", action=action, skip=1)
    check_refused(own_site, own_site.generate(older, newer), 1, "qq snapshot_diff", "failed")
