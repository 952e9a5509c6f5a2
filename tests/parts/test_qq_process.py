"""Running qq: its arguments, its output, its end, and that nothing of it remains."""

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from qumulo_changelist.cluster.qq import running, words
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.errors import (
    ChangelistError,
    FailingError,
    LoginError,
    NotFoundError,
    QqFailedError,
    QqMissingError,
    UnreachableError,
)
from qumulo_changelist.events import CommandStarted, QqSpoke

SECRET = "correct horse 100% “battery”"


@pytest.fixture
def process(qq, listener) -> QqProcess:
    return QqProcess("192.0.2.10", 8443, listener)


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


# Its output


def test_its_output_is_returned_as_it_is(qq, process):
    qq.does(r"os.write(1, b'{\xff\r\n\0}')")

    assert run(process) == b"{\xff\r\n\0}"


def test_its_output_is_returned_while_it_runs(qq, process):
    os.mkfifo(qq.folder / "go-on")
    qq.does("say('first'); open(os.path.join(HERE, 'go-on')).read(); say('second')")

    output = process.stream("session", ["version"])

    assert next(output) == b"first"
    (qq.folder / "go-on").write_text("go on")
    assert b"".join(output) == b"second"


def test_megabytes_on_both_outputs_do_not_block_each_other(qq, process, listener):
    qq.does(
        """
for at in range(200):
    say("e" * 30_000, on=2)
    say("o" * 30_000)
say(" the last words", on=2)
"""
    )

    assert run(process) == b"o" * 6_000_000
    (message,) = listener.of(QqSpoke)
    assert message.text.endswith("the last words")
    assert len(message.text) < 100_000


# Its messages


def test_its_message_is_reported(qq, process, listener):
    qq.does("say('DeprecationWarning: ümläut\\n', on=2)")

    run(process, "snapshot_diff")

    assert listener.of(QqSpoke) == [
        QqSpoke("snapshot_diff", "DeprecationWarning: ümläut", failed=False)
    ]


def test_a_blank_message_is_not_reported(qq, process, listener):
    qq.does("say(' \\n', on=2)")

    run(process)

    assert listener.of(QqSpoke) == []


GETPASS = (
    "/usr/lib/python3/getpass.py:91: GetPassWarning: Can not control echo on the terminal.\n"
    "  passwd = fallback_getpass(prompt, stream)\n"
    "Warning: Password input may be echoed.\n"
    "Password: "
)


def test_its_prompt_is_not_reported(qq, process, listener):
    qq.does(f"say({GETPASS!r}, on=2)")

    run(process, "login")

    assert listener.of(QqSpoke) == []


def test_a_message_after_its_prompt_is_reported(qq, process, listener):
    qq.does(f"say({GETPASS!r} + 'your password expires', on=2)")

    run(process, "login")

    assert [event.text for event in listener.of(QqSpoke)] == ["your password expires"]


def test_the_warning_of_python_about_a_prompt_without_a_terminal_is_not_reported(
    qq, process, listener
):
    qq.does("import getpass; say(getpass.getpass())")

    assert run(process, "login", typed=SECRET) == SECRET.encode()
    assert listener.of(QqSpoke) == []


# Its failures


@pytest.mark.parametrize("code", [1, 255])
def test_its_exit_code_and_its_message_are_kept(qq, process, listener, code):
    qq.does(f"say('Error 404: no such thing\\n', on=2); sys.exit({code})")

    with pytest.raises(NotFoundError) as caught:
        run(process, "fs_read_dir", "--path=/a")

    assert caught.value.exit_code == code
    assert listener.of(QqSpoke) == [QqSpoke("fs_read_dir", "Error 404: no such thing", failed=True)]
    assert str(caught.value) == (
        f"`qq fs_read_dir` failed with exit code {code}: Error 404: no such thing"
    )


def test_it_may_fail_without_a_message(qq, process):
    qq.does("sys.exit(3)")

    with pytest.raises(QqFailedError, match="it printed nothing"):
        run(process)


@pytest.mark.parametrize("number", ["SIGKILL", "SIGHUP"])
def test_the_signal_that_killed_it_is_named(qq, process, number):
    qq.does(f"os.kill(os.getpid(), signal.{number})")

    with pytest.raises(QqFailedError, match=f"killed by signal {number}") as caught:
        run(process)
    assert caught.value.exit_code == 128 + getattr(signal, number)


