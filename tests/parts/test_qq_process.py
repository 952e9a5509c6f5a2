"""Running qq: what it is given, what is taken from it, and that nothing of it stays behind."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from qumulo_changelist.cluster.qq import messages as qq_messages
from qumulo_changelist.cluster.qq import process as qq_process
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.errors import QqFailedError, QqMissingError, QqUnreachableError

SECRET = "correct horse 100% “battery”"


@pytest.fixture
def process(qq, heard) -> QqProcess:
    return QqProcess("192.0.2.10", 8443, heard)


def run(process: QqProcess, *arguments: str, typed: str = "") -> bytes:
    return process.run("/state/session.json", arguments or ["version"], typed=typed)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def descriptors() -> set[str]:
    return set(os.listdir("/dev/fd"))


# What it prints


def test_what_it_prints_comes_back_as_it_is(qq, process):
    qq.does(r"os.write(1, b'{\xff\r\n\0}')")

    assert run(process) == b"{\xff\r\n\0}"


def test_what_it_prints_comes_while_it_runs(qq, process):
    os.mkfifo(qq.folder / "go-on")
    qq.does("say('first'); open(os.path.join(HERE, 'go-on')).read(); say('second')")

    output = process.stream("session", ["version"])

    assert next(output) == b"first"
    (qq.folder / "go-on").write_text("go on")
    assert b"".join(output) == b"second"


def test_megabytes_on_both_outputs_do_not_block_each_other(qq, process, heard):
    qq.does(
        """
for at in range(200):
    say("e" * 30_000, on=2)
    say("o" * 30_000)
