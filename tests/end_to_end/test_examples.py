"""The examples do what they are meant to: the hooks on a cluster, the others by their tools."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qumulo_changelist.cli.main import make_parser
from qumulo_changelist.operations.project.metrics import METRICS
from tests.end_to_end.files import write_files
from tests.end_to_end.site import GUID, CommandResult, Site
from tests.quick import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
PROGRAMS = Path(sys.executable).parent


def text_of(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


def options_of(arguments: list[str]) -> dict[str, object]:
    """Return the options of a command line, without a command after ``--``."""
    known = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return vars(make_parser(known[:1]).parse_args(known))


class Hooks:
    """The hooks of a job."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.kept = site.folder / "kept"
        site.configure(QumuloTransport="rest")

    def run(self, hook: str, **changes: str) -> CommandResult:
        site = self.site
        variables = {
            **site.variables(),
            "PATH": f"{PROGRAMS}:/usr/bin:/bin",
            "PROJECT": "show1",
            "SOURCE": site.source,
            "MAPPED": str(site.mount),
            "GUID": GUID,
            "KEPT": str(self.kept),
            **changes,
        }
        done = subprocess.run(
            ["/bin/sh", str(EXAMPLES / "dna-fabric-hook.sh"), hook],
            capture_output=True,
            env=variables,
            cwd=site.folder,
            text=True,
            timeout=120,
        )
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.kept.iterdir()}


def test_the_hooks_list_what_changed_since_the_last_archive_whatever_failed(site: Site) -> None:
    hooks = Hooks(site)

    failed = hooks.run("pre-job", SOURCE="/not there")
    assert failed.code == 66, failed.messages
    assert "no snapshot was taken" in failed.messages
    assert hooks.files() == {}

    first = hooks.run("pre-job")
    assert (first.code, first.output) == (0, "")
    assert "let the job walk" in first.messages
    assert hooks.run("post-job").code == 0
    archived = hooks.files()["show1.committed"]
    assert hooks.files() == {"show1.committed": archived}

    write_files(site.mount, "a.mov")
    unlisted = hooks.run("pre-job", MAPPED=str(site.folder / "not mounted"))
    assert unlisted.code == 2, unlisted.messages
    assert hooks.files() == {"show1.committed": archived}
    assert hooks.run("post-job").code == 1, "nothing is committed without a list"

    write_files(site.mount, "b.mov")
    listed = hooks.run("pre-job")
    assert (listed.code, listed.output) == (0, f"{site.list_path}\n")
    assert site.list_path.read_bytes().count(b"<file ") == 2
    pending = hooks.files()["show1.pending"]
    assert hooks.run("post-job").code == 0
    assert hooks.files() == {"show1.committed": pending}
    assert int(pending) > int(archived)


def test_the_hooks_do_not_guess_what_was_archived(site: Site) -> None:
    hooks = Hooks(site)
    hooks.kept.mkdir()
    (hooks.kept / "show1.committed").write_text("")

    done = hooks.run("pre-job")

    assert done.code == 1
    assert "show1.committed does not contain the id of a snapshot" in done.messages
    assert hooks.files() == {"show1.committed": ""}
    assert hooks.run("later").code == 2


def run_program(site: Site, name: str, *arguments: str) -> CommandResult:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        capture_output=True,
        env=site.variables(),
        cwd=site.folder,
        text=True,
        timeout=120,
    )
    return CommandResult(done.returncode, done.stdout, done.stderr)


def test_ten_lines_of_the_library_list_what_changed(site: Site) -> None:
    write_files(site.mount, "a.mov")
    older = site.snapshot()
    (site.mount / "a.mov").unlink()
    (site.mount / "b.mov").write_text("media")
    newer = site.snapshot()

    done = run_program(site, "list_changes.py", str(older), str(newer), site.source)

    made = site.folder / "work" / "sdna-scan-files" / "5f1c9a52" / "1-files.xml"
    assert done == (0, f"{made}: 1 files, 5 bytes; 1 deleted\n", "")
    assert re.findall(r'<([\w-]+) name="(.*?mov)"', made.read_text()) == [
        ("file", "/b.mov"),
        ("delete-file", "/a.mov"),
    ]
    program = text_of("list_changes.py").partition('"""\n\n')[2]
    own = [line for line in program.splitlines() if line and not line.startswith("import ")]
    assert len(own) == 10


