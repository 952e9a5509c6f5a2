"""``qumulo-changelist`` besides the cycle: help, JSON, completion, and the smaller sub-commands."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qumulo_changelist.cli.commands import COMMANDS
from tests.end_to_end.site import GUID, CommandResult, Site
from tests.quick import REPOSITORY, quick_command

PROGRAM = Path(sys.executable).parent / "qumulo-changelist"
COMMANDS_PAGE = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")


class Office:
    """A site at which somebody types sub-commands; ``show`` is its project, over REST."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.projects = site.folder / "projects.toml"
        self.projects.write_text(
            f'[projects.show]\npath = "{site.source}"\nguid = "{GUID}"\ntransport = "rest"\n',
            encoding="utf-8",
        )

    def type(self, *arguments: str, code: int = 0) -> CommandResult:
        done = subprocess.run(
            [quick_command("qumulo-changelist"), *arguments],
            capture_output=True,
            text=True,
            env=self.site.variables() | {"QUMULO_CHANGELIST_PROJECTS": str(self.projects)},
            cwd=self.site.folder,
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def ask(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.type(*arguments, "--json", "--quiet", code=code).output)


@pytest.fixture
def office(site: Site) -> Office:
    site.configure(QumuloTransport="rest")
    return Office(site)


def keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def is_documented(value: Any) -> bool:
    """Whether the page names every key; the keys of ``committed`` are paths."""
    keys = {key for key in keys_of(value) if not key.startswith("/")}
    return {key for key in keys if f"`{key}`" not in COMMANDS_PAGE and key not in "error"} == set()


def without_times(text: str) -> str:
    """A list without the times, which for deleted entries are those of the run."""
    return re.sub(r' [ma]time="\d+"', "", text)


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_teaches_with_examples(command: str, site: Site) -> None:
    program = quick_command("qumulo-changelist")
    done = subprocess.run([program, command, "--help"], capture_output=True, text=True)

    examples = done.stdout.partition("examples:\n")[2]
    assert re.search(rf"^  qumulo-changelist {command}\b", examples, re.MULTILINE)
    assert "--json" in done.stdout or command == "snapshot"
    assert (
        f"\n## {command}" in COMMANDS_PAGE
        or f"{command}," in COMMANDS_PAGE
        or (f", {command}\n" in COMMANDS_PAGE or f"`{command} check`" in COMMANDS_PAGE)
    )


def test_the_help_names_every_command() -> None:
    done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True)

    for command, summary in COMMANDS.items():
        assert command in done.stdout
        assert summary.split()[0] in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnu"], "invalid choice"),
        (["run"], "name a project"),
        (["run", "shw"], "did you mean show?"),
        (["run", "--source", "/a"], "--source needs --project NAME"),
        (["run", "--project", "a", "--source", "/a"], "--project needs --guid"),
        (["run", "show", "--all"], "give either --all"),
        (["run", "show", "--format", "tar", "--deletes"], "Give --no-deletes or --no-moves"),
        (["run", "show", "--"], "a command goes after --"),
        (["run", "show", "cp", "{list}"], "qumulo-changelist run show -- cp '{list}'"),
        (["commit", "shw"], "did you mean show?"),
        (["status", "--", "ls"], "a command can follow `run` alone"),
        (["status", "--max-age", "soon"], "is not a duration such as 10m"),
        (["diff", "1", "2", "-", "--json"], "exclude each other"),
        (["diff", "1", "2"], "Add --project NAME, or give a file for the list, or - for standard"),
        (["explain", "/elsewhere"], "has made no list that can contain /elsewhere"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what_is_wrong(
    office: Office, arguments: list[str], words: str
) -> None:
    done = office.type(*arguments, code=2)

    assert words in done.messages
    assert "Traceback" not in done.messages
    assert "--json" in arguments or done.output == ""


def test_a_path_of_the_mount_is_explained_by_its_name_on_the_cluster(office: Office) -> None:
    with office.projects.open("a", encoding="utf-8") as file:
        file.write(f'mapped_path = "{office.site.mount}"\n')

    done = office.type("explain", f"{office.site.mount}/reel/a.mov", code=2)

    assert f"On the cluster, it is {office.site.source}/reel/a.mov." in done.messages


def test_a_command_that_only_shows_something_claims_no_snapshot_if_its_output_is_closed(
    office: Office,
) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [quick_command("qumulo-changelist"), "projects", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=office.site.variables() | {"QUMULO_CHANGELIST_PROJECTS": str(office.projects)},
        )

    assert done.returncode == 4
    assert "Only the output is cut short" in done.stderr
    assert "a snapshot has been taken" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["rnu"], ["run", "--keep", "0"], ["run", "a", "--"], ["status", "--", "ls"]]
)
def test_a_wrong_command_line_is_one_json_object_too(arguments: list[str]) -> None:
    done = subprocess.run(
        [quick_command("qumulo-changelist"), arguments[0], "--json", *arguments[1:]],
        capture_output=True,
        text=True,
    )

    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["exit_code"], error["class"]) == (2, 2, "UsageError")
    assert error["message"] in done.stderr
    assert "--help" in error["hint"]
    assert done.stderr.startswith("usage: ")