say(" the last words", on=2)
"""
    )

    assert run(process) == b"o" * 6_000_000
    assert heard.warnings[0].endswith("the last words")
    assert len(heard.warnings[0]) < 100_000


# What it says


def test_what_it_says_on_success_reaches_the_listener(qq, process, heard):
    qq.does("say('DeprecationWarning: ümläut\\n', on=2)")

    run(process, "snapshot_diff")

    assert heard.warnings == ["qq snapshot_diff: DeprecationWarning: ümläut"]


def test_silence_is_nothing_to_tell(qq, process, heard):
    qq.does("say(' \\n', on=2)")

    run(process)

    assert heard.warnings == []


GETPASS = (
    "/usr/lib/python3/getpass.py:91: GetPassWarning: Can not control echo on the terminal.\n"
    "  passwd = fallback_getpass(prompt, stream)\n"
    "Warning: Password input may be echoed.\n"
    "Password: "
)


def test_the_noise_of_its_prompt_is_not_told(qq, process, heard):
    qq.does(f"say({GETPASS!r}, on=2)")

    run(process, "login")

    assert heard.warnings == []


def test_what_stands_behind_its_prompt_is_told(qq, process, heard):
    qq.does(f"say({GETPASS!r} + 'your password expires', on=2)")

    run(process, "login")

    assert heard.warnings == ["qq login: your password expires"]


def test_what_python_itself_says_of_a_prompt_without_a_terminal_is_not_told(qq, process, heard):
    qq.does("import getpass; say(getpass.getpass())")

    assert run(process, "login", typed=SECRET) == SECRET.encode()
    assert heard.warnings == []


# How it fails


@pytest.mark.parametrize("code", [1, 2, 77, 255])
def test_its_exit_code_becomes_ours_with_its_message(qq, process, code):
    qq.does(f"say('Error 404: no such thing\\n', on=2); sys.exit({code})")

    with pytest.raises(QqFailedError) as caught:
        run(process, "fs_read_dir", "--path=/a")

    assert caught.value.exit_code == code
    assert caught.value.said == "Error 404: no such thing"
    assert str(caught.value) == (
        f"`qq fs_read_dir` failed with exit code {code}: Error 404: no such thing"
    )


def test_it_may_fail_without_a_word(qq, process):
    qq.does("sys.exit(3)")

    with pytest.raises(QqFailedError, match="it said nothing"):
        run(process)


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGHUP"])
def test_the_signal_that_killed_it_is_named(qq, process, number):
    qq.does(f"os.kill(os.getpid(), signal.{number})")

    with pytest.raises(QqFailedError, match=f"killed by signal {number}") as caught:
        run(process)
    assert caught.value.exit_code == 128 + getattr(signal, number)


@pytest.mark.parametrize("status", [-number for number in sorted(signal.valid_signals())])
def test_any_signal_can_be_told(status):
    failure = qq_messages.failure("version", status, "", b"")

    assert failure.exit_code == 128 - status
    assert "killed by signal" in str(failure)


def test_a_failure_comes_behind_the_last_output(qq, process):
    qq.does("say('half an answ'); sys.exit(1)")

    output = process.stream("session", ["version"])

    assert next(output) == b"half an answ"
    with pytest.raises(QqFailedError):
        next(output)


@pytest.mark.parametrize("before", ["", "half an answer\n", '{\n    "entries": [\n        {}'])
def test_a_reason_that_stands_in_the_place_of_the_answer_is_found(qq, process, before):
    qq.does(f"say({before!r} + 'Error 401: Need to log in first\\n'); sys.exit(1)")

    with pytest.raises(QqFailedError) as caught:
        run(process)
    assert caught.value.said == "Error 401: Need to log in first"


def test_of_a_traceback_only_its_reason_is_told(qq, process):
    qq.does("raise RuntimeError('out of order')")

    with pytest.raises(QqFailedError, match=r"exit code 1: RuntimeError: out of order$"):
        run(process)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("Connection error: [Errno 111] Connection refused", "QumuloClusterIP"),
        ("Error 401: unauthorized", "QumuloPassword"),
        ("Error 403: forbidden", "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ"),
        ("Error 404: snapshot_not_found", "qq snapshot_list_statuses"),
        ("Error 404: fs_no_such_entry_error", "the path exists"),
        ("Error 404: fs_file_not_covered_by_snapshot_error: it is not", "the path exists"),
        ("Error 401: auth_sso_required_error: Log in elsewhere", "QumuloAccessToken"),
        ("Error 401: auth_sso_required_error: Log in elsewhere", "QumuloTransport=rest"),
        ("Error 404: http_not_found_error: Not Found", "pip install qumulo-api=="),
        ("Connection error: Remote end closed connection without response", "QumuloClusterIP"),
    ],
)
def test_what_the_user_can_do_is_told(qq, process, said, hint):
    qq.does(f"say({said!r}, on=2); sys.exit(1)")

    with pytest.raises(QqFailedError) as caught:
        run(process)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("said", "kind", "status", "error_class"),
    [
        ("Error 404: fs_no_such_path_error: it", QqFailedError, 404, "fs_no_such_path_error"),
        ("Error 401: unknown: Need to log in first.", QqFailedError, 401, "unknown"),
        ("Error 503: /a: Connection error: x", QqFailedError, 503, ""),
        ("Error 4010: unheard of", QqFailedError, 0, ""),
        ("no Error 401: here", QqFailedError, 0, ""),
        ("Connection error: [Errno 111] Connection refused", QqUnreachableError, 0, ""),
        ("Connection error: [Errno 113] No route to host", QqUnreachableError, 0, ""),
        ("Connection error: [Errno 110] Connection timed out", QqUnreachableError, 0, ""),
        ("Connection error: [Errno -2] Name or service not known", QqUnreachableError, 0, ""),
        ("Connection error: [Errno 104] Connection reset by peer", QqFailedError, 0, ""),
        ("Connection error: Remote end closed connection", QqFailedError, 0, ""),
    ],
)
def test_how_the_cluster_answered_is_known(said, kind, status, error_class):
    error = qq_messages.failure("fs_read_dir", 1, said, b"")

    assert type(error) is kind
    assert (error.status, error.error_class) == (status, error_class)


# What cannot be started


def test_without_qq_on_the_path_the_run_ends_with_127(process):
    with pytest.raises(QqMissingError, match="not on the PATH") as caught:
        run(process)
    assert caught.value.exit_code == 127
    assert "QumuloQqPath" in caught.value.hint


def test_a_file_that_may_not_be_run_is_not_qq(qq, process):
    qq.path.write_text("#!/bin/sh\n")
    qq.path.chmod(0o644)

    with pytest.raises(QqMissingError):
        run(process)


def test_a_folder_is_not_qq(qq, process):
    qq.path.mkdir()

    with pytest.raises(QqMissingError):
        run(process)


@pytest.mark.parametrize("content", ["#!/nowhere/python\n", "\x7fELF but not quite", "echo\n"])
def test_a_program_that_the_system_cannot_start_is_told(qq, process, content):
    qq.path.write_text(content)
    qq.path.chmod(0o755)

    with pytest.raises(QqMissingError, match="cannot be run"):
        run(process)


def test_qq_may_be_where_the_configuration_says(qq, heard):
    qq.does("say('on the PATH')")
    elsewhere = qq.does("say('configured')", name="qumulo-qq-7")

    assert run(QqProcess("h", 8000, heard, elsewhere)) == b"configured"


@pytest.mark.parametrize("path", ["/nowhere/qq", "a\0b", "."])
def test_a_configured_path_that_is_no_program_is_named(qq, heard, path):
    qq.does("say('on the PATH')")

    with pytest.raises(QqMissingError, match="QumuloQqPath"):
        run(QqProcess("h", 8000, heard, path))


# What stays behind


def test_a_command_whose_output_is_not_wanted_is_ended(qq, process):
    qq.does("leave('pid', os.getpid()); say('first'); time.sleep(20)")
    output = process.stream("session", ["version"])
    next(output)
    started = time.monotonic()

    output.close()

    assert not is_running(qq.left("pid"))
    assert time.monotonic() - started < 3


def test_a_command_that_does_not_listen_is_ended_all_the_same(qq, process, monkeypatch):
    monkeypatch.setattr(qq_process, "_SECONDS_TO_END", 0.3)
    qq.does(
        """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
