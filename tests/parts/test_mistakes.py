"""The last resort: what becomes of an exception that nobody foresaw, and of a crash."""

import contextlib
import errno
import json
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from qumulo_changelist.cli import create_snap, generate_changelist, last_resort, main, program
from qumulo_changelist.cli.commands import history, run
from qumulo_changelist.errors import MistakeError, ResourceError

SECRET = "correct-horse-battery"
HINT = "Please report it"


@pytest.fixture(autouse=True)
def _process_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command change nothing of the process that runs the tests."""
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    for name in ("forbid_cores", "garbage"):
        monkeypatch.setattr(program, name, mock.Mock())


def fail(_arguments: Sequence[str] | None) -> int:
    password = SECRET
    try:
        raise ValueError(f"cannot use {password}")
    except ValueError as error:
        raise KeyError(password) from error


@pytest.mark.parametrize("arguments", [[], ["--verbose"], ["-v"], ["--", "-v"]])
def test_a_mistake_is_said_in_words_and_never_shows_what_was_being_worked_on(
    capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    code = program.run(fail, arguments, makes_list=False)

    printed = capfd.readouterr()
    assert code == MistakeError.exit_code == 70
    assert printed.out == ""
    assert "this is a mistake in qumulo-changelist: KeyError at line " in printed.err
    assert HINT in printed.err
    assert SECRET not in printed.err
    assert "Traceback" not in printed.err
    is_wanted = arguments and arguments[0] != "--"
    assert ("test_mistakes.py" in printed.err) is bool(is_wanted)
    assert ("ValueError, raised at:" in printed.err) is bool(is_wanted)


def test_a_program_that_wants_json_gets_the_mistake_as_json(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "execute", lambda options, screen: fail(None))

    code = main.main(["history", "--json"])

    printed = capfd.readouterr()
    error = json.loads(printed.out)["error"]
    assert (code, error["exit_code"], error["class"]) == (70, 70, "MistakeError")
    assert SECRET not in printed.out + printed.err


COMMANDS: dict[str, tuple[Any, str, Any, list[str]]] = {
    "run": (run, "execute", main, ["run", "show1"]),
    "qumulo_create_snap": (
        create_snap, "read_settings", create_snap, ["-p", "show1", "-s", "/show1"],
    ),
    "qumulo_generate_changelist": (
        generate_changelist, "read_settings", generate_changelist,
        [
            *("-p", "show1", "-g", "5f1c", "-i", "1", "-b", "/b", "-m", "/mnt"),
            *("--prevsnapshotid", "1", "--newsnapshotid", "2"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("command", COMMANDS)
def test_the_log_of_no_command_has_what_was_being_worked_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, form: str
) -> None:
    failing, name, started, arguments = COMMANDS[command]
    monkeypatch.setattr(failing, name, lambda *_: fail(None))
    log = tmp_path / "log"

    code = started.main([*arguments, "--log-file", str(log), "--log-format", form])

    *_, ended = log.read_text().splitlines()
    assert (code, SECRET in log.read_text()) == (70, False)
    assert f" {command} " in ended or f'"{command}"' in ended
    assert "MistakeError" in ended
    assert "exit code 70 " in ended or json.loads(ended)["exit_code"] == 70


@pytest.mark.parametrize(
    ("ending", "code", "words"),
    [
        (SystemExit(143), 143, "interrupted by SIGTERM"),
        (SystemExit(129), 129, "interrupted by SIGHUP"),
        (SystemExit(SECRET), 1, "ended before its work was done"),
        (KeyboardInterrupt(SECRET), 130, "interrupted"),
    ],
)
def test_the_log_says_which_signal_ended_a_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: BaseException, code: int, words: str
) -> None:
    monkeypatch.setattr(run, "execute", mock.Mock(side_effect=ending))
    log = tmp_path / "log"

    with contextlib.suppress(SystemExit):
        main.main(["run", "show1", "--log-file", str(log), "--log-format", "json"])

    *_, ended = map(json.loads, log.read_text().splitlines())
    assert (ended["exit_code"], ended["message"]) == (code, words)


def test_the_line_of_the_package_is_named_in_which_it_happened() -> None:
    from qumulo_changelist.wording import count

    words = r"AttributeError at line \d+ of wording\.py \(Python 3"
    with (
        pytest.raises(MistakeError, match=words),
        last_resort.mistake_errors(with_traceback=False),
    ):
        count(3, None)  # type: ignore[arg-type]


def test_what_this_machine_lacks_is_no_mistake() -> None:
    with pytest.raises(ResourceError), last_resort.mistake_errors(with_traceback=False):
        raise OSError(errno.EMFILE, "Too many open files")


def test_a_thread_that_ends_by_a_mistake_shows_no_traceback_either(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with last_resort.mistake_errors(with_traceback=False):
        thread = threading.Thread(target=fail, args=([],))
        thread.start()
        thread.join()

    printed = capfd.readouterr().err
    assert printed.startswith("this is a mistake in qumulo-changelist: KeyError")
    assert SECRET not in printed
    assert len(printed.splitlines()) == 1


# Cores

CRASH = f"""\
import os, signal, sys
from qumulo_changelist.cli import program
from qumulo_changelist.events import ignore
from qumulo_changelist.operations.project.handover import hand_over
secret = {SECRET!r} * 1000
def crash(_arguments):
    if sys.argv[1] == "itself":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif sys.argv[1] == "started":
        os.system("kill -SEGV $$")
    else:
        hand_over(["sh", "-c", "ulimit -c; kill -SEGV $$"], {{}}, ignore)
    return 0
program.run(crash, [], makes_list=False)
"""


def run_with_cores(folder: Path, who: str) -> subprocess.CompletedProcess[bytes]:
    def allow() -> None:
        _, highest = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (highest, highest))

    return subprocess.run(
        [sys.executable, "-c", CRASH, who], capture_output=True, cwd=folder, preexec_fn=allow
    )


def cores_in(folder: Path) -> bool:
    """Whether this machine leaves cores where a process works, and there is one."""
    return any(folder.glob("core*"))


@pytest.mark.parametrize("who", ["itself", "started"])
def test_a_crash_leaves_no_core_with_a_secret(tmp_path: Path, who: str) -> None:
    done = run_with_cores(tmp_path, who)

    assert done.returncode == (-signal.SIGSEGV if who == "itself" else 0), done.stderr
    assert not cores_in(tmp_path)


def test_the_archivers_command_has_the_limit_of_its_user(tmp_path: Path) -> None:
    _, highest = resource.getrlimit(resource.RLIMIT_CORE)
    if not highest:
        pytest.skip("nobody may leave a core here")

    done = run_with_cores(tmp_path, "the archiver's command")

    # The shell counts in blocks.
    unlimited = highest == resource.RLIM_INFINITY
    shown = done.stderr.split()[0]
    assert shown == b"unlimited" if unlimited else int(shown) > 0
    pattern = Path("/proc/sys/kernel/core_pattern")
    if pattern.exists() and pattern.read_text().strip() == "core":
        assert cores_in(tmp_path)


def test_a_limit_that_was_there_is_put_back_only_where_it_is_wanted() -> None:
    code = (
        "import resource; from qumulo_changelist.machine import cores\n"
        "own = lambda: resource.getrlimit(resource.RLIMIT_CORE)[0]\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.getrlimit(4)[1]))\n"
        "cores.forbid_cores(); cores.forbid_cores(); print(own())\n"
        "with cores.cores_as_user_wants(): print(own())\n"
        "print(own())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.split() == ["0", "4096", "0"], done.stderr
