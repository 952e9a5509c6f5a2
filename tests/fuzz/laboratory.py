"""What a campaign needs: an emulated cluster, folders, users, and the commands."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.conftest import QQ
from tests.end_to_end.site import GUID, Finished, Site
from tests.fuzz.forks import Forks, forks
from tests.fuzz.work import Ground

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STRANGER = 65534
_MORE_THAN_ALL = 1000
_EARLIER_LIST = b"what was published before\n"


@dataclass
class Laboratory:
    """One for all examples of a campaign: starting an emulator takes longer than an example.

    Attributes:
        cluster: the emulator.
        site: what a command needs.
        strange_site: the same for a user who owns nothing; None where we cannot become one.
        answers: what was last drawn of how the emulator answers.
    """

    cluster: Emulator
    site: Site
    strange_site: Site | None
    _forks: Forks
    _numbers: Iterator[int]
    answers: dict[str, Any]

    def new_ground(self) -> Ground:
        """A folder of the cluster for an example to work in."""
        folder = f"/{next(self._numbers)}"
        os.mkdir(f"{self.site.root}{folder}", 0o755)
        return Ground(os.fsencode(f"{self.site.root}{folder}"))

    def path_of(self, ground: Ground, name: bytes) -> str:
        """Where on the cluster something in a ground is."""
        return os.fsdecode(ground.folder).removeprefix(str(self.site.root)) + f"/{name.decode()}"

    def snapshot(self, path: str) -> int:
        """Take a snapshot of a directory; return its id."""
        ref = quote(path, safe="")
        status, directory = self.cluster.request("GET", f"/v1/files/{ref}/info/attributes")
        assert status == 200, directory
        wanted = {"name": "s", "expiration": "", "source_file_id": directory["id"]}
        status, snapshot = self.cluster.request("POST", "/v2/snapshots/", wanted)
        assert status == 200, snapshot
        return int(snapshot["id"])

    def forget(self, snapshot: int) -> None:
        """Delete a snapshot."""
        status, reply = self.cluster.request("DELETE", f"/v2/snapshots/{snapshot}")
        assert status == 200, reply

    def answer_like(self, settings: dict[str, Any]) -> None:
        """Let the emulator answer so where the API leaves it open."""
        if settings != self.answers:
            self.answers = settings
            self.cluster.settings(**settings)

    def diff(self, older: int, newer: int, limit: int | None) -> list[tuple[str, str]]:
        """What the emulator says on the wire that differs between two snapshots, page by page."""
        url = f"/v2/snapshots/{newer}/changes-since/{older}"
        following: str | None = url if limit is None else f"{url}?limit={limit}"
        told: list[tuple[str, str]] = []
        while following:
            status, page = self.cluster.request("GET", following)
            assert status == 200, page
            told += [(entry["op"], entry["path"]) for entry in page["entries"]]
            following = page["paging"]["next"]
        return told

    def arguments(
        self, older: int, newer: int, base: str, mapped: str | None, options: Sequence[str]
    ) -> list[str]:
        """The arguments for a list; `mapped` is a path of the cluster, which is mounted whole."""
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
        strange: bool = False,
        few: int | None = None,
    ) -> tuple[Finished, bytes | None]:
        """Make a list in the place of an earlier one.

        Args:
            arguments: those of `qumulo_generate_changelist.py`.
            qq: with which qq.
            process: as a process of its own, not a fork.
            strange: as a user who owns nothing in the tree.
            few: see `Forks.run`.

        Returns:
            How the command ended, and the list; None where the earlier one stayed.
        """
        site = self.strange_site if strange else self.site
        assert site
        site.qq = QQ[qq]
        site.list_path.write_bytes(_EARLIER_LIST)
        if process:
            done = site.run("qumulo_generate_changelist.py", *arguments)
        else:
            user = STRANGER if strange else None
            environment = site.variables()
            done = self._forks.run(arguments, environment, str(site.folder), user=user, few=few)
        written = site.list_path.read_bytes()
        return done, None if written == _EARLIER_LIST else written


@contextlib.contextmanager
def laboratory() -> Iterator[Laboratory]:
    """A laboratory, while in the block; nothing of it is left."""
    folder = tempfile.mkdtemp(prefix="fuzz-")
    try:
        # Others go through it, to what is theirs.
        os.chmod(folder, 0o755)
        root = os.path.join(folder, "cluster")
        os.mkdir(root, 0o755)
        with serve_in_process(root, page_limit=_MORE_THAN_ALL) as cluster, forks() as forking:
            site, strange_site = _site(cluster, folder, None), None
            if not os.geteuid() and _others_may_enter(folder):
                strange_site = _site(cluster, folder, STRANGER)
            yield Laboratory(cluster, site, strange_site, forking, itertools.count(1), {})
    finally:
        shutil.rmtree(folder)


def _site(cluster: Emulator, folder: str, user: int | None) -> Site:
    own = os.path.join(folder, "site" if user is None else "strange-site")
    os.mkdir(own)
    qq = QQ["qq of today"]
    port, password, fingerprint = cluster.port, cluster.password, cluster.certificate_sha256
    site = Site(Path(str(cluster.root)), Path(own), port, password, qq, "/", fingerprint)
    site.list_path.parent.mkdir(parents=True)
    site.list_path.touch()
    if user is not None:
        for path in (Path(own), *Path(own).rglob("*")):
            os.chown(path, user, user)
    return site


def _others_may_enter(folder: str) -> bool:
    above = [folder, *map(str, Path(folder).parents)]
    return all(os.stat(path).st_mode & 0o005 == 0o005 for path in above)
