"""The stored session: private, one for each user of a cluster, and renewed only once."""

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.errors import LoginError, QqTimeoutError, ReplyError, SessionStoreError


def session(
    folder: str, host: str = "192.0.2.10", port: int = 8000, user: str = "archiver"
) -> QqSession:
    return QqSession(host, port, user, folder=folder)


def keeps(token: str) -> Callable[[str], None]:
    """Return a login that keeps a token as qq does."""

    def login(path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "bearer_token": token}, file)

    return login


def fails(path: str) -> None:
    keeps("half a session")(path)
    raise LoginError("`qq login` failed", status=401)


def permissions(path: str) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


# What is kept


def test_at_first_there_is_no_session(session_folder):
    assert session(session_folder).token() == ""


def test_at_first_the_folder_may_be_missing(tmp_path):
    folder = str(tmp_path / "not" / "yet")

    assert session(folder).token() == ""
    session(folder).renew("", keeps("new"))

    assert session(folder).token() == "new"


def test_a_renewed_session_is_kept_for_later_runs(session_folder):
    session(session_folder).renew("", keeps("new"))

    assert session(session_folder).token() == "new"


def test_the_default_folder_is_among_the_users_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")

    path = QqSession("192.0.2.10", 8000, "archiver").path

    assert os.path.dirname(path).endswith("qumulo-changelist/sessions")


def test_each_host_port_and_user_has_its_own_session(session_folder):
    sessions = [
        session(session_folder, "a"),
        session(session_folder, "b"),
        session(session_folder, "a", 8001),
        session(session_folder, "a", user="b"),
        session(session_folder, "a8000", 800),
        session(session_folder, "../a"),
    ]
    for number, one in enumerate(sessions):
        one.renew("", keeps(str(number)))

    assert [one.token() for one in sessions] == ["0", "1", "2", "3", "4", "5"]
    assert {os.path.dirname(one.path) for one in sessions} == {session_folder}


def test_the_case_of_a_host_does_not_matter_and_that_of_a_user_does(session_folder):
    assert session(session_folder, "NAS").path == session(session_folder, "nas").path
    assert session(session_folder, user="Bob").path != session(session_folder, user="bob").path


def test_no_file_name_shows_the_user(session_folder):
    session(session_folder, user="archiver").renew("", keeps("new"))

    assert "archiver" not in " ".join(os.listdir(session_folder))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff",
        b'"token"',
        b"{}",
        b'{"version": 1}',
        b'{"bearer_token": "old"}',
        b'{"version": 2, "bearer_token": "old"}',
        b'{"version": 1, "bearer_token": 7}',
        b'{"version": 1, "bearer_token": null}',
        b'{"version": 1, "bearer_token": "old"',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_no_session(session_folder, content):
    one = session(session_folder)
    with open(one.path, "wb") as file:
        file.write(content)

    assert one.token() == ""
    one.renew("", keeps("new"))
    assert one.token() == "new"


# Privacy


def test_only_the_user_can_read_the_file_and_its_folder(tmp_path):
    folder = str(tmp_path / "sessions")
    before = os.umask(0)
    try:
        session(folder).renew("", keeps("new"))
    finally:
        os.umask(before)

    assert permissions(folder) == 0o700
    assert {permissions(os.path.join(folder, name)) for name in os.listdir(folder)} == {0o600}


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o777])
def test_a_folder_that_others_can_enter_is_made_private(session_folder, mode):
    os.chmod(session_folder, mode)

    session(session_folder).renew("", keeps("new"))

    assert permissions(session_folder) == 0o700


def test_a_session_that_others_could_have_put_there_is_never_used(session_folder):
    """Neither for this cluster nor for another one, and not after the folder is private."""
    one, other = session(session_folder), session(session_folder, "other")
    for planted in (one, other):
        keeps("planted")(planted.path)
    os.chmod(session_folder, 0o777)

    one.renew("", keeps("ours"))

    assert one.token() == "ours"
    assert other.token() == ""


