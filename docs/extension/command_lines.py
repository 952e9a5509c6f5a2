"""Each command and option as Markdown, from the parsers that read them."""

import argparse
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple
from unittest import mock

# What the help shows of the machine that it runs on; a page is for every machine.
_ANYWHERE = {"workers": "the number of cores", "config": "the archiver's own"}
_HOME = "/home/you"
_MANY = 3


class Group(NamedTuple):
    """Options under a common title."""

    title: str
    options: tuple[tuple[str, str], ...]
    """Each as it is typed, and its meaning; both in Markdown."""


def all_parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of every command line that there is, by what is typed first."""
    with _plain_machine():
        from qumulo_changelist.cli import create_snap, generate_changelist
        from qumulo_changelist.cli.main import make_parser
        from qumulo_emulator import cli

        known = {
            "qumulo_create_snap.py": create_snap.make_parser(),
            "qumulo_generate_changelist.py": generate_changelist.make_parser(),
        }
        for name, parser in known.items():
            parser.prog = name  # else it is that of the running program
        own = {leaf.prog: leaf for leaf in _leaves(make_parser())}
        return {**own, **known, **{leaf.prog: leaf for leaf in _leaves(cli._parsers()[0])}}


def describe_commands() -> str:
    """Return every sub-command of ``qumulo-changelist``, and the options that many share."""
    with _plain_machine():
        from qumulo_changelist.cli.main import make_parser

        parsers = _subparsers(make_parser())
        leaves = {name: list(_leaves(parser)) for name, parser in parsers.items()}
        groups = {
            name: {leaf.prog: _groups(leaf) for leaf in those} for name, those in leaves.items()
        }
        counted = Counter(
            group for those in groups.values() for group in set().union(*those.values())
        )
        shared = {group for group, number in counted.items() if number >= _MANY and group.title}
        lines: list[str] = []
        for name, parser in parsers.items():
            lines += [f"## {name}", "", *_head(parser)]
            for leaf in leaves[name]:
                if leaf is not parser:
                    lines += [f"### {leaf.prog.removeprefix('qumulo-changelist ')}", ""]
                    lines += [*_usage(leaf)]
                lines += _listed(groups[name][leaf.prog], shared)
            lines += _examples(parser)
        lines += ["## Options that several commands have", ""]
        lines += ["In the help of each command, they have the same titles.", ""]
        for group in sorted(shared):
            lines += [f"### {_heading(group)}", "", *_definitions(group)]
    return "\n".join(lines)


def describe_known_commands() -> str:
    """Return the options of the two commands that DNA Fabric's users know."""
    return _describe_all("qumulo_")


def describe_emulator() -> str:
    """Return the options of the emulator, without what its own page says of them."""
    return _describe_all("qumulo-emulator")


def _describe_all(program: str) -> str:
    """Return all command lines whose names begin with a text."""
    parsers = {name: one for name, one in all_parsers().items() if name.startswith(program)}
    with _plain_machine():
        return "\n".join(line for name, parser in parsers.items() for line in _whole(name, parser))


def option_meanings() -> dict[str, str]:
    """Return what the options of ``run`` mean, by the name of the key that is the same."""
    with _plain_machine():
        from qumulo_changelist.cli import generate_changelist
        from qumulo_changelist.cli.main import make_parser

        parser = _subparsers(make_parser(["run"]))["run"]
        known = generate_changelist.make_parser()
        found = {
            option[2:].replace("-", "_"): re.sub(r" \(default: [^)]*\)$", "", _meaning(action, one))
            for one in (known, parser)
            for action in one._actions
            for option in action.option_strings
        }
        return {**found, "path": found["source"]}


