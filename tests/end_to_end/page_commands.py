"""The commands in README.md and docs: found in the pages, and run in order, as a reader would."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.quick import REPOSITORY

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>sh|bash|shell|console)\n(?P<text>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)
_END = "\x1e"
"""After what each command printed: its number and its exit code, between two of these."""


class Command(NamedTuple):
    """A command of a page, or several lines that run together."""

    page: str
    line: int
    """Of the page, from 1."""
    text: str
    shown: str | None
    """What the page shows that it prints; None if the page does not."""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


class Ended(NamedTuple):
    """How a command of a page ended."""

    command: Command
    code: int
    output: str
    """On standard output and standard error."""


def pages() -> list[str]:
    """Return README.md and everything in docs, as paths in the repository."""
    files = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
    return [str(path.relative_to(REPOSITORY)) for path in files if "_build" not in path.parts]


def text_of(page: str) -> str:
    return (REPOSITORY / page).read_text(encoding="utf-8")


def commands_of(page: str) -> list[Command]:
    """Return the commands in the blocks of a page that are for a shell, in their order.

    A block of ``sh`` is one command. In a block of ``console`` each line after ``$`` is one, with
    the lines after ``>`` that continue it; what follows is what it prints.
    """
    text = text_of(page)
    found: list[Command] = []
    for block in _FENCE.finditer(text):
        line = text.count("\n", 0, block.start()) + 2
        lines = [one.removeprefix(block["indent"]) for one in block["text"].splitlines()]
        if block["language"] == "console":
            found += _typed(page, line, lines)
        else:
            found.append(Command(page, line, "\n".join(lines), None))
    return found


def _typed(page: str, line: int, lines: list[str]) -> Iterator[Command]:
    starts = [number for number, one in enumerate(lines) if one.startswith("$ ")]
    assert starts[:1] == [0], f"{page}:{line} does not begin with a command"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        typed = [lines[start][2:]]
        rest = lines[start + 1 : end]
        while rest and rest[0].startswith("> "):
            typed.append(rest.pop(0)[2:])
        yield Command(page, line + start, "\n".join(typed), "\n".join(rest))


def run_commands(
    commands: Iterable[Command], folder: Path, variables: dict[str, str], replaced: dict[str, str]
) -> list[Ended]:
    """Run commands one after the other in one shell, until one of them ends the shell.

    Args:
        commands: a command that is shown with what it prints may fail; others end the shell then.
        folder: where they are run.
        variables: the whole environment.
        replaced: parts of commands, and what to type instead.
    """
    commands = list(commands)
    # Only what this shell started in the background is stopped.
    script = ["trap 'jobs -p | xargs -r kill; wait' EXIT"]
    for number, command in enumerate(commands):
        text = command.text
        for old, new in replaced.items():
            text = text.replace(old, new)
        script += ["set -e", text, "set +e"] if command.shown is None else [text]
        script += [f"code=$?; printf '{_END}{number} %d{_END}' $code; (exit $code)"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    parts = os.fsdecode(done.stdout).split(_END)
    ended = []
    for output, how in zip(parts[::2], parts[1::2], strict=False):
        number, code = map(int, how.split())
        ended.append(Ended(commands[number], code, output))
    if len(ended) < len(commands):
        ended.append(Ended(commands[len(ended)], done.returncode or -1, parts[-1]))
    return ended
