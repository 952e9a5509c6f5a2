"""The pages: one for each program, and one for each sub-command of `qumulo-changelist`."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from manual import roff, words
from manual.parsers import Command, Option, read_parser
from qumulo_changelist.cli import create_snap, generate_changelist, main
from qumulo_changelist.config.archiver import default_path
from qumulo_changelist.projects.file import default_paths
from qumulo_changelist.version import __version__
from qumulo_emulator import cli as emulator

_CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
_RELEASE = re.compile(r"^## \[?(\d+\.\d+\.\d+)\]? - (\d{4}-\d\d-\d\d)$", re.MULTILINE)
_SUMMARIES = {
    "qumulo-changelist": "list what changed on a Qumulo cluster since the last archive",
    "qumulo-create-snap": "take a snapshot on a Qumulo cluster, and print its id",
    "qumulo-generate-changelist": "list what changed between two snapshots of a Qumulo cluster",
    "qumulo-emulator": "serve a directory as a Qumulo cluster",
}


def make_pages() -> dict[str, str]:
    """Return the text of each page by the name of its file; every machine makes the same ones."""
    changelist, *others = _read_programs()
    separate = [(f"{changelist.name}-{_last(one)}", one) for one in changelist.commands]
    named = [(changelist.name, changelist), *separate, *((one.name, one) for one in others)]
    names = [name for name, _ in named]
    return {
        f"{name}.1": "\n".join(_page(name, command, _see_also(name, names))) + "\n"
        for name, command in named
    }


def latest_release() -> tuple[str, str]:
    """Return the version that CHANGELOG.md has first, and its date."""
    found = _RELEASE.search(_CHANGELOG.read_text(encoding="utf-8"))
    if not found:
        raise ValueError(f"{_CHANGELOG} has no line such as: ## [1.0.0] - 2026-11-26")
    return found[1], found[2]


def _read_programs() -> list[Command]:
    # Options show what the environment has as their default.
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("QUMULO_")}
    try:
        parsers = [
            main.make_parser(),
            create_snap.make_parser(),
            generate_changelist.make_parser(),
            emulator.make_parser(),
        ]
        for parser, name in zip(parsers[1:3], list(_SUMMARIES)[1:3], strict=True):
            parser.prog = name
        return [read_parser(parser, _SUMMARIES[parser.prog]) for parser in parsers]
    finally:
        os.environ.update(kept)


def _page(name: str, command: Command, see_also: list[str]) -> Iterator[str]:
    has_pages = command.name == "qumulo-changelist"
    options = frozenset({"--config", "--projects", "--state"}) if has_pages else command.options
    own = _last(command)
    yield r".\" Made by `make man` from the parser of the command: do not edit."
    yield from roff.heading(name, latest_release()[1], __version__)
    yield from roff.section("Name", [f"{roff.escape(name)} \\-", *roff.prose(command.summary)])
    yield from roff.section("Synopsis", _synopsis(command, is_short=has_pages))
    yield from roff.section("Description", roff.paragraphs(command.description))
    if has_pages:
        yield from roff.section("Commands", _list_of_pages(command))
    yield from roff.section("Options", _options(command))
    if not has_pages:
        for one in command.commands:
            yield from roff.section(_last(one), _part(one))
    if has_pages:
        yield from roff.section("Exit status", _every_code())
    else:
        yield from roff.section("Exit status", _terms(words.describe_exits(own, options)))
    yield from roff.section("Environment", _terms(words.describe_variables(own, options)))
    yield from roff.section("Files", _terms(words.describe_files(own, options)))
    yield from roff.section("Examples", _examples(command.epilog))
    yield from roff.section("See also", [f"{one}," for one in see_also[:-1]] + see_also[-1:])


def _synopsis(command: Command, *, is_short: bool) -> list[str]:
    lines: list[str] = []
    shown = () if is_short else command.commands
    for one in shown or (command,):
        lines += [".br"] if lines else []
        lines.append(f"{roff.bold(one.name)} {_usage(one)}".rstrip())
    return lines


def _usage(command: Command) -> str:
    if command.usage:
        return roff.escape(command.usage)
    options = [one for group in command.groups for one in group.options]
    required = [f"{roff.bold(one.names[0])} {roff.italic(one.value)}" for one in options
                if one.is_required]  # fmt: skip
    given = [roff.italic(one.usage) for one in command.arguments]
    if command.commands:
        given.append(roff.italic("COMMAND"))
    return " ".join([*required, f"[{roff.italic('OPTION')}]...", *given])


def _options(command: Command) -> list[str]:
    lines = [line for one in command.arguments for line in _option(one)]
    for group in command.groups:
        described = [line for one in group.options for line in _option(one)]
        lines += roff.subsection(_capital(group.title), described) if group.title else described
    return lines


def _option(option: Option) -> list[str]:
    value = roff.italic(option.value) if option.value else ""
    names = ", ".join(map(roff.bold, option.names))
    return roff.definition(f"{names} {value}".strip(), _same_everywhere(option.meaning))


def _part(command: Command) -> list[str]:
    lines = roff.paragraphs(command.description or f"{_capital(command.summary)}.")
    return lines + _options(command)


def _list_of_pages(command: Command) -> list[str]:
    return [
        line
        for one in command.commands
        for line in roff.definition(
            f"{_reference(one.name.replace(' ', '-'))}", _sentence(one.summary)
        )
    ]


def _every_code() -> list[str]:
    lines = roff.paragraphs("A command can end with these; its own page lists its own.")
    codes = [("0", "Success."), ("1", "See the page of the command.")]
    codes += [(str(code), meaning) for code, meaning in sorted(words.meanings_of_codes().items())]
    return lines + _terms(codes)


def _terms(described: list[tuple[str, str]]) -> list[str]:
    return [line for term, text in described for line in roff.definition(roff.bold(term), text)]


def _examples(epilog: str) -> list[str]:
    return roff.paragraphs(epilog.removeprefix("examples:\n")) if epilog else []


def _see_also(name: str, names: list[str]) -> list[str]:
    return [_reference(one) for one in sorted(names) if one != name]


def _reference(name: str) -> str:
    return f"{roff.bold(name)}(1)"


def _last(command: Command) -> str:
    return command.name.rpartition(" ")[2]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return f"{_capital(text)}."


def _same_everywhere(text: str) -> str:
    """Return a text with the paths that most machines and users have, instead of this one's."""
    text = text.replace(default_path(), words.CONFIGURATION)
    return text.replace(default_paths()[-1], words.PROJECTS)
