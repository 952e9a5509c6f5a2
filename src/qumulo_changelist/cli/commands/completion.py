"""``qumulo-changelist completion``: print the completion of a shell."""

import argparse

from qumulo_changelist.cli import common
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.screen import Screen

DESCRIPTION = "Print what a shell needs to complete the commands, options and projects."
EXAMPLES = """\
  qumulo-changelist completion bash > /etc/bash_completion.d/qumulo-changelist
  qumulo-changelist completion zsh > "${fpath[1]}/_qumulo-changelist"
  qumulo-changelist completion fish > ~/.config/fish/completions/qumulo-changelist.fish
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")
    common.add_output_options(parser)


def execute(options: argparse.Namespace, _screen: Screen) -> int:
    """Print the completion, and return the exit code."""
    from argcomplete.shell_integration import shellcode

    script = shellcode(["qumulo-changelist"], shell=options.shell)
    print_answer({"script": script}, script, as_json=options.json)
    return 0