# Projects


def test_every_problem_of_a_file_of_projects_is_reported_with_its_line(office: Office) -> None:
    office.projects.write_text(
        '[projects.a]\npath = "b"\ngiud = "c"\n\n[projects.d]\npath = "/e"\nguid = "f"\nkeep = 0\n'
    )

    done = office.type("projects", "check", code=23)

    assert done.messages.splitlines() == [
        f"{office.projects}, line 1: guid is missing",
        f"{office.projects}, line 2: path = 'b': it has to be an absolute path, which begins "
        "with /",
        f"{office.projects}, line 3: unknown key giud; did you mean guid?",
        f"{office.projects}, line 8: keep = 0: it has to be a number, from 1",
    ]
    answer = office.ask("projects", "check", code=23)
    assert [problem["line"] for problem in answer["problems"]] == [1, 2, 3, 8]
    assert is_documented(answer)
    assert "line 1: guid is missing (and 3 more)" in office.type("run", "--all", code=23).messages


def test_the_projects_in_the_documentation_can_be_read(office: Office) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", COMMANDS_PAGE, re.DOTALL)
    office.projects.write_text(example)

    show1, films = office.ask("projects", "list")["projects"]

    assert show1["name"] == "show1"
    assert show1["options"]["deletes"] is films["options"]["deletes"] is True
    assert [source["path"] for source in films["sources"]] == ["/films/a", "/films/b"]
    assert films["policy"] == "Nightly"


# Snapshots and lists


def test_lists_of_any_two_snapshots_and_of_one_are_printed(office: Office) -> None:
    site = office.site
    (site.mount / "old").write_text("1")
    older = site.snapshot()
    (site.mount / "new").write_text("22")
    (site.mount / "old").unlink()
    newer = site.snapshot()

    changes = office.type("diff", str(older), str(newer), "-", "--deletes").output
    assert '<file name="/new" size="2"' in changes
    assert '<delete-file name="/old"' in changes
    unlisted = "what was deleted is not listed (--deletes)"
    assert unlisted in office.type("diff", str(older), str(newer), "-").messages
    assert unlisted not in office.type("diff", str(older), str(newer), "-", "--deletes").messages
    assert unlisted not in office.type("scan", str(newer), "-").messages
    again = office.type("diff", "latest~1", "latest", "-", "--deletes", "-q").output
    # What was deleted has the time of the run.
    without_times = re.compile(r'[am]time="\d+"')
    assert without_times.sub("", again) == without_times.sub("", changes)
    everything = office.type("scan", "latest~1", "-", "--format", "ndjson").output
    assert [json.loads(line).get("path") for line in everything.splitlines()] == ["/old", None]
    names = ("diff", str(older), str(newer), "-", "--format=null")
    assert office.type(*names).output == "./new\0"
    refused = office.type(*names, "--deletes", code=2)
    assert "standard output takes one list, and there would be several" in refused.messages
    assert list((site.folder / "work").iterdir()) == []

    answer = office.ask("diff", str(older), str(newer), "--project", "show", "--deletes")
    assert Path(answer["list"]) == site.list_path
    assert is_documented(answer)
    verified = office.ask("verify", "--against-cluster", answer["list"])
    assert verified["whole"] is True
    assert is_documented(verified)
    explained = office.ask("explain", f"{site.source}/old", "--list", answer["list"])
    assert explained["listed_as"] == "deleted file"
    assert is_documented(explained)

    site.list_path.write_bytes(site.list_path.read_bytes().replace(b"new", b"now"))
    assert "differs sha256" in office.type("verify", answer["list"], code=5).output


