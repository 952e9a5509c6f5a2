"""Serves the vendor's ``qq``, which otherwise makes its parser of 300 commands in each process."""

import sys
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from qumulo.lib import opts

from tests import quick_server


def make_parser_once() -> None:
    """Let ``qq`` add to its parser the commands that have been added to a different one before."""
    import_module("qumulo.lib.qq")  # all commands are known from then on
    made: Any = ArgumentParser(prog="qq")
    opts.add_subcommands(made)

    def add_subcommands(parser: Any) -> None:
        parser.formatter_class = made.formatter_class
        parser._subparsers = made._subparsers
        parser._action_groups.append(made._subparsers)
        parser._actions.append(made._actions[-1])

    opts.add_subcommands = add_subcommands


if __name__ == "__main__":
    make_parser_once()
    quick_server.serve(sys.argv[1], ["qumulo.lib.qq:qq=qq_main_PYTHON_ARGCOMPLETE_OK"])