def test_where_a_folder_cannot_be_made_private_no_session_is_kept(session_folder, monkeypatch):
    """As on CIFS, where `chmod` succeeds and changes nothing."""
    one = session(session_folder)
    keeps("old")(one.path)
    os.chmod(session_folder, 0o777)
    monkeypatch.setattr(os, "chmod", lambda *_: None)

    with pytest.raises(SessionStoreError, match="others can reach into") as caught:
        one.renew("", keeps("new"))

    assert caught.value.exit_code == 73
    assert one.token() == ""


def test_a_lock_that_another_run_may_hold_is_not_removed(session_folder):
    one = session(session_folder)
    one.renew("", keeps("first"))
    lock = os.lstat(f"{one.path}.lock")
    os.symlink("elsewhere", f"{session_folder}/planted.lock")
    os.chmod(session_folder, 0o777)

    one.renew("", keeps("second"))

    assert os.path.samestat(os.lstat(f"{one.path}.lock"), lock)
    assert not os.path.lexists(f"{session_folder}/planted.lock")


def test_a_link_in_the_place_of_the_file_is_replaced_and_not_written_through(session_folder):
    one = session(session_folder)
    target = f"{session_folder}/target"
    keeps("elsewhere")(target)
    os.symlink(target, one.path)

    one.renew("elsewhere", keeps("new"))

    assert one.token() == "new"
    assert not os.path.islink(one.path)
    with open(target, encoding="utf-8") as file:
        assert "elsewhere" in file.read()


def test_a_file_that_others_can_read_is_replaced_by_a_private_one(session_folder):
    one = session(session_folder)
    keeps("old")(one.path)
    os.chmod(one.path, 0o666)

    one.renew("old", keeps("new"))

    assert permissions(one.path) == 0o600


def read_token(one: QqSession) -> None:
    one.token()


def renew(one: QqSession) -> None:
    one.renew("", keeps("new"))


@pytest.mark.parametrize("use", [read_token, renew])
def test_a_link_to_a_folder_is_refused(tmp_path, use):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "sessions").symlink_to("theirs")
    one = session(str(tmp_path / "sessions"))
    keeps("theirs")(one.path)

    with pytest.raises(SessionStoreError, match="not a folder of this user") as caught:
        use(one)
    assert caught.value.exit_code == 73


@pytest.mark.parametrize("use", [read_token, renew])
def test_a_folder_of_another_user_is_refused(session_folder, use, monkeypatch):
    one = session(session_folder)
    keeps("theirs")(one.path)
    monkeypatch.setattr(os, "geteuid", lambda: os.lstat(session_folder).st_uid + 1)

    with pytest.raises(SessionStoreError, match="not a folder of this user"):
        use(one)


@pytest.mark.parametrize("use", [read_token, renew])
def test_a_file_instead_of_the_folder_is_refused(tmp_path, use):
    (tmp_path / "sessions").write_text("")

    with pytest.raises(SessionStoreError, match="sessions"):
        use(session(str(tmp_path / "sessions")))


@pytest.mark.parametrize("use", [read_token, renew])
def test_a_folder_instead_of_the_file_is_refused(session_folder, use):
    one = session(session_folder)
    os.mkdir(one.path)

    with pytest.raises(SessionStoreError, match="sessions"):
        use(one)


def test_a_folder_instead_of_the_lock_is_refused(session_folder):
    one = session(session_folder)
    os.mkdir(f"{one.path}.lock")

    with pytest.raises(SessionStoreError, match="sessions"):
        renew(one)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SessionStoreError, match="sessions"):
        renew(session(str(tmp_path / "file" / "sessions")))


# Renewal


def test_a_refused_session_is_replaced(session_folder):
    session(session_folder).renew("", keeps("old"))

    session(session_folder).renew("old", keeps("new"))

    assert session(session_folder).token() == "new"


def test_a_session_that_another_run_renewed_is_used(session_folder):
    session(session_folder).renew("", keeps("theirs"))

    session(session_folder).renew("refused", fails)

    assert session(session_folder).token() == "theirs"


