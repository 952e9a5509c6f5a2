"""`qumulo-changelist init`: a project that works, and no secret or file where none belongs."""

import json
import os
import pty
import select
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from qumulo_changelist.config.archiver import default_path
from qumulo_emulator.running import Emulator
from tests.end_to_end.site import GUID, CommandResult, Site
from tests.quick import quick_command

PROGRAM = str(Path(sys.executable).parent / "qumulo-changelist")
SECONDS = 60


class Newcomer:
    """Somebody without any file, who wants to protect a site's source."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.folder = site.folder / "config" / "qumulo-changelist"
        self.projects = self.folder / "projects.toml"
        self.config = self.folder / "cluster.conf"
        self.environment = site.variables() | {"XDG_CONFIG_HOME": str(self.folder.parent)}
        del self.environment["QUMULO_CHANGELIST_CONFIG"]
        self.password = site.folder / "password"
        self.password.write_text(f"{site.password}\n")
        self.cluster = [
            *("--cluster", "127.0.0.1", "--port", str(site.port), "--user", "admin"),
            *("--password-file", str(self.password), "--work-folder", str(site.folder / "work")),
        ]
        self.trust = ["--fingerprint", site.fingerprint or ""]
        self.project = ["--source", site.source, "--mapped-path", str(site.mount), "--guid", GUID]

    def type(self, *arguments: str, code: int = 0) -> CommandResult:
        done = subprocess.run(
            [quick_command("qumulo-changelist"), *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.site.folder,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert self.site.password not in done.stdout + done.stderr
        assert "access-v1" not in done.stdout + done.stderr
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("*")) if self.folder.exists() else []


@pytest.fixture
def newcomer(site: Site) -> Newcomer:
    (site.mount / "a.mov").write_bytes(b"12345")
    return Newcomer(site)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# By options


def test_with_a_token_no_password_is_stored_and_the_project_runs(newcomer: Newcomer) -> None:
    done = newcomer.type("init", *newcomer.cluster, *newcomer.trust, *newcomer.project, "--token")

    name = newcomer.site.source[1:]
    assert done.output == f"{newcomer.projects}\n"
    assert f"Next: qumulo-changelist run {name}" in done.messages
    assert (mode(newcomer.config), mode(newcomer.folder)) == (0o600, 0o700)
    stored = newcomer.config.read_text()
    assert newcomer.site.password not in stored
    assert "QumuloAccessToken" in stored
    assert "access-v1" not in newcomer.projects.read_text()
    newcomer.type("doctor", name, "--quiet")
    if not Path(default_path()).exists():
        newcomer.type("doctor", "--quiet")  # with what init has made
    assert newcomer.type("run", name).output == f"{newcomer.site.list_path}\n"


def test_what_exists_is_never_changed_and_the_lines_to_add_are_printed(newcomer: Newcomer) -> None:
    newcomer.folder.mkdir(parents=True)
    newcomer.projects.write_text('[projects.other]\npath = "/o"\nguid = "o"\n')
    newcomer.type("init", *newcomer.cluster, *newcomer.trust, *newcomer.project, "--no-token")
    before = (newcomer.projects.read_bytes(), newcomer.config.read_bytes())

    second = newcomer.type("init", *newcomer.project, "--project", "second")
    newcomer.type("init", *newcomer.project, "--project", "other", code=2)
    newcomer.type("init", *newcomer.cluster, *newcomer.trust, *newcomer.project, code=4)
    answer = json.loads(newcomer.type("init", *newcomer.project, "--json", "-q").output)

    assert (newcomer.projects.read_bytes(), newcomer.config.read_bytes()) == before
    assert newcomer.site.password.encode() in before[1]
    assert "exists and is not changed; add these lines to it" in second.messages
    assert second.output.splitlines()[0] == "[projects.second]"
    assert f'config = "{newcomer.config}"' in second.output
    assert answer.keys() == {
        *("project", "projects_file", "written", "block", "config_file", "access_token_id"),
    }
    assert answer["written"] is False
    newcomer.projects.write_text(before[0].decode() + second.output)
    assert "second" in newcomer.type("projects", "check").output


@pytest.mark.parametrize(
    ("left_out", "code", "words"),
    [
        ("--guid", 2, "--guid is missing"),
        ("--cluster", 2, "--cluster is missing"),
        ("--password-file", 2, "--password-file is missing"),
        ("--fingerprint", 69, "If the cluster's administrator confirms it: --fingerprint"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_written(
    newcomer: Newcomer, left_out: str, code: int, words: str
) -> None:
    arguments = [*newcomer.cluster, *newcomer.trust, *newcomer.project]
    at = arguments.index(left_out)

    done = newcomer.type("init", *arguments[:at], *arguments[at + 2 :], code=code)

    assert words in done.messages
    assert newcomer.files() == []


def test_a_failed_check_ends_with_its_code_and_writes_nothing(newcomer: Newcomer) -> None:
    given = [*newcomer.cluster, *newcomer.trust]
    newcomer.password.write_text("wrong-secret\n")
    refused = newcomer.type("init", *given, *newcomer.project, code=77)
    newcomer.password.write_text(newcomer.site.password)
    elsewhere = ["--source", newcomer.site.source, "--guid", "g", "--mapped-path", "/usr"]
    wrong = newcomer.type("init", *given, *elsewhere, code=2)

    changed = [*newcomer.cluster, "--fingerprint", "0" * 64, *newcomer.project]
    intercepted = newcomer.type("init", *changed, code=69)

    assert "wrong-secret" not in refused.messages
    assert "Somebody may intercept the connection" in intercepted.messages
    assert "the mapped path /usr does not show" in wrong.messages
    assert newcomer.files() == []


def test_a_later_failure_leaves_no_secret_and_names_the_token(
    newcomer: Newcomer, cluster: Emulator
) -> None:
    below_a_file = str(newcomer.password / "projects.toml")
    given = [*newcomer.cluster, *newcomer.trust, *newcomer.project, "--projects", below_a_file]

    done = newcomer.type("init", *given, "--token", code=4)

    _, answer = cluster.request("GET", "/v1/auth/access-tokens/?limit=1000")
    tokens = [entry["id"] for entry in answer["entries"]]
    assert any(f"the access token {one} was made, and is stored" in done.messages for one in tokens)
    assert newcomer.files() == []


def test_lines_are_not_printed_that_the_file_of_projects_could_not_take(newcomer: Newcomer) -> None:
    newcomer.type("init", *newcomer.cluster, *newcomer.trust, *newcomer.project)

    done = newcomer.type("init", *newcomer.project, "--project", "other", code=2)

    assert f"the projects {newcomer.site.source[1:]} and other have the same list" in done.messages
    assert done.output == ""
    newcomer.type("init", *newcomer.project, "--project", "other", "--index", "2")


# On a terminal


class Terminal:
    """A pseudo-terminal at which the questions of a command are answered."""

    def __init__(self, newcomer: Newcomer, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [PROGRAM, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=newcomer.environment,
            cwd=newcomer.site.folder,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = ""
        self._seen = 0

    def answer(self, question: str, text: str) -> None:
        """Wait for a question, and type an answer."""
        while question not in self.shown[self._seen :]:
            assert self._read(), self.shown
        self._seen = len(self.shown)
        os.write(self._master, f"{text}\n".encode())

    def finish(self) -> int:
        """Return the exit code."""
        while self._read():
            pass
        os.close(self._master)
        return self.process.wait(SECONDS)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], SECONDS)
        assert ready, self.shown
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # the last process has closed it
            return False
        self.shown += piece.decode()
        return bool(piece)


def test_five_questions_on_a_terminal_and_a_wrong_answer_is_asked_again(
    newcomer: Newcomer,
) -> None:
    site = newcomer.site
    terminal = Terminal(
        newcomer, "init", "--port", str(site.port), "--work-folder", str(site.folder / "work")
    )

    terminal.answer("1. Address", "no-such-host.invalid")
    terminal.answer("1. Address", "127.0.0.1")
    terminal.answer("Trust it? [y/N]", "y")
    terminal.answer("2. User", "admin")
    terminal.answer("Password:", "wrong-secret")
    terminal.answer("2. User", "admin")
    terminal.answer("Password:", site.password)
    terminal.answer("3. Directory", "")
    terminal.answer("3. Directory", site.source)
    terminal.answer("4. Where", "~/nowhere")
    terminal.answer("4. Where", f"~/{os.path.relpath(site.mount, site.folder)}")
    terminal.answer("5. The archiver's GUID", "a/b")
    terminal.answer(f"without DNA Fabric, any name [{site.source[1:]}]: ", "")
    terminal.answer("Make an access token", "n")
    code = terminal.finish()

    assert code == 0, terminal.shown
    assert str(site.fingerprint) in terminal.shown
    assert site.password not in terminal.shown
    assert "wrong-secret" not in terminal.shown
    assert "a directory is needed" in terminal.shown
    assert f"{site.folder}/nowhere is not a directory" in terminal.shown
    assert terminal.shown.count("were taken") == 1
    assert f'guid = "{site.source[1:]}"' in newcomer.projects.read_text()
    assert newcomer.files() == ["cluster.conf", "projects.toml"]
    assert mode(newcomer.config) == 0o600
    newcomer.type("doctor", site.source[1:], "--quiet")


def test_nothing_is_asked_for_ever(newcomer: Newcomer) -> None:
    terminal = Terminal(newcomer, "init", "--cluster", "127.0.0.1", "--port", "1")

    assert terminal.finish() == 69
    assert newcomer.files() == []
