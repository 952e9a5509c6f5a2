"""What only the command line knows of an error: the command, the project, the configuration."""

import argparse

from qumulo_changelist.errors import ChangelistError


def add_context(error: ChangelistError, options: argparse.Namespace, project: str = "") -> None:
    """Add to an error what its hint names; what it knows already stays.

    Args:
        error: what ended the command, or a part of it.
        options: the command line.
        project: the one that the error is of; "" for the first that the command line names.
    """
    named = [project, getattr(options, "name", "") or "", *getattr(options, "names", [])]
    error.command = error.command or getattr(options, "command", "")
    error.project = error.project or next(filter(None, named), "")
    error.configuration = error.configuration or getattr(options, "read_config", "")