def test_the_listener_writes_every_event_and_the_result_as_json(site: Site) -> None:
    write_files(site.mount, "a.mov")
    projects = site.folder / "projects.toml"
    projects.write_text(f'[projects.show1]\npath = "{site.source}"\nguid = "{GUID}"\n')
    site.environment["QUMULO_CHANGELIST_PROJECTS"] = str(projects)

    done = run_program(site, "listener.py", "show1")

    assert done.code == 0, done.messages
    lines = [json.loads(line) for line in done.output.splitlines()]
    whats = [line["what"] for line in lines]
    assert "Progressed" not in whats
    expected = ["FullListNeeded", "SnapshotTaken", "ListPublished", "ListCommitted", "ended"]
    assert [what for what in whats if what in expected] == expected
    ended = {"what": "ended", "source": site.source, "list": str(site.list_path), "error": ""}
    assert lines[-1] == ended

    site.configure(QumuloPassword="wrong")
    done = run_program(site, "listener.py", "show1")
    assert done.code == 77
    ended = json.loads(done.output.splitlines()[-1])
    assert (ended["what"], ended["list"]) == ("ended", None)
    assert "wrong user name or password" in ended["error"]


def test_duckdb_adds_up_a_parquet_list_by_folder(site: Site) -> None:
    write_files(site.mount, "reel1/a.mov", "reel1/b.mov", "old\nreel/c.mov")
    older = site.snapshot()
    (site.mount / "reel1" / "a.mov").write_text("a later take")
    (site.mount / "reel1" / "b.mov").unlink()
    (site.mount / "old\nreel" / "c.mov").unlink()
    (site.mount / "notes.txt").write_text("12345")
    newer = site.snapshot()
    listed = site.generate(older, newer, "--format=parquet", "--deletes", "--transport=rest")
    assert listed.code == 0, listed.messages

    done = run_program(site, "query_parquet.py", listed.output.rstrip("\n"))

    assert done.code == 0, done.messages
    assert [line.split(maxsplit=4) for line in done.output.splitlines()] == [
        ["written", "bytes", "moved", "deleted", "folder"],
        ["1", "12", "0", "1", "'/reel1'"],
        ["1", "5", "0", "0", "'/'"],
        ["0", "0", "0", "1", r"'/old\nreel'"],
    ]


def test_systemd_accepts_the_services_and_the_timer(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    for unit in (EXAMPLES / "systemd").iterdir():
        text = unit.read_text(encoding="utf-8")
        text = text.replace("/usr/local/bin/", f"{PROGRAMS}/")
        (tmp_path / unit.name).write_text(text)
    units = sorted(map(str, tmp_path.iterdir()))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
    )

    assert len(units) == 4
    assert (done.returncode, done.stderr) == (0, "")


def test_the_commands_of_the_service_have_the_options_that_exist() -> None:
    commands = re.findall(
        r"^#?ExecStart=\S+ (.*)", text_of("systemd/qumulo-changelist@.service"), re.MULTILINE
    )

    assert len(commands) == 2
    for command in commands:
        options = options_of(shlex.split(command))
        assert (options["names"], options["wait"]) == (["%i"], 600)


def test_cron_runs_every_project() -> None:
    lines = [
        line
        for line in text_of("qumulo-changelist.cron").splitlines()
        if line and not line.startswith("#") and not re.match(r"[A-Z]+=", line)
    ]

    (line,) = lines
    minute, hour, *rest, user, command = line.split(maxsplit=6)
    assert (int(minute), int(hour), rest, user) == (0, 1, ["*"] * 3, "root")
    assert "%" not in command, "cron would end the line there"
    program, *arguments = shlex.split(command.partition(" >>")[0])
    assert program == "qumulo-changelist"
    assert options_of(arguments)["all"]
    log = command.partition(">> ")[2].split()[0]
    assert f"\n{log} {{\n" in text_of("qumulo-changelist.logrotate")


def test_alerts_are_about_metrics_that_exist() -> None:
    text = text_of("prometheus-alerts.yml")

    assert set(re.findall(r"qumulo_changelist_\w+", text)) <= set(METRICS)
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    (group,) = yaml.safe_load(text)["groups"]
    for rule in group["rules"]:
        assert rule["alert"]
        assert rule["expr"]
        assert rule["annotations"]["summary"]


def test_every_example_is_explained() -> None:
    explained = text_of("README.md")

    found = [one.name for one in EXAMPLES.iterdir() if not one.name.startswith((".", "__"))]
    assert [name for name in found if f"({name}" not in explained] == ["README.md"]