def test_no_list_replaces_a_pipe_and_nothing_is_done_for_it(office: Office) -> None:
    site = office.site
    office.site.list_path.parent.mkdir(parents=True)
    for place in (site.folder / "pipe", site.list_path):
        os.mkfifo(place)

    for arguments in (["run", "show"], ["scan", str(site.snapshot()), "pipe"]):
        done = office.type(*arguments, code=4)
        assert "cannot be written: it is not a regular file" in done.messages

    assert site.list_path.is_fifo()
    assert (site.folder / "pipe").is_fifo()
    assert len(office.ask("snapshot", "list", "show")["snapshots"]) == 1
    assert office.ask("history")["runs"] == []


def test_snapshots_are_created_listed_shown_and_deleted_but_not_what_a_project_needs(
    office: Office,
) -> None:
    source = office.site.source
    created = office.ask("snapshot", "create", "mine", "--source", source, "--expire", "30days")
    mine = created["snapshots"][0]
    office.type("run", "show", "--commit")

    listed = office.ask("snapshot", "list", "show")
    assert is_documented(listed)
    assert is_documented(created)
    run, marker = listed["snapshots"][1:]
    assert [run["committed"], marker["marks"]] == [True, run["id"]]
    assert office.ask("snapshot", "show", mine["name"])["expires"] is not None

    for needed in (run, marker):
        done = office.type("snapshot", "delete", str(needed["id"]), code=2)
        assert f"snapshot {needed['id']} stays" in done.messages
        assert "--force" in done.messages
    assert office.ask("snapshot", "delete", mine["name"]) == {"deleted": [mine["id"]]}
    assert office.ask("snapshot", "show", mine["name"], code=66)["error"]["exit_code"] == 66
    left = office.ask("snapshot", "list", "show")["snapshots"]
    assert [one["id"] for one in left] == [run["id"], marker["id"]]


def test_the_json_of_the_cycle_is_documented(office: Office) -> None:
    (office.site.mount / "a").write_text("1")

    for arguments in (
        ["run", "show", "--dry-run"],
        ["run", "show"],
        ["commit", "show"],
        ["status"],
        ["history"],
        ["adopt", "show"],
    ):
        assert is_documented(office.ask(*arguments)), arguments
    failed = office.ask("commit", "show", code=2)
    assert set(failed["error"]) == {"class", "message", "hint", "exit_code"}


# Completion


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("qumulo-changelist hist", ["history "]),
        ("qumulo-changelist run sh", ["show "]),
        ("qumulo-changelist snapshot del", ["delete "]),
        ("qumulo-changelist diff 1 2 - --format nd", ["ndjson "]),
    ],
)
def test_a_shell_completes_commands_options_and_projects(
    office: Office, tmp_path: Path, line: str, expected: list[str]
) -> None:
    answer = tmp_path / "completions"
    subprocess.run(
        [PROGRAM],
        env=office.site.variables()
        | {
            "QUMULO_CHANGELIST_PROJECTS": str(office.projects),
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_SHELL": "bash",
            "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        },
        check=True,
    )

    assert answer.read_text().split("\n") == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_printed_completion_is_a_script_of_the_shell(shell: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    with script.open("wb") as file:
        subprocess.run([PROGRAM, "completion", shell], stdout=file, check=True)

    assert b"qumulo-changelist" in script.read_bytes()
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} here")
    subprocess.run([shell, "-n", str(script)], check=True, env={"HOME": os.devnull})


def test_a_full_list_is_of_the_snapshot_and_not_of_what_is_mounted_now(office: Office) -> None:
    site = office.site
    (site.mount / "then").write_text("1")
    snapshot = site.snapshot()
    (site.mount / "then").unlink()
    (site.mount / "later").write_text("2")

    options = ["--project", "show", "--source", site.source, "--mapped-path", str(site.mount)]
    listed = office.type("scan", str(snapshot), "-", *options, "--format", "ndjson").output

    assert [json.loads(line).get("path") for line in listed.splitlines()] == ["/then", None]


def test_the_configuration_of_a_project_counts_more_than_that_of_the_environment(
    office: Office,
) -> None:
    config = office.site.configuration
    text = office.projects.read_text(encoding="utf-8")
    office.projects.write_text(f'{text}config = "{config}"\n', encoding="utf-8")
    office.site.environment["QUMULO_CHANGELIST_CONFIG"] = "/elsewhere"

    office.type("run", "show", "--dry-run")
    assert "/elsewhere cannot be read" in office.type("snapshot", "list", code=23).messages
    del office.site.environment["QUMULO_CHANGELIST_CONFIG"]
    kept = office.type("run", "show", "--commit", "--keep", "1").messages
    assert "committed" in kept