def test_a_session_that_was_removed_is_renewed(session_folder):
    one = session(session_folder)
    one.renew("", keeps("old"))
    os.unlink(one.path)

    one.renew("old", keeps("new"))

    assert one.token() == "new"


def test_a_failing_login_leaves_the_earlier_session_and_nothing_else(session_folder):
    one = session(session_folder)
    one.renew("", keeps("old"))
    before = sorted(os.listdir(session_folder))

    with pytest.raises(LoginError):
        one.renew("old", fails)

    assert one.token() == "old"
    assert sorted(os.listdir(session_folder)) == before


def test_a_folder_that_replaces_the_file_during_the_login_is_refused(session_folder):
    one = session(session_folder)

    def login(path: str) -> None:
        keeps("new")(path)
        os.mkdir(one.path)

    with pytest.raises(SessionStoreError, match="sessions"):
        one.renew("", login)


def test_a_login_that_keeps_no_session_is_refused(session_folder):
    one = session(session_folder)
    one.renew("", keeps("old"))

    with pytest.raises(ReplyError, match="kept no session"):
        one.renew("old", lambda path: None)
    assert one.token() == "old"


def test_a_login_can_follow_a_failed_login(session_folder):
    with pytest.raises(LoginError):
        session(session_folder).renew("", fails)

    session(session_folder).renew("", keeps("new"))

    assert session(session_folder).token() == "new"


def test_a_session_that_is_half_written_is_never_read(session_folder):
    one = session(session_folder)
    one.renew("", keeps("old"))
    seen: list[str] = []

    def login(path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write('{"version": 1,')
            file.flush()
            seen.append(session(session_folder).token())
        keeps("new")(path)

    one.renew("old", login)

    assert seen == ["old"]


def test_threads_with_the_same_refused_session_log_in_once(session_folder):
    session(session_folder).renew("", keeps("old"))
    logins: list[str] = []
    together = threading.Barrier(8)

    def login(path: str) -> None:
        logins.append(path)
        keeps("new")(path)

    def run() -> None:
        together.wait()
        session(session_folder).renew("old", login)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(logins) == 1
    assert session(session_folder).token() == "new"


RENEW = """
import json, sys
from qumulo_changelist.cluster.qq.session import QqSession

def login(path):
    print("logged in")
    with open(path, "w") as file:
        json.dump({"version": 1, "bearer_token": "new"}, file)

sys.stdin.readline()
QqSession("192.0.2.10", 8000, "archiver", folder=sys.argv[1]).renew("old", login)
"""


def test_processes_with_the_same_refused_session_log_in_once(session_folder):
    session(session_folder).renew("", keeps("old"))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RENEW, session_folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=20)[0] for process in processes]

    assert sorted(printed) == ["", "", "", "logged in\n"]
    assert [process.returncode for process in processes] == [0] * 4
    assert session(session_folder).token() == "new"


def test_a_login_that_does_not_end_is_waited_for_no_longer_than_a_qq_is(session_folder):
    def login(path: str) -> None:
        with pytest.raises(QqTimeoutError, match=rf"process {os.getpid()} since .* does not end"):
            QqSession("192.0.2.10", 8000, "archiver", folder=session_folder, timeout=0.1).renew(
                "", fails
            )
        keeps("new")(path)

    session(session_folder).renew("", login)

    assert session(session_folder).token() == "new"


def test_a_process_that_dies_while_it_logs_in_blocks_no_other(session_folder):
    die = RENEW.replace('print("logged in")', "import os; os.kill(os.getpid(), 9)")
    died = subprocess.run(
        [sys.executable, "-c", die, session_folder], input="go\n", text=True, check=False
    )

    session(session_folder).renew("", keeps("new"))

    assert died.returncode == -9
    assert session(session_folder).token() == "new"


def test_no_descriptor_stays_open(session_folder):
    before = os.listdir("/dev/fd")

    session(session_folder).renew("", keeps("new"))
    with pytest.raises(LoginError):
        session(session_folder).renew("new", fails)

    assert os.listdir("/dev/fd") == before
