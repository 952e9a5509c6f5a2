"""The options that let workers of other machines make a list: the same for every such command."""

import argparse
import os

from msgspec.structs import replace

from qumulo_changelist.cli import arguments
from qumulo_changelist.errors import UsageError
from qumulo_changelist.runners.scheduler import Scheduler

_OTHERS = {
    "scheduler_ca": "ca_file",
    "scheduler_cert": "certificate",
    "scheduler_key": "key",
    "allow_unverified_scheduler": "allows_unverified",
    "send_session": "sends_session",
}
"""Options, and the fields of a ``Scheduler`` that they set."""


def add_options(parser: argparse.ArgumentParser, *, has_projects: bool = True) -> None:
    """Add them.

    Args:
        parser: the parser of the command.
        has_projects: whether the command reads projects, which may name a scheduler, too.
    """
    group = parser.add_argument_group("workers of other machines (docs/how-to/dask.md)")
    group.add_argument(
        "--scheduler", metavar="ADDRESS", type=arguments.path,
        help="let the workers of a Dask scheduler do the work: tls://HOST:PORT, on this machine "
        "also tcp://127.0.0.1:PORT, or the path of a scheduler file",
    )  # fmt: skip
    if has_projects:
        group.add_argument(
            "--no-scheduler", dest="scheduler", action="store_const", const="",
            help="work on this machine, also if the project names a scheduler",
        )  # fmt: skip
    for name, meaning in (
        ("ca", "the certificate of the authority that scheduler and workers are verified by"),
        ("cert", "the certificate of this machine"),
        ("key", "its private key (default: in the file of the certificate)"),
    ):
        group.add_argument(
            f"--scheduler-{name}", metavar="FILE", type=arguments.path,
            help=f"{meaning}, in PEM",
        )  # fmt: skip
    group.add_argument(
        "--allow-unverified-scheduler", action="store_true", default=None,
        help="allow tcp://HOST:PORT of a different machine: whoever reaches that port can run "
        "programs as the user of the workers",
    )  # fmt: skip
    group.add_argument(
        "--send-session", action="store_true", default=None,
        help="log in to the cluster for the workers, so that they need no credentials: the session "
        "is sent to them, over tls:// alone",
    )  # fmt: skip


def add_pieces(group: argparse._ActionsContainer) -> None:
    """Add where pieces of a list are kept."""
    group.add_argument(
        "--pieces", metavar="DIR", type=arguments.path,
        help="keep the pieces of the list in a folder until the list is in its place, and make "
        "none again that is there already; workers of other machines have to see it, too",
    )  # fmt: skip


def add_resume(group: argparse._ActionsContainer, default: bool | None = None) -> None:
    """Add whether a run goes on from where one before it was cut short."""
    group.add_argument(
        "--no-resume", dest="resume", action="store_false", default=default,
        help="begin anew, also if an earlier run was cut short, and keep nothing for a later one",
    )  # fmt: skip


def chosen_scheduler(options: argparse.Namespace, own: Scheduler | None = None) -> Scheduler | None:
    """Return the scheduler of a command line; what it does not say is as in ``own``.

    Raises:
        UsageError: an option says something of a scheduler that is not named.
    """
    given = {
        field: value
        for name, field in _OTHERS.items()
        if (value := getattr(options, name, None)) is not None
    }
    address = getattr(options, "scheduler", None)
    if address is None and own:
        return replace(own, **given)
    if address:
        path = address if "://" in address else os.path.abspath(address)
        return replace(own or Scheduler(path), address=path, **given)
    if given:
        name = next(name for name, field in _OTHERS.items() if field in given)
        raise UsageError(f"--{name.replace('_', '-')} needs --scheduler, too")
    return None
