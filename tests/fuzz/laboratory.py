"""What the examples share: an emulated cluster, folders, users, and the commands."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.site import GUID, CommandResult, Site
from tests.fuzz.forks import CHANGES, ForkServer, fork_server
from tests.fuzz.work import Workspace
from tests.qq import INSTALLED, QQ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fuzz.faults import Faults
    from tests.fuzz.ways import Constants

OTHER_USER = 65534
_PAGE_LIMIT = 1000
_EARLIER_LIST = b"the earlier list\n"


@dataclass
class Laboratory:
    """An emulator and the commands, shared by all examples: a start takes longer than an example.

    Attributes:
        cluster: the emulator.
        site: runs the commands.
        other_user_site: the same for a user who owns nothing; None if we cannot become one.
        answers: the emulator's settings that were drawn last.
        lists: the number of lists that were requested.
        trees: the number of states of a share of which a snapshot was taken.
    """

    cluster: Emulator
    site: Site
    other_user_site: Site | None
    _server: ForkServer
    _numbers: Iterator[int]
    answers: dict[str, Any]
    lists: int = 0
    trees: int = 0

    def new_workspace(self) -> Workspace:
        """A folder of the cluster for one example to work in."""
        folder = f"/{next(self._numbers)}"
        os.mkdir(f"{self.site.root}{folder}", 0o755)
        return Workspace(os.fsencode(f"{self.site.root}{folder}"))

    def path_of(self, workspace: Workspace, name: bytes) -> str:
        """The path on the cluster of an entry of a workspace."""
        return os.fsdecode(workspace.folder).removeprefix(str(self.site.root)) + f"/{name.decode()}"

    def snapshot(self, path: str) -> int:
        """Take a snapshot of a directory; return its id."""
        ref = quote(path, safe="")
        status, directory = self.cluster.request("GET", f"/v1/files/{ref}/info/attributes")
        assert status == 200, directory
        wanted = {"name": "s", "expiration": "", "source_file_id": directory["id"]}
        status, snapshot = self.cluster.request("POST", "/v2/snapshots/", wanted)
        assert status == 200, snapshot
        return int(snapshot["id"])

    def delete_snapshot(self, snapshot: int) -> None:
        """Delete a snapshot."""
        status, reply = self.cluster.request("DELETE", f"/v2/snapshots/{snapshot}")
        assert status == 200, reply

    def set_answers(self, settings: dict[str, Any]) -> None:
        """Choose how the emulator answers where the API leaves it open."""
        if settings != self.answers:
            self.answers = settings
            self.cluster.settings(**settings)

    def diff(self, older: int, newer: int, limit: int | None) -> list[tuple[str, str]]:
        """The diff of two snapshots as the emulator sends it, page by page."""
        url = f"/v2/snapshots/{newer}/changes-since/{older}"
        following: str | None = url if limit is None else f"{url}?limit={limit}"
        changes: list[tuple[str, str]] = []
        while following:
            status, page = self.cluster.request("GET", following)
            assert status == 200, page
            changes += [(entry["op"], entry["path"]) for entry in page["entries"]]
            following = page["paging"]["next"]
        return changes

    def arguments(
        self, older: int, newer: int, base: str, mapped: str | None, options: Sequence[str]
    ) -> list[str]:
        """The arguments for a list; `mapped` is a path on the cluster, whose root is mounted."""
        mount = [] if mapped is None else ["-m", str(self.site.mounted(mapped))]
        return [
            *("-p", "show", "-b", base, *mount, "-g", GUID, "-i", "1"),
            *("--prevsnapshotid", str(older), "--newsnapshotid", str(newer), *options),
        ]

    def run(
        self,
        arguments: Sequence[str],
        *,
        qq: str = "qq of today",
        process: bool = False,
        as_other_user: bool = False,
        constants: Constants = (),
        slow_mount: bool = False,
        full: bool = False,
        faults: Faults = (),
    ) -> tuple[CommandResult, bytes | None]:
        """Generate a list where there is an earlier one.

        Args:
            arguments: those of `qumulo_generate_changelist.py`.
            qq: the generation of qq.
            process: whether to start a process instead of a fork.
            as_other_user: whether to run as a user who owns nothing in the tree.
            constants: those of a fork.
            slow_mount: whether each look of a fork at the mount takes a random time.
            full: whether a fork makes a full list, which no option of the command requests.
            faults: how requests to the cluster fail meanwhile.

        Returns:
            How the command ended, and the list; None if the earlier one is unchanged.
        """
        site = self.other_user_site if as_other_user else self.site
        assert site
        # A fork would run as the user of its server.
        site.qq = (INSTALLED if as_other_user else QQ)[qq]
        site.list_path.write_bytes(_EARLIER_LIST)
        self.ndjson_path(as_other_user=as_other_user).unlink(missing_ok=True)
        self.lists += 1
        for fault in faults:
            self.cluster.fault(**dict(fault))
        if process:
            done = site.run("qumulo_generate_changelist.py", *arguments)
        else:
            user = OTHER_USER if as_other_user else None
            changes = json.dumps({"constants": constants, "slow_mount": slow_mount, "full": full})
            environment = {**site.variables(), CHANGES: changes}
            done = self._server.run(arguments, environment, str(site.folder), user=user)
        if faults:
            self.cluster.clear_faults()
        written = site.list_path.read_bytes()
        return done, None if written == _EARLIER_LIST else written

    @property
    def pieces(self) -> Path:
        """A folder for pieces of lists."""
        return self.site.folder / "pieces"

    def forget_pieces(self) -> None:
        """Remove all pieces that were kept."""
        for path in self.pieces.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def ndjson_path(self, *, as_other_user: bool = False) -> Path:
        """Where a list as NDJSON belongs."""
        site = self.other_user_site if as_other_user else self.site
        assert site
        return site.list_path.with_suffix(".ndjson")


@contextlib.contextmanager
def laboratory() -> Iterator[Laboratory]:
    """A laboratory; it leaves nothing on disk."""
    folder = tempfile.mkdtemp(prefix="fuzz-")
    try:
        # The other user must get to the folders below it.
        os.chmod(folder, 0o755)
        root = os.path.join(folder, "cluster")
        os.mkdir(root, 0o755)
        with serve_in_process(root, page_limit=_PAGE_LIMIT) as cluster, fork_server() as server:
            site, other_user_site = _site(cluster, folder, None), None
            if not os.geteuid() and _others_may_enter(folder):
                other_user_site = _site(cluster, folder, OTHER_USER)
            yield Laboratory(cluster, site, other_user_site, server, itertools.count(1), {})
    finally:
        shutil.rmtree(folder)


def _site(cluster: Emulator, folder: str, user: int | None) -> Site:
    own = os.path.join(folder, "site" if user is None else "other-user-site")
    os.mkdir(own)
    qq = QQ["qq of today"]
    port, password, fingerprint = cluster.port, cluster.password, cluster.certificate_sha256
    site = Site(Path(str(cluster.root)), Path(own), port, password, qq, "/", fingerprint)
    site.list_path.parent.mkdir(parents=True)
    site.list_path.touch()
    Path(own, "pieces").mkdir()
    if user is not None:
        for path in (Path(own), *Path(own).rglob("*")):
            os.chown(path, user, user)
    return site


def _others_may_enter(folder: str) -> bool:
    above = [folder, *map(str, Path(folder).parents)]
    return all(os.stat(path).st_mode & 0o005 == 0o005 for path in above)
