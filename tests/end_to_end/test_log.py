"""``--log-file``: what happened in the night, a line an event, under the name in receipts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.site import Site
from tests.end_to_end.test_cycle import Office


@pytest.fixture
def office(site: Site, forks: ForkServer) -> Office:
    write_files(site.mount, "a", "b\nforged", "folder/c")
    return Office(site, forks)


@pytest.fixture
def log(site: Site) -> Path:
    return site.folder / "run.log"


def read(log: Path) -> list[dict[str, Any]]:
    """The lines of a log, each of which has to be one JSON object."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def as_json(log: Path) -> list[str]:
    return ["--log-file", str(log), "--log-format", "json"]


def requests(office: Office) -> int:
    """The number of requests to the cluster, without those of this function."""
    _, answer = office.cluster.request("GET", "/emulator/requests")
    return len([one for one in answer["entries"] if one["path"] != "/emulator/requests"])


def test_a_run_has_one_name_in_log_receipt_answer_and_history(office: Office, log: Path) -> None:
    answer = office.ask("run", *office.project, "--commit", *as_json(log))

    lines = read(log)
    assert {one["run"] for one in lines} == {answer["run"]}
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", answer["run"])
    receipt = json.loads(Path(answer["projects"][0]["sources"][0]["receipt"]).read_bytes())
    assert receipt["run"] == answer["run"]
    assert office.ask("history", office.name)["runs"][0]["run"] == answer["run"]

    names = [one["event"] for one in lines]
    assert (names[0], names[-1]) == ("command_begun", "command_ended")
    wanted = ("source_begun", "snapshot_taken", "list_published", "list_made", "list_committed")
    assert [name for name in names if name in wanted] == list(wanted)
    assert {one["command"] for one in lines} == {"run"}
    end = lines[-1]
    assert (end["exit_code"], end["retries"], end["lists"], end["totals"]["files"]) == (0, 0, 1, 3)
    assert "error" not in end


def test_a_run_that_fails_says_why_and_what_to_do(office: Office, log: Path) -> None:
    office.cluster.fault(method="GET", status=503, times=1)
    office.run("--commit", *as_json(log))
    office.site.configure(QumuloTransport="rest", QumuloPassword="s3cret-and-wrong")
    done = office.run(*as_json(log), "--notify-url", "http://127.0.0.1:9/t0ken", code=77)

    lines = read(log)
    ended = [one for one in lines if one["event"] == "command_ended"]
    assert [one["exit_code"] for one in ended] == [0, 77]
    assert [one["retries"] for one in ended] == [1, 0]
    assert ended[1]["error"] == "LoginError"
    assert ended[1]["level"] == "error"
    assert ended[1]["message"] in done.messages
    assert ended[1]["hint"] in done.messages
    assert ended[1]["hint"].endswith(f"The configuration is {office.site.configuration}.")
    assert "s3cret" not in log.read_text()
    assert "t0ken" not in log.read_text()


def test_text_has_the_words_of_the_screen_and_the_known_commands_take_a_variable(
    site: Site, log: Path
) -> None:
    write_files(site.mount, "a")
    older = site.snapshot()
    write_files(site.mount, "b\nforged: \x1b[2J")
    site.environment = {"QUMULO_CHANGELIST_LOG": str(log)}
    done = site.generate(older, site.snapshot(), "--transport=rest", "--verbose")
    assert done.code == 1, done.messages  # XML has no escape character

    lines = log.read_text(encoding="utf-8").splitlines()
    assert all(" qumulo_generate_changelist " in line for line in lines)
    assert "command_begun: version " in lines[0]
    assert f"command_ended: exit code {done.code} after " in lines[-1]
    said = next(line for line in lines if " list_published: " in line).split(": ", 1)[1]
    assert said in done.messages
    receipt = json.loads(site.list_path.with_suffix(".json").read_bytes())
    assert receipt["run"] == lines[0].split(" ")[1]


@pytest.mark.parametrize("arguments", [("run",), ("snapshot", "list")], ids=" ".join)
def test_a_log_that_cannot_be_written_ends_a_command_before_its_work(
    office: Office, log: Path, arguments: tuple[str, ...]
) -> None:
    log.mkdir()
    before = requests(office)
    project = office.project if arguments == ("run",) else []

    done = office.type(*arguments, *project, "--log-file", str(log), code=4)

    assert f"the log {log} cannot be written: Is a directory" in done.messages
    assert "--log-file" in done.messages
    assert requests(office) == before


def test_a_log_of_a_wrong_format_is_refused(office: Office, log: Path) -> None:
    office.site.environment = {"QUMULO_CHANGELIST_LOG_FORMAT": "xml"}

    done = office.run("--log-file", str(log), code=2)

    assert "--log-format" in done.messages
    assert not log.exists()
