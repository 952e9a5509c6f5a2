"""Handing a list to the archiver's command."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from qumulo_changelist.errors import CommandFailedError, UsageError
from qumulo_changelist.events import ListHanded, ignore
from qumulo_changelist.operations.project.command import check_command
from qumulo_changelist.operations.project.handover import hand_over
from tests.parts.conftest import RecordingListener

VALUES = {"list": "/a b/{newer}/1-files.xml", "project": "sh\udce4w", "newer": "3", "older": ""}
PRINT = (
    "import os, sys; open(os.environ['OUT'], 'wb').write(b'\\0'.join([*map(os.fsencode,"
    " sys.argv[1:]), *(os.environb.get(b'QUMULO_CHANGELIST_' + n, b'?') for n in"
    " (b'LIST', b'PROJECT', b'NEWER', b'OLDER'))]))"
)


def test_names_in_braces_are_replaced_once_and_the_environment_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: RecordingListener
) -> None:
    monkeypatch.setenv("OUT", str(tmp_path / "out"))
    command = [sys.executable, "-c", PRINT.replace("{", "{{"), "{list}", "--to={project}:{newer}",
               "{older}", "{unknown}", "{", "}", "{list", "{{list}}", "", "$HOME;*"]  # fmt: skip

    hand_over(command, VALUES, listener)

    name = b"sh\xe4w"
    path = b"/a b/{newer}/1-files.xml"
    assert (tmp_path / "out").read_bytes().split(b"\0") == [
        *(path, b"--to=" + name + b":3", b"", b"{unknown}", b"{", b"}", b"{list"),
        *(b"{" + path + b"}", b"", b"$HOME;*"),
        *(path, name, b"3", b""),
    ]
    (handed,) = listener.of(ListHanded)
    assert handed.command[3] == VALUES["list"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["false"], "the command false ended with exit code 1"),
        (["sh", "-c", "exit 255"], "the command sh ended with exit code 255"),
        (["sh", "-c", "kill -9 $$"], "SIGKILL"),
        (["/nowhere/archive.sh"], "cannot be started"),
        (["/etc/passwd"], "cannot be started"),
        (["/"], "cannot be started"),
        (["a\0b"], "cannot be started"),
        (["true", "x" * 3_000_000], "cannot be started"),
    ],
)
def test_a_command_that_does_not_succeed_is_an_error(command: list[str], words: str) -> None:
    with pytest.raises(CommandFailedError, match=words):
        hand_over(command, VALUES, ignore)


def test_what_it_prints_is_not_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    hand_over(["echo", "archived"], VALUES, ignore)

    assert capfd.readouterr() == ("", "archived\n")


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_the_command_does_not_outlive_a_run_that_is_interrupted(
    trap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qumulo_changelist.operations.project.handover._SECONDS_TO_END", 0.2)
    ready = tmp_path / "ready"
    os.mkfifo(ready)

    def interrupt() -> None:
        ready.read_text()
        os.kill(os.getpid(), signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    script = f"{trap}echo $$ > {tmp_path}/pid; echo > {ready}; while :; do sleep 0.05; done"
    with pytest.raises(KeyboardInterrupt):
        hand_over(["sh", "-c", script], VALUES, ignore)
    interrupter.join()
    process = int((tmp_path / "pid").read_text())
    assert subprocess.run(["kill", "-0", str(process)], capture_output=True).returncode


def test_the_command_ignores_a_hangup_if_the_run_does(capfd: pytest.CaptureFixture[str]) -> None:
    """As with nohup."""
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        hand_over(["sh", "-c", "kill -HUP $$; echo alive"], VALUES, ignore)
    finally:
        signal.signal(signal.SIGHUP, usual)

    assert capfd.readouterr().err == "alive\n"


@pytest.mark.parametrize("is_open", [True, False])
def test_what_it_prints_goes_into_no_file_if_standard_error_is_closed(
    is_open: bool, tmp_path: Path
) -> None:
    script = (
        "import os; file = os.open('precious', os.O_WRONLY | os.O_CREAT)\n"
        "os.set_inheritable(file, True)\n"
        "from qumulo_changelist.operations.project.handover import hand_over\n"
        "hand_over(['sh', '-c', 'echo a; echo b >&2'], {}, print)\n"
    )
    shell = f'"$0" -c "$1" {"" if is_open else "2>&-"}'

    done = subprocess.run(
        ["sh", "-c", shell, sys.executable, script], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "precious").read_bytes() == b""
    assert done.stderr == ("a\nb\n" if is_open else "")


@pytest.mark.parametrize(
    "argument",
    [
        *("{list_rsync}", "{list_}", "{lists}", "{LIST}", "--from={list-xml}", "{{list_csv}}"),
        *("{reciept}", "{proejct}", "{sources}", "{new}", "{old}", "${list_tar}"),
    ],
)
def test_a_name_in_braces_that_looks_like_ours_and_is_not_is_refused(argument: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_command(["true", "{list}", argument], ["xml", "null"])

    name = argument[argument.rindex("{") : argument.index("}") + 1]
    assert str(caught.value) == (
        f"the command is not given {name}: there are {{list}}, {{receipt}}, {{list_xml}}, "
        "{list_null}, {list_null_deleted}, {project}, {source}, {older}, {newer}"
    )


@pytest.mark.parametrize(
    "argument",
    [
        *("{list}", "{receipt}{newer}", "{list_xml_classic}", "{list_null_deleted}", "{older"),
        *("{print}", "{print $1}", "{}", "{next}", "{a,b}", "{1..3}", "{file}", "${folder}"),
        *("{ list", "{line}", "{name}", "{count}", "{exit}", "{date}", "{path}"),
    ],
)
def test_other_braces_stay_as_they_are(argument: str) -> None:
    check_command(["true", argument], ["xml-classic", "null"])


def test_a_program_that_does_not_exist_is_found_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, mode in (("archive\udce4.sh", 0o755), ("text", 0o644)):
        (tmp_path / name).touch(mode)
    (tmp_path / "folder").mkdir()

    for fine in ("true", "./archive\udce4.sh", f"{tmp_path}/archive\udce4.sh", "/opt/{project}.sh"):
        check_command([fine], ["xml"])
    for missing in ("archive\udce4.sh", "./text", "./folder", "/nowhere/archive.sh", "a\0b", ""):
        with pytest.raises(CommandFailedError):
            check_command([missing], ["xml"])
