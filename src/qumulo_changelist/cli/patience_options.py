"""The options that say how long a command is patient: with a cluster, with ``qq``, and in all."""

import argparse
from typing import TYPE_CHECKING

from qumulo_changelist.cli.arguments import duration, duration_or_none
from qumulo_changelist.config.settings import Settings

if TYPE_CHECKING:
    from qumulo_changelist.projects.project import Project


QUESTION_RETRY_FOR = 10
"""The number of seconds for which a request that fails is tried again, if a person waits for it."""


def add_options(parser: argparse._ActionsContainer) -> None:
    """Add how long a command is patient with a cluster, and with ``qq``."""
    parser.add_argument(
        "--retry-for", metavar="TIME", type=duration_or_none,
        help="try a request that fails again for this time, such as 5m; 0 for never (default: 5m; "
        f"of what only shows or checks something, {QUESTION_RETRY_FOR}s)",
    )  # fmt: skip
    parser.add_argument(
        "--qq-timeout", metavar="TIME", type=duration,
        help="end a qq that does nothing for this time (default: 10m)",
    )  # fmt: skip


def add_deadline(parser: argparse._ActionsContainer) -> None:
    """Add how long a command may take in all."""
    parser.add_argument(
        "--deadline", metavar="TIME", type=duration,
        help="end without a list if it is not there after this time, such as 6h (default: never)",
    )  # fmt: skip


def with_patience(
    settings: Settings,
    options: argparse.Namespace,
    project: "Project | None" = None,
    *,
    is_question: bool = False,
) -> Settings:
    """Return settings with the patience that a command line asks for, else a project.

    If neither does, somebody who asks a question waits for seconds, and a run for minutes.
    """
    from msgspec.structs import replace

    given = {"retry_for": QUESTION_RETRY_FOR} if is_question else {}
    for name in ("retry_for", "qq_timeout"):
        for value in (getattr(project, name, None), getattr(options, name, None)):
            if value is not None:
                given[name] = value
    return replace(settings, **given) if given else settings