def _plain_machine() -> AbstractContextManager[object]:
    """Return a context in which help is as wide as a page, and as without any settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("QUMULO_", "XDG_", "_ARGCOMPLETE"))
    }
    plain = {**kept, "COLUMNS": "100", "NO_COLOR": "1", "HOME": _HOME}
    return mock.patch.dict(os.environ, plain, clear=True)


def _whole(name: str, parser: argparse.ArgumentParser) -> list[str]:
    lines = [f"## {name}", "", *_head(parser)]
    for group in _groups(parser):
        lines += [*_title(group), *_definitions(group)]
    return [*lines, *_examples(parser)]


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parser, or those of its sub-commands if it has some."""
    inner = _subparsers(parser)
    if not inner:
        yield parser
    for one in inner.values():
        yield from _leaves(one)


def _head(parser: argparse.ArgumentParser) -> Iterator[str]:
    if not _subparsers(parser):
        yield from _usage(parser)
    for paragraph in (parser.description or "").strip().split("\n\n"):
        yield _text(" ".join(paragraph.split()))
        yield ""


def _usage(parser: argparse.ArgumentParser) -> Iterator[str]:
    usage = parser.format_usage().removeprefix("usage: ").rstrip()
    # Lines are continued below the first word after the program's name.
    usage = re.sub(r"\n {5,}", lambda found: "\n" + " " * (len(found[0]) - 8), usage)
    yield from ("```text", *usage.splitlines(), "```", "")


def _examples(parser: argparse.ArgumentParser) -> Iterator[str]:
    epilog = (parser.epilog or "").strip().removeprefix("examples:").strip("\n")
    if not epilog:
        return
    *_, note = ["", *epilog.rpartition("\n\n")[1:]] if "\n\n" in epilog else ["", ""]
    lines = (epilog.removesuffix(note) if note else epilog).rstrip().splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    yield from ("```text", *(line[indent:] for line in lines), "```", "")
    if note:
        yield from (_text(" ".join(note.split())), "")


def _groups(parser: argparse.ArgumentParser) -> tuple[Group, ...]:
    """Return the groups of a parser that have options; those without a title come first."""
    found = []
    for group in parser._action_groups:
        options = tuple(
            (_name(action), _meaning(action, parser))
            for action in group._group_actions
            if action.help is not argparse.SUPPRESS and not isinstance(action, argparse._HelpAction)
        )
        if options:
            plain = group.title in ("options", "optional arguments", "positional arguments")
            found.append(Group("" if plain else str(group.title), options))
    return tuple(sorted(found, key=lambda group: bool(group.title)))


def _name(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.metavar or action.dest}`"
    value = ""
    if action.nargs != 0:
        choices = "|".join(map(str, action.choices)) if action.choices else ""
        value = f" {action.metavar or choices or action.dest.upper()}"
    return ", ".join(f"`{option}{value}`" for option in action.option_strings)


def _meaning(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    values = {
        **vars(action),
        "prog": parser.prog,
        "default": _ANYWHERE.get(action.dest, action.default),
    }
    return _text(((action.help or "") % values).replace(f"{_HOME}/", "~/"))


def _listed(groups: Iterable[Group], shared: set[Group]) -> list[str]:
    lines: list[str] = []
    for group in groups:
        if group not in shared:
            lines += [*_title(group), *_definitions(group)]
    links = [f"[{group.title}](#{_slug(_heading(group))})" for group in groups if group in shared]
    if links:
        lines += [f"Also the options: {'; '.join(links)}.", ""]
    return lines


def _title(group: Group) -> Iterator[str]:
    if group.title:
        yield from (f"**{_text(group.title[:1].upper() + group.title[1:])}**", "")


def _heading(group: Group) -> str:
    return _text(f"Options: {group.title}")


def _definitions(group: Group) -> Iterator[str]:
    for name, meaning in group.options:
        yield from (name, f": {meaning}", "")


def _slug(heading: str) -> str:
    """Return the anchor of a heading, as the builder and the usual forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _text(text: str) -> str:
    """Return plain text as Markdown; what is between backticks stays, and what is typed is code."""
    text = re.sub(r"(?<![\w`-])(--[a-z][a-z-]+|QUMULO_[A-Z_]+|\{[a-z]+\})(?![^`]*`)", r"`\1`", text)
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_<>\[\]{}$|\\])", r"\\\1", part)
        for part in parts
    )
