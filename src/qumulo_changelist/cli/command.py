"""What the commands have in common: their options, how they speak, and how they end."""

import argparse
import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.config import archiver as config
from qumulo_changelist.errors import (
    ChangelistError,
    OutputError,
    ResourceError,
    UsageError,
    is_shortage,
)
from qumulo_changelist.events import Listener
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.version import __version__

if TYPE_CHECKING:
    from qumulo_changelist.cluster.qq.client import QqCluster

CONFIG_VARIABLE = "QUMULO_CHANGELIST_CONFIG"

# What a terminal would obey, but for ends of lines and tabs.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Screen:
    """Tells a run's facts on standard error; implements :class:`Listener`."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose

    def detail(self, fact: str) -> None:
        """Tell it to whoever asked for it."""
        if self._verbose:
            say(fact)

    def warning(self, fact: str) -> None:
        """Tell it."""
        say(fact)


def say(message: str) -> None:
    r"""Write a message to standard error, byte for byte.

    Only control characters, which a name in it can have, are written like ``\x1b``.
    """
    message = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message)
    # Where standard error is closed or full there is nobody to tell so.
    if sys.stderr:
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), to_bytes(message) + b"\n")


def answer(result: str) -> None:
    """Write the result to standard output, byte for byte.

    Raises:
        OutputError: standard output is closed, or takes no more.
    """
    reason: str | None = "it is closed"
    if sys.stdout:
        try:
            os.write(sys.stdout.fileno(), to_bytes(result) + b"\n")
        except OSError as error:
            reason = error.strerror
        else:
            return
    raise OutputError(
        f"the result, {result}, cannot be written to standard output: {reason}",
        hint="The work itself is done: a snapshot is taken, a new list is in its place.",
    )


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser that knows the options of every command."""
    made = argparse.ArgumentParser(description=description, allow_abbrev=False)
    made.register("action", None, _Store)
    made.add_argument(
        "--config",
        metavar="FILE",
        type=path,
        default=os.environ.get(CONFIG_VARIABLE) or config.default_path(),
        help=f"the archiver's configuration (also {CONFIG_VARIABLE}; default: %(default)s)",
    )
    made.add_argument(
        "--transport",
        choices=("qq", "rest"),
        help="ask the cluster through qq, or directly (default: QumuloTransport, else qq)",
    )
    made.add_argument("-v", "--verbose", action="store_true", help="tell each step")
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return made


class _Store(argparse.Action):
    """Keeps the value of an option, and refuses ``--`` as one, as argparse does in ``-p --``.

    Of ``-p--`` or ``--projectname=--`` argparse makes ``[]`` up to some 3.12, ``"--"`` later.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if values in ([], "--"):
            raise argparse.ArgumentError(self, "-- is not a value")
        setattr(namespace, self.dest, values)


def path(argument: str) -> str:
    """Return an argument as the model writes names, whatever the locale."""
    return to_text(os.fsencode(argument))


def cluster_path(option: str, argument: str) -> str:
    """Return a path on the cluster, with neither a last ``/`` nor doubled ones.

    Raises:
        UsageError: it is not absolute, or goes up.
    """
    names = argument.split("/")
    if not argument.startswith("/") or ".." in names:
        raise UsageError(
            f"{option} {argument}: not an absolute path on the cluster",
            hint="Give the directory as the cluster names it, such as /projects/show1.",
        )
    return "/" + "/".join(name for name in names if name not in ("", "."))


def load_settings(options: argparse.Namespace, listener: Listener) -> config.Settings:
    """Return what the configuration says; for ``qq``, with a host at the front that answers.

    Raises:
        ConfigurationError: it is missing, unreadable, or lacks a key.
    """
    settings = config.load(options.config, options.transport)
    if settings.transport != "qq":
        return settings
    from qumulo_changelist.cluster.qq.hosts import answering_first

    hosts = answering_first(settings.hosts, settings.port, listener)
    return replace(settings, hosts=hosts)


@contextlib.contextmanager
def open_cluster(
    settings: config.Settings, listener: Listener, page_size: int = 0
) -> Iterator[Cluster]:
    """Give the cluster that the configuration names, by the way that it names."""
    if settings.transport == "qq":
        yield open_qq(settings, listener, page_size)
        return
    # Not at the top: a run without it should not wait for it.
    from qumulo_changelist.cluster.rest import tls as rest_tls
    from qumulo_changelist.cluster.rest.client import RestCluster

    rest_tls.warn(settings, listener)
    with RestCluster(settings, listener, page_size=page_size) as cluster:
        yield cluster


def open_qq(settings: config.Settings, listener: Listener, page_size: int = 0) -> "QqCluster":
    """Return the cluster that the configuration names, through the vendor's command."""
    from qumulo_changelist.cluster.qq.client import QqCluster
    from qumulo_changelist.cluster.qq.process import QqProcess
    from qumulo_changelist.cluster.qq.session import QqSession

    return QqCluster(
        QqProcess(settings.host, settings.port, listener, settings.qq_path),
        QqSession(settings.host, settings.port, settings.username),
        settings.username,
        settings.password,
        page_size=page_size,
    )


def run(command: Callable[[Sequence[str] | None], int], arguments: Sequence[str] | None) -> int:
    """Run a command to its exit code: every way in which it can end is told in plain words."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _terminated)
    try:
        return command(arguments)
    except ChangelistError as error:
        return _failed(error)
    except (OSError, MemoryError, RuntimeError) as error:
        if not is_shortage(error):
            raise
        return _failed(ResourceError.of(error))
    except KeyboardInterrupt:
        say("interrupted")
        return 128 + signal.SIGINT


def _failed(error: ChangelistError) -> int:
    say(f"{os.path.basename(sys.argv[0])}: {error}")
    if error.hint:
        say(error.hint)
    return error.exit_code


def _terminated(number: int, _frame: FrameType | None) -> None:
    # As an exception it ends the run as an error would: no process, no file is left behind.
    raise SystemExit(128 + number)
