"""What an argparse parser says, as plain values; nothing here knows how a page is written."""

import argparse
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_USAGES = {"?": "[{}]", "*": "[{}]...", "+": "{}..."}
_DEFAULTS_OF_THIS_MACHINE: Mapping[str, str] = {"workers": "the number of usable cores"}


class Option(NamedTuple):
    """An option, or a positional argument."""

    names: tuple[str, ...]
    """Those of an option, such as ``-d`` and ``--deletes``; none for a positional argument."""
    value: str
    """What stands for its value; "" if it has none."""
    usage: str
    """The same, with how often it is given, such as ``[PROJECT]...``."""
    meaning: str
    is_required: bool


class Group(NamedTuple):
    """Options with a title."""

    title: str
    """"" for those that have none of their own."""
    options: tuple[Option, ...]


class Command(NamedTuple):
    """A command, or a sub-command."""

    name: str
    """As it is typed, such as ``qumulo-changelist run``."""
    summary: str
    """One line; "" for a whole program."""
    description: str
    usage: str
    """Its own usage, without its name; "" if that follows from its options."""
    epilog: str
    arguments: tuple[Option, ...]
    groups: tuple[Group, ...]
    commands: "tuple[Command, ...]"
    """Its sub-commands."""

    @property
    def options(self) -> frozenset[str]:
        """The names of all its options, and of those of its sub-commands."""
        own = {name for group in self.groups for one in group.options for name in one.names}
        return frozenset(own.union(*(one.options for one in self.commands)))


def read_parser(parser: argparse.ArgumentParser, summary: str = "") -> Command:
    """Return what a parser says.

    Args:
        parser: the parser.
        summary: what its program, or the parser above it, says of it in one line.
    """
    usage = parser.usage or ""
    return Command(
        name=parser.prog,
        summary=summary,
        description=parser.description or "",
        usage=usage.removeprefix(parser.prog).strip(),
        epilog=parser.epilog or "",
        arguments=tuple(
            _read(parser, action)
            for action in parser._get_positional_actions()
            if not isinstance(action, argparse._SubParsersAction)
        ),
        groups=tuple(_read_groups(parser)),
        commands=tuple(_read_commands(parser)),
    )


def _read_groups(parser: argparse.ArgumentParser) -> Iterator[Group]:
    for group in parser._action_groups:
        options = [
            _read(parser, action)
            for action in group._group_actions
            if action.option_strings and action.help is not argparse.SUPPRESS
        ]
        is_usual = group is parser._optionals
        if options:
            yield Group("" if is_usual else group.title or "", tuple(options))


def _read_commands(parser: argparse.ArgumentParser) -> Iterator[Command]:
    for action in parser._get_positional_actions():
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield read_parser(command, summaries[name])


def _read(parser: argparse.ArgumentParser, action: argparse.Action) -> Option:
    names, value = tuple(action.option_strings), _value(action)
    usage = _USAGES.get(str(action.nargs), "{}").format(value)
    return Option(names, value, usage, _meaning(parser, action), action.required)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    usual = action.dest.upper() if action.option_strings else action.dest
    return str(action.metavar or (_choices(action, "|") if action.choices else usual))


def _meaning(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    values = {**vars(action), "prog": parser.prog}
    if action.dest in _DEFAULTS_OF_THIS_MACHINE:
        values["default"] = _DEFAULTS_OF_THIS_MACHINE[action.dest]
    if action.choices:
        values["choices"] = _choices(action, ", ")
    return (action.help or "") % values


def _choices(action: argparse.Action, between: str) -> str:
    return between.join(map(str, action.choices or ()))
