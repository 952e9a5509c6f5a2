"""Asking a person on a terminal. Where nobody can be asked, everything has to be an option."""

import sys
from collections.abc import Callable
from typing import TypeVar

from qumulo_changelist.cli.cycle_hints import CYCLE_HINTS
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.cli.screen import prompt, say
from qumulo_changelist.cli.terminal import is_terminal
from qumulo_changelist.errors import ChangelistError, UsageError

MAX_PASSWORDS = 3
"""The number of times that a password is asked for; more wrong ones could lock a user out."""

# Whoever answers questions gives no options.
_HINTS = {**CYCLE_HINTS, UsageError: ""}

Value = TypeVar("Value")


def missing_options(*options: str) -> UsageError:
    """Return the error for options that are missing where nobody can be asked."""
    verb = "are" if len(options) > 1 else "is"
    return UsageError(f"{', '.join(options)} {verb} missing, and there is no terminal to ask on")


class Interview:
    """Asks questions, and again if an answer is of no use.

    Args:
        may_ask: whether a person may be asked, if there is one.
    """

    def __init__(self, *, may_ask: bool) -> None:
        self.can_ask = may_ask and is_terminal(sys.stdin) and is_terminal(sys.stderr)

    def answer(self, given: str | None, option: str, question: str, default: str = "") -> str:
        """Return what was given as an option, or what a person answers.

        Args:
            given: the value of the option; None if it is missing.
            option: how it is given on the command line.
            question: what to ask.
            default: what an empty answer means, and a missing option, if it is not "".

        Raises:
            UsageError: it is missing, and nobody can be asked.
        """
        if given is not None:
            return given
        if self.can_ask:
            shown = f" [{default}]" if default else ""
            prompt(f"{question}{shown}: ")
            return self._line() or default
        if default:
            return default
        raise missing_options(option)

    def secret(self, option: str, question: str) -> str:
        """Return what a person types, which is not shown.

        Raises:
            UsageError: nobody can be asked.
        """
        if not self.can_ask:
            raise missing_options(option)
        import getpass

        try:
            return getpass.getpass(f"{question}: ", stream=sys.stderr)
        except EOFError:
            raise self._closed() from None

    def agrees(self, given: bool | None, question: str, *, default: bool) -> bool:
        """Return whether a person agrees; if nobody can be asked, only if the option says so."""
        if given is not None:
            return given
        if not self.can_ask:
            return False
        while True:
            prompt(f"{question} [{'Y/n' if default else 'y/N'}] ")
            words = self._line().lower()
            if words in ("", "y", "yes", "n", "no"):
                return words.startswith("y") if words else default

    def repeat(self, ask: Callable[[], Value], *, is_asked: bool, tries: int = 0) -> Value:
        """Return what a function returns that asks and checks; call it again if a check fails.

        Args:
            ask: asks, checks, and raises a ``ChangelistError`` if the answer is of no use.
            is_asked: whether a person answers, and not an option, which would stay the same.
            tries: the number of times to ask; 0 for any.

        Raises:
            ChangelistError: no answer was of use.
        """
        may_repeat = self.can_ask and is_asked
        number = 0
        while True:
            number += 1
            try:
                return ask()
            except ChangelistError as error:
                if not may_repeat or number == tries or not self.can_ask:  # any more
                    raise
                say(str(error))
                if hint := hint_for(error, makes_list=False, overrides=_HINTS):
                    say(hint)

    def _line(self) -> str:
        line = sys.stdin.readline()
        if not line:
            raise self._closed()
        return line.strip()

    def _closed(self) -> UsageError:
        self.can_ask = False
        return UsageError("the terminal was closed before all questions were answered")