leave('pid', os.getpid())
say('first')
time.sleep(20)
"""
    )
    output = process.stream("session", ["version"])
    next(output)

    output.close()

    assert not is_running(qq.left("pid"))


def test_a_command_that_writes_without_end_is_ended(qq, process):
    qq.does("leave('pid', os.getpid())\nwhile True: say('x' * 1000); say('e' * 1000, on=2)")
    output = process.stream("session", ["version"])
    next(output)

    output.close()

    assert not is_running(qq.left("pid"))


@pytest.mark.parametrize(("heeds", "ending"), [("SIG_DFL", "SIGTERM"), ("SIG_IGN", "SIGKILL")])
def test_another_thread_can_end_all_commands_and_none_starts_any_more(
    qq, process, monkeypatch, heeds, ending
):
    monkeypatch.setattr(qq_process, "_SECONDS_TO_END", 10 if ending == "SIGTERM" else 0.3)
    qq.does(
        f"""
signal.signal(signal.SIGTERM, signal.{heeds})
leave(sys.argv[-1], os.getpid())
say('first')
time.sleep(20)
"""
    )
    outputs = [process.stream("session", [name]) for name in ("one", "two")]
    with ThreadPoolExecutor(2) as threads:
        for output in outputs:
            assert next(output) == b"first"
        waiting = [threads.submit(next, output) for output in outputs]
        started = time.monotonic()

        process.close()

        for asked in waiting:
            with pytest.raises(QqFailedError, match=ending):
                asked.result()
    assert time.monotonic() - started < 10
    assert not any(is_running(qq.left(name)) for name in ("one", "two"))
    with pytest.raises(RuntimeError, match="the run ends"):
        run(process, "three")
    assert not (qq.folder / "three").exists()


def test_what_a_wrapper_started_is_ended_with_it(qq, process):
    held = os.open(qq.folder / "held", os.O_RDWR | os.O_CREAT)
    qq.does(
        """
