"""The surroundings of a scenario: a server of made-up trees, a mount, a scratch folder."""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.results import Way
from bench.scale.team import RunningTeam, Team, serve_team
from bench.scenario import Listing, Scenario
from bench.servers import Requests, Server, serve, take_requests
from bench.slow_mount import Looks, SlowMount

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# A tree that is laid out with its snapshots has about three for each change, counting links.
_FILES_FOR_A_CHANGE = 4
PROGRAMS = os.path.dirname(sys.executable)
"""The folder of ``qq``."""


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, and what is needed to ask it."""

    folder: str
    """Lists and everything else are written below it."""
    mount: str
    """Where this machine shows the newer tree, if the scenario needs that."""
    server: Server
    slow_mount: SlowMount | None
    """The mount for ways that are slowed down, if the scenario has any."""
    listing: Listing
    walk_checkout: str = ""
    """Where the vendor's program is that walks directories."""
    scheduler: str = ""
    """The address of a scheduler, while one is there."""

    @property
    def credentials(self) -> str:
        """The file with the session of a login by hand, as ``qq`` writes it."""
        return os.path.join(self.folder, "credentials")

    @property
    def configuration(self) -> str:
        """The archiver's configuration."""
        return os.path.join(self.folder, "DNAClientServices.conf")

    def environment(self, look_ms: float | None) -> dict[str, str]:
        """Return the environment of a command: an ordinary one, without the user's own settings.

        Args:
            look_ms: how slow the mount is; see ``Way``. Looks are counted from 0.
        """
        variables = {
            "PATH": f"{PROGRAMS}:/usr/bin:/bin",
            "PYTHONPATH": REPOSITORY,
            "HOME": self.folder,
            "XDG_STATE_HOME": os.path.join(self.folder, "state"),
            "TMPDIR": tempfile.gettempdir(),
        }
        if self.walk_checkout:
            # The program wants the password in its command line. Its wrapper gets it from here.
            variables["WALK_PASSWORD"] = self.server.password
        if look_ms is None:
            return variables
        assert self.slow_mount
        return variables | self.slow_mount.begin(look_ms)

    def under(self, scheduler: str) -> "Site":
        """Return this site with a scheduler at this address."""
        return replace(self, scheduler=scheduler)

    @contextlib.contextmanager
    def team(self, team: Team) -> Iterator[RunningTeam]:
        """Start a scheduler with workers for a ``with`` block; see ``serve_team``."""
        environment = self.environment(None) | {
            "QUMULO_CHANGELIST_CONFIG": self.configuration,
        }
        with serve_team(team, self.folder, environment) as running:
            yield running

    def looks(self, way: Way) -> Looks | None:
        """Return the looks of the last command; None if they were not counted."""
        if way.look_ms is None:
            return None
        assert self.slow_mount
        return self.slow_mount.looks()

    def configure(self) -> None:
        """Write the archiver's configuration, and a session as ``qq login`` writes it."""
        server = self.server
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(
                "[General]\n"
                f"QumuloClusterIP={server.host}\n"
                f"QumuloClusterPort={server.port}\n"
                f"QumuloUsername={server.username}\n"
                f"QumuloPassword={server.password}\n"
                f"QumuloCertificateFingerprint={server.fingerprint}\n"
                f"FastScanWorkFolder={self.folder}/work\n"
            )
        with open(self.credentials, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "bearer_token": server.log_in()}, file)

    @property
    def qq(self) -> list[str]:
        """``qq`` with the options for this server."""
        where = ["--host", self.server.host, "--port", str(self.server.port)]
        return [os.path.join(PROGRAMS, "qq"), *where, "--credentials-store", self.credentials]

    def requests(self) -> Requests | None:
        """Return the requests since the last call; None if the server has no record."""
        with open(self.credentials, encoding="utf-8") as file:
            token = json.load(file)["bearer_token"]
        return take_requests(self.server, token)


@contextlib.contextmanager
def serve_scenario(
    scenario: Scenario, scratch: str, library: str = "", walk_checkout: str = ""
) -> Iterator[Site]:
    """Serve the diff of a scenario for a ``with`` block, in a new folder below ``scratch``.

    If ``scratch`` cannot have that many files, as a file system in memory may not, the tree is laid
    out in the system's temporary folder instead.

    Args:
        scenario: what to serve.
        scratch: the folder for trees and lists.
        library: slows a mount down, for the ways that need it.
        walk_checkout: where the vendor's program is that walks directories, if a way needs it.
    """
    with contextlib.ExitStack() as folders:
        folder = folders.enter_context(_folder(scratch))
        mount = os.path.join(folder, "mount")
        if scenario.needs_mount and not _has_room(folder, scenario.size * _FILES_FOR_A_CHANGE):
            mount = os.path.join(folders.enter_context(_folder(tempfile.gettempdir())), "mount")
        slow_mount = SlowMount(mount, library, os.path.join(folder, "looks")) if library else None
        server = folders.enter_context(serve(scenario, folder, mount))
        site = Site(folder, mount, server, slow_mount, scenario.listing, walk_checkout)
        site.configure()
        yield site


@contextlib.contextmanager
def _folder(parent: str) -> Iterator[str]:
    """Make a folder for a ``with`` block; yield its path without links."""
    with tempfile.TemporaryDirectory(prefix="qumulo-bench-", dir=parent) as folder:
        yield os.path.realpath(folder)


def _has_room(folder: str, files: int) -> bool:
    limits = os.statvfs(folder)
    return not limits.f_files or limits.f_favail > files
