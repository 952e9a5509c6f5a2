"""The emulator is for this machine alone, and says so loudly if it is told otherwise."""

import json
import re
from pathlib import Path

import pytest

from qumulo_emulator.cli import main, make_parser
from qumulo_emulator.exposure import is_loopback
from tests.emulator.process import rest_of_output, serving

DOCKERFILE = Path(__file__).resolve().parents[2] / "Dockerfile"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_an_address_of_this_machine_alone_needs_no_warning(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "::", "", "10.0.0.1", "fe80::1"])
def test_every_other_address_does(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("command", [["serve", "."], ["demo"]])
def test_unless_told_otherwise_it_listens_on_loopback(command: list[str]) -> None:
    assert is_loopback(make_parser().parse_args(command).host)


def test_serve_as_the_container_does_it_warns_loudly(tmp_path: Path) -> None:
    commands = re.findall(r"^CMD (\[.*\])$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    words = next(json.loads(each) for each in commands if "--host" in each)
    host = words[words.index("--host") + 1]
    assert not is_loopback(host)

    with serving(str(tmp_path), "--host", host) as (process, _facts):
        process.terminate()
        _, messages, code = rest_of_output(process)

    assert code == 0
    assert messages.count(b"WARNING") == 3
    assert f"it listens on {host}, which other machines can reach".encode() in messages
    assert b"list, change and delete" in messages


def test_demo_warns_before_it_does_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").touch()

    assert main(["demo", "--host", "0.0.0.0", "--folder", str(tmp_path)]) == 1

    messages = capsys.readouterr().err
    assert messages.index("WARNING") < messages.index("is not empty")
