"""The stored session: private, one for each user of a cluster, and renewed once."""

import json
import os
import stat
import subprocess
import sys
import threading

import pytest

from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.errors import QqFailedError, ReplyError, SessionStoreError


def session(private: str, host: str = "192.0.2.10", port: int = 8000, user: str = "archiver"):
    return QqSession(host, port, user, folder=private)


def keeps(token: str):
    """Return a login that keeps a token as qq does."""

    def login(path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "bearer_token": token}, file)

    return login


def fails(path: str) -> None:
    keeps("half a session")(path)
    raise QqFailedError("`qq login` failed", exit_code=1, said="Error 401: no")


def permissions(path: str) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


# What is kept


def test_at_first_there_is_none(private):
    assert session(private).token() == ""


def test_at_first_there_need_be_no_folder_either(tmp_path):
    folder = str(tmp_path / "not" / "yet")

    assert session(folder).token() == ""
    session(folder).renew("", keeps("new"))

    assert session(folder).token() == "new"


def test_a_renewed_session_is_there_for_later_runs(private):
    session(private).renew("", keeps("new"))

    assert session(private).token() == "new"


def test_without_a_folder_it_belongs_with_the_users_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")

    path = QqSession("192.0.2.10", 8000, "archiver").path

    assert os.path.dirname(path).endswith("qumulo-changelist/sessions")


def test_each_host_port_and_user_has_its_own(private):
    sessions = [
        session(private, "a"),
        session(private, "b"),
        session(private, "a", 8001),
        session(private, "a", user="b"),
        session(private, "a8000", 800),
        session(private, "../a"),
    ]
    for number, one in enumerate(sessions):
        one.renew("", keeps(str(number)))

    assert [one.token() for one in sessions] == ["0", "1", "2", "3", "4", "5"]
    assert {os.path.dirname(one.path) for one in sessions} == {private}


def test_a_host_is_one_in_any_case_a_user_is_not(private):
    assert session(private, "NAS").path == session(private, "nas").path
    assert session(private, user="Bob").path != session(private, user="bob").path


def test_no_name_of_a_file_tells_the_user(private):
    session(private, user="archiver").renew("", keeps("new"))

    assert "archiver" not in " ".join(os.listdir(private))


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
def test_a_damaged_file_is_as_good_as_none(private, content):
    one = session(private)
    with open(one.path, "wb") as file:
        file.write(content)

    assert one.token() == ""
    one.renew("", keeps("new"))
    assert one.token() == "new"


# Who may see it


def test_the_file_and_its_folder_are_the_users_alone(tmp_path):
    folder = str(tmp_path / "sessions")
    before = os.umask(0)
    try:
        session(folder).renew("", keeps("new"))
    finally:
        os.umask(before)

    assert permissions(folder) == 0o700
    assert {permissions(os.path.join(folder, name)) for name in os.listdir(folder)} == {0o600}


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o777])
def test_a_folder_that_others_can_enter_is_closed_to_them(private, mode):
    os.chmod(private, mode)

    session(private).renew("", keeps("new"))

    assert permissions(private) == 0o700


def test_a_file_that_others_can_read_is_replaced_by_a_private_one(private):
    one = session(private)
    keeps("old")(one.path)
    os.chmod(one.path, 0o666)

    one.renew("old", keeps("new"))

    assert permissions(one.path) == 0o600


def use_its_token(one: QqSession) -> None:
    one.token()


def renew_it(one: QqSession) -> None:
    one.renew("", keeps("new"))


@pytest.mark.parametrize("use", [use_its_token, renew_it])
def test_a_folder_behind_a_link_is_refused(tmp_path, use):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "sessions").symlink_to("theirs")
    one = session(str(tmp_path / "sessions"))
    keeps("theirs")(one.path)

    with pytest.raises(SessionStoreError, match="not a folder of this user") as caught:
        use(one)
    assert caught.value.exit_code == 73
    assert "XDG_STATE_HOME" in caught.value.hint


@pytest.mark.parametrize("use", [use_its_token, renew_it])
def test_a_folder_of_someone_else_is_refused(private, use, monkeypatch):
    one = session(private)
    keeps("theirs")(one.path)
    monkeypatch.setattr(os, "geteuid", lambda: os.lstat(private).st_uid + 1)

    with pytest.raises(SessionStoreError, match="not a folder of this user"):
        use(one)