@pytest.mark.parametrize("status", [-number for number in sorted(signal.valid_signals())])
def test_any_signal_can_be_named(status):
    error = words.error_of("version", status, "", b"")

    assert error.exit_code == 128 - status
    assert "killed by signal" in str(error)


def test_a_failure_is_raised_after_the_last_output(qq, process):
    qq.does("say('half an answ'); sys.exit(1)")

    output = process.stream("session", ["version"])

    assert next(output) == b"half an answ"
    with pytest.raises(QqFailedError):
        next(output)


@pytest.mark.parametrize("before", ["", "half an answer\n", '{\n    "entries": [\n        {}'])
def test_a_reason_that_is_printed_instead_of_the_answer_is_found(qq, process, before):
    qq.does(f"say({before!r} + 'Error 401: Need to log in first\\n'); sys.exit(1)")

    with pytest.raises(LoginError, match=r"exit code 1: Error 401: Need to log in first$"):
        run(process)


def test_only_the_reason_of_a_traceback_is_reported(qq, process):
    qq.does("raise RuntimeError('out of order')")

    with pytest.raises(QqFailedError, match=r"exit code 1: RuntimeError: out of order$"):
        run(process)


# A program that cannot be started


def test_without_qq_on_the_path_the_run_ends_with_127(process):
    with pytest.raises(QqMissingError, match="not on the PATH") as caught:
        run(process)
    assert caught.value.exit_code == 127


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
def test_a_program_that_the_system_cannot_start_is_named(qq, process, content):
    qq.path.write_text(content)
    qq.path.chmod(0o755)

    with pytest.raises(QqMissingError, match="cannot be run"):
        run(process)


def test_the_path_of_qq_can_be_configured(qq, listener):
    qq.does("say('on the PATH')")
    elsewhere = qq.does("say('configured')", name="qumulo-qq-7")

    assert run(QqProcess("h", 8000, listener, elsewhere)) == b"configured"


@pytest.mark.parametrize("path", ["/nowhere/qq", "a\0b", "."])
def test_a_configured_path_that_is_no_program_is_named(qq, listener, path):
    qq.does("say('on the PATH')")

    with pytest.raises(QqMissingError, match=f"^{re.escape(path)} is not a program"):
        run(QqProcess("h", 8000, listener, path))


# Nothing remains


def test_closing_the_output_ends_the_command(qq, process):
    qq.does("leave('pid', os.getpid()); say('first'); time.sleep(20)")
    output = process.stream("session", ["version"])
    next(output)
    started = time.monotonic()

    output.close()

    assert not is_running(qq.left("pid"))
    assert time.monotonic() - started < 3


def test_a_command_that_ignores_signals_is_killed(qq, process, monkeypatch):
    monkeypatch.setattr(running, "SECONDS_TO_END", 0.3)
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