fcntl.flock(os.open(os.path.join(HERE, 'held'), os.O_RDWR), fcntl.LOCK_EX)
say('first')
time.sleep(20)
""",
        name="inner",
    )
    qq.does("subprocess.run([os.path.join(HERE, 'inner')])")
    output = process.stream("session", ["version"])
    next(output)
    started = time.monotonic()

    output.close()
    fcntl.flock(held, fcntl.LOCK_EX)  # comes when the inner one has ended

    os.close(held)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "script", ["say('x')", "sys.exit(1)", "os.kill(os.getpid(), 9)", "os.close(1); os.close(2)"]
)
def test_no_descriptor_stays_open(qq, process, script):
    qq.does(script)
    before = descriptors()

    with contextlib.suppress(QqFailedError):
        run(process, typed=SECRET)

    assert descriptors() == before


def test_no_descriptor_stays_open_when_the_output_is_not_wanted(qq, process):
    qq.does("say('first'); time.sleep(20)")
    before = descriptors()
    output = process.stream("session", ["version"])
    next(output)

    output.close()

    assert descriptors() == before


# What it is given


TELL = "leave('told', [sys.argv, dict(os.environ), sys.stdin.read()])"


def test_it_is_told_the_cluster_and_the_session_before_the_command(qq, process):
    qq.does(TELL)

    run(process, "snapshot_diff", "--older-snapshot=1", "--newer-snapshot=2")

    assert qq.left("told")[0] == [
        str(qq.path),
        "--host=192.0.2.10",
        "--port=8443",
        "--credentials-store=/state/session.json",
        "snapshot_diff",
        "--older-snapshot=1",
        "--newer-snapshot=2",
    ]


@pytest.mark.parametrize(
    "argument",
    [
        "",
        " ",
        "a b",
        "*",
        "~",
        "$HOME",
        "$(id)",
        "`id`",
        "; id",
        "| id",
        "a\nb",
        "'",
        '"',
        "\\",
        "-p",
        "--path=/a b/$c;d",
        "ümläut 🎬",
        "100%",
    ],
)
def test_no_shell_touches_an_argument(qq, process, argument):
    qq.does(TELL)

    run(process, "fs_read_dir", argument)

    assert qq.left("told")[0][-1] == argument


def test_an_argument_may_be_any_bytes(qq, process):
    qq.does("say(os.fsencode(sys.argv[-1]).hex())")

    assert run(process, "fs_read_dir", "a\udcff\udc80é") == b"a\xff\x80\xc3\xa9".hex().encode()


def test_what_is_typed_goes_in_over_standard_input(qq, process):
    qq.does("leave('typed', sys.stdin.buffer.read().hex())")

    run(process, "login", typed=SECRET)

    assert qq.left("typed") == f"{SECRET}\n".encode().hex()


def test_what_is_typed_shows_nowhere_else(qq, process, heard):
    qq.does(TELL)

    run(process, "login", typed=SECRET)

    arguments, environment, _ = qq.left("told")
    for shown in (arguments, environment, heard.details, heard.warnings):
        assert "battery" not in str(shown)


def test_where_nothing_is_typed_there_is_nothing_to_read(qq, process):
    qq.does(TELL)

    run(process)

    assert qq.left("told")[2] == ""


def test_it_may_end_without_reading_what_is_typed(qq, process):
    qq.does("os.close(0); say('done')")

    assert run(process, "login", typed="x" * 200_000) == b"done"


def test_it_speaks_utf_8_in_any_locale(qq, process, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    qq.does(TELL)

    run(process)

    environment = qq.left("told")[1]
    assert environment["PYTHONUTF8"] == "1"
    assert environment["PYTHONIOENCODING"] == "utf-8:surrogatepass"


def test_it_prints_in_large_pieces_even_where_python_is_told_not_to(qq, process, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    qq.does(TELL)

    run(process)

    assert qq.left("told")[1]["PYTHONUNBUFFERED"] == ""


def test_its_last_words_are_heard_behind_any_amount_of_output(qq, process):
    qq.does(
        """
for size in (1_000_000, 10, 70_000):
    say("x" * size + "\\n")
    say("y" * size + "\\n", on=2)
say("Error 404: printed\\n")
say("and said", on=2)
sys.exit(1)
"""
    )

    with pytest.raises(QqFailedError) as caught:
        run(process)

    assert caught.value.said.startswith("Error 404: printed\ny")
    assert caught.value.said.endswith("y\nand said")
    assert len(caught.value.said) < 70_000


def test_it_has_no_terminal_to_ask_on(qq, process):
    qq.does("leave('session', [os.getpid(), os.getsid(0)])")

    run(process)

    own, leader = qq.left("session")
    assert own == leader != os.getsid(0)


def test_the_curious_are_told_each_command_as_a_shell_would_take_it(qq, process, heard):
    qq.does("say('x')")

    run(process, "fs_read_dir", "--path=/a b")

    assert heard.details[0].startswith(f"running {qq.path} --host=192.0.2.10 ")
    assert heard.details[0].endswith("fs_read_dir '--path=/a b'")


def test_the_fakes_of_these_tests_end_by_themselves(qq):
    path = qq.does("print(signal.alarm(0))")

    assert 0 < int(subprocess.run([path], check=True, capture_output=True).stdout) <= 20