@pytest.mark.parametrize("use", [use_its_token, renew_it])
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, use):
    (tmp_path / "sessions").write_text("")

    with pytest.raises(SessionStoreError, match="sessions"):
        use(session(str(tmp_path / "sessions")))


@pytest.mark.parametrize("use", [use_its_token, renew_it])
def test_a_folder_in_the_place_of_the_file_is_refused(private, use):
    one = session(private)
    os.mkdir(one.path)

    with pytest.raises(SessionStoreError, match="sessions"):
        use(one)


def test_a_folder_in_the_place_of_the_lock_is_refused(private):
    one = session(private)
    os.mkdir(f"{one.path}.lock")

    with pytest.raises(SessionStoreError, match="sessions"):
        renew_it(one)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SessionStoreError, match="sessions"):
        renew_it(session(str(tmp_path / "file" / "sessions")))


# How it is renewed


def test_a_refused_session_is_replaced(private):
    session(private).renew("", keeps("old"))

    session(private).renew("old", keeps("new"))

    assert session(private).token() == "new"


def test_what_another_run_has_renewed_meanwhile_is_taken(private):
    session(private).renew("", keeps("theirs"))

    session(private).renew("refused", fails)

    assert session(private).token() == "theirs"


def test_a_session_that_went_away_meanwhile_is_renewed(private):
    one = session(private)
    one.renew("", keeps("old"))
    os.unlink(one.path)

    one.renew("old", keeps("new"))

    assert one.token() == "new"


def test_a_login_that_fails_leaves_the_earlier_session_and_nothing_else(private):
    one = session(private)
    one.renew("", keeps("old"))
    before = sorted(os.listdir(private))

    with pytest.raises(QqFailedError):
        one.renew("old", fails)

    assert one.token() == "old"
    assert sorted(os.listdir(private)) == before


def test_a_folder_that_takes_the_place_of_the_file_while_the_login_ran_is_told(private):
    one = session(private)

    def login(path: str) -> None:
        keeps("new")(path)
        os.mkdir(one.path)

    with pytest.raises(SessionStoreError, match="sessions"):
        one.renew("", login)


def test_a_login_that_keeps_nothing_is_told(private):
    one = session(private)
    one.renew("", keeps("old"))

    with pytest.raises(ReplyError, match="kept no session"):
        one.renew("old", lambda path: None)
    assert one.token() == "old"


def test_the_next_login_may_come_after_one_that_failed(private):
    with pytest.raises(QqFailedError):
        session(private).renew("", fails)

    session(private).renew("", keeps("new"))

    assert session(private).token() == "new"


def test_nobody_sees_a_session_that_is_half_written(private):
    one = session(private)
    one.renew("", keeps("old"))
    seen = []

    def login(path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write('{"version": 1,')
            file.flush()
            seen.append(session(private).token())
        keeps("new")(path)

    one.renew("old", login)

    assert seen == ["old"]


def test_threads_that_find_the_same_session_refused_log_in_once(private):
    session(private).renew("", keeps("old"))
    logins = []
    together = threading.Barrier(8)

    def login(path: str) -> None:
        logins.append(path)
        keeps("new")(path)

    def run() -> None:
        together.wait()
        session(private).renew("old", login)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(logins) == 1
    assert session(private).token() == "new"


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


def test_processes_that_find_the_same_session_refused_log_in_once(private):
    session(private).renew("", keeps("old"))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RENEW, private],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=20)[0] for process in processes]

    assert sorted(said) == ["", "", "", "logged in\n"]
    assert [process.returncode for process in processes] == [0] * 4
    assert session(private).token() == "new"


def test_a_process_that_dies_while_it_logs_in_keeps_no_one_out(private):
    die = RENEW.replace('print("logged in")', "import os; os.kill(os.getpid(), 9)")
    died = subprocess.run(
        [sys.executable, "-c", die, private], input="go\n", text=True, check=False
    )

    session(private).renew("", keeps("new"))

    assert died.returncode == -9
    assert session(private).token() == "new"


def test_no_descriptor_stays_open(private):
    before = os.listdir("/dev/fd")

    session(private).renew("", keeps("new"))
    with pytest.raises(QqFailedError):
        session(private).renew("new", fails)

    assert os.listdir("/dev/fd") == before