@pytest.mark.parametrize(("handler", "ending"), [("SIG_DFL", "SIGTERM"), ("SIG_IGN", "SIGKILL")])
def test_another_thread_can_end_all_commands_and_none_starts_afterwards(
    qq, process, monkeypatch, handler, ending
):
    monkeypatch.setattr(running, "SECONDS_TO_END", 10 if ending == "SIGTERM" else 0.3)
    qq.does(
        f"""
signal.signal(signal.SIGTERM, signal.{handler})
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
    with pytest.raises(UnreachableError, match="the run ends"):
        run(process, "three")
    assert not (qq.folder / "three").exists()


def test_a_process_that_a_wrapper_started_is_ended_with_it(qq, process):
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
    fcntl.flock(held, fcntl.LOCK_EX)  # succeeds when the inner process has ended

    os.close(held)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "script", ["say('x')", "sys.exit(1)", "os.kill(os.getpid(), 9)", "os.close(1); os.close(2)"]
)
def test_no_descriptor_stays_open(qq, process, script):
    qq.does(script)
    before = descriptors()

    with contextlib.suppress(ChangelistError):
        run(process, typed=SECRET)

    assert descriptors() == before


def test_no_descriptor_stays_open_after_closing_the_output(qq, process):
    qq.does("say('first'); time.sleep(20)")
    before = descriptors()
    output = process.stream("session", ["version"])
    next(output)

    output.close()

    assert descriptors() == before


# Its arguments and its environment


REPORT = "leave('report', [sys.argv, dict(os.environ), sys.stdin.read()])"


def test_the_cluster_and_the_session_come_before_the_command(qq, process):
    qq.does(REPORT)

    run(process, "snapshot_diff", "--older-snapshot=1", "--newer-snapshot=2")

    assert qq.left("report")[0] == [
        str(qq.path),
        "--host=192.0.2.10",
        "--port=8443",
        "--credentials-store=/state/session.json",
        "snapshot_diff",
        "--older-snapshot=1",
        "--newer-snapshot=2",
    ]


ARGUMENTS = [
    *("", " ", "a b", "*", "~", "$HOME", "$(id)", "`id`", "; id", "| id", "a\nb", "'", '"', "\\"),
    *("-p", "--path=/a b/$c;d", "ümläut 🎬", "100%"),
]


def test_no_shell_changes_an_argument(qq, process):
    qq.does(REPORT)

    run(process, "fs_read_dir", *ARGUMENTS)

    assert qq.left("report")[0][-len(ARGUMENTS) :] == ARGUMENTS


def test_an_argument_may_have_any_bytes(qq, process):
    qq.does("say(os.fsencode(sys.argv[-1]).hex())")

    assert run(process, "fs_read_dir", "a\udcff\udc80é") == b"a\xff\x80\xc3\xa9".hex().encode()


def test_what_is_typed_is_passed_over_standard_input(qq, process):
    qq.does("leave('typed', sys.stdin.buffer.read().hex())")

    run(process, "login", typed=SECRET)

    assert qq.left("typed") == f"{SECRET}\n".encode().hex()


def test_what_is_typed_appears_nowhere_else(qq, process, listener):
    qq.does(REPORT)

    run(process, "login", typed=SECRET)

    arguments, environment, _ = qq.left("report")
    for shown in (arguments, environment, listener.events):
        assert "battery" not in str(shown)


def test_without_anything_typed_standard_input_is_empty(qq, process):
    qq.does(REPORT)

    run(process)

    assert qq.left("report")[2] == ""


def test_it_may_end_without_reading_what_is_typed(qq, process):
    qq.does("os.close(0); say('done')")

    assert run(process, "login", typed="x" * 200_000) == b"done"


def test_it_reads_and_prints_utf_8_in_any_locale(qq, process, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    qq.does(REPORT)

    run(process)

    environment = qq.left("report")[1]
    assert environment["PYTHONUTF8"] == "1"
    assert environment["PYTHONIOENCODING"] == "utf-8:surrogatepass"


def test_it_prints_in_large_pieces_even_if_python_is_configured_otherwise(qq, process, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    qq.does(REPORT)

    run(process)

    assert qq.left("report")[1]["PYTHONUNBUFFERED"] == ""


def test_its_last_words_are_found_after_any_amount_of_output(qq, process):
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

    with pytest.raises(NotFoundError) as caught:
        run(process)

    assert "Error 404: printed\ny" in str(caught.value)
    assert str(caught.value).endswith("y\nand said")
    assert len(str(caught.value)) < 70_000


def test_half_a_line_of_names_is_no_reason_why_it_failed(qq, process):
    qq.does(
        """
say('"x}Error 404: gone' * 30_000 + '"\\n' + '{"path": "' + "y" * 196_000 + '"}')
say("Error 503: busy\\n")
sys.exit(1)
"""
    )

    with pytest.raises(FailingError) as caught:
        run(process)

    assert str(caught.value).endswith("with exit code 1: Error 503: busy")


def test_it_has_no_terminal_to_ask_on(qq, process):
    qq.does("leave('session', [os.getpid(), os.getsid(0)])")

    run(process)

    own, leader = qq.left("session")
    assert own == leader != os.getsid(0)


def test_each_command_is_reported_when_it_starts(qq, process, listener):
    qq.does("say('x')")

    run(process, "fs_read_dir", "--path=/a b")

    (event,) = listener.of(CommandStarted)
    assert event.command[:2] == (str(qq.path), "--host=192.0.2.10")
    assert event.command[-2:] == ("fs_read_dir", "--path=/a b")


def test_the_fake_programs_of_these_tests_end_on_their_own(qq):
    path = qq.does("print(signal.alarm(0))")

    assert 0 < int(subprocess.run([path], check=True, capture_output=True).stdout) <= 20
