"""Where a soak takes place: a cluster of three nodes, a share, folders, and the projects."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from qumulo_changelist.cycle.snapshot_names import parse_any_name
from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.site import make_policy
from tests.fuzz.work import Workspace
from tests.qq import QQ

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600
POLICY = "Nightly"
SOURCE = "/share/show"
_PAGE_LIMIT = 40
_WORK_FOLDER_BYTES = 8 * 2**20


class Plan(NamedTuple):
    """A project, and how often it runs."""

    name: str
    every: int
    """The number of hours from one run to the next."""
    keep: int = 2
    metadata: str = "rest"
    transport: str = "rest"
    moves: bool = False
    expire: int = 0
    """The number of hours after which its snapshots expire; 0 for never."""
    archives: bool = True
    """Whether a command is given the lists; if not, each is committed once it is in its place."""
    policy: str = ""
    pieces: bool = False

    @property
    def guid(self) -> str:
        """What the archiver calls it."""
        return f"guid-{self.name}"


PLANS = (
    Plan("hourly", 1, moves=True, pieces=True),
    Plan("mounted", 3, keep=3, metadata="snapshot", expire=72),
    Plan("brief", 5, keep=1, metadata="mount", expire=11),
    Plan("placed", 4, archives=False, moves=True),
    Plan("nightly", 6, policy=POLICY),
    Plan("through-qq", 8, transport="qq", pieces=True),
)
"""All of them share one source. The snapshots of `brief` expire before its third run."""

# Takes a list whole or not at all, as an archiver should, and then fails if it is to.
_ARCHIVER = """\
list=$1 place=$2
. "$3"
fate before
cp "$list" "$place.part" && mv "$place.part" "$place" || exit 9
fate after
"""


class Found(NamedTuple):
    """A snapshot on the cluster."""

    id: int
    name: str
    project: str
    """Whose cycle it is of; "" for none."""
    marks: int | None
    """The snapshot that it marks as committed, if it is a marker."""
    is_by_policy: bool


class Grounds:
    """The cluster, the share and the folders.

    Attributes:
        cluster: the emulator.
        folder: where everything of the client is.
        workspace: the share, where work is done.
        mount: where the client sees the source.
        is_mounted: whether that, and the work folder, are mounts, which can be full or vanish.
        ahead: the number of seconds that the clocks are ahead of this machine's.
    """

    def __init__(self, cluster: Emulator, folder: Path, *, can_mount: bool) -> None:
        self.cluster, self.folder = cluster, folder
        self.is_mounted = can_mount
        self.ahead = 0
        self.work, self.inbox = folder / "work", folder / "inbox"
        self.state, self.projects = folder / "state.sqlite", folder / "projects.toml"
        self.pieces = folder / "pieces"
        for made in (self.work, self.inbox, self.pieces):
            made.mkdir()
        share = Path(str(cluster.root)) / "share"
        share.mkdir()
        self.workspace = Workspace(os.fsencode(share))
        self.source = share / "show"
        self.mount = folder / "mount" if can_mount else self.source
        make_policy(cluster, SOURCE, POLICY)
        self._write_files()

    def _write_files(self) -> None:
        cluster = self.cluster
        lines = [
            "[General]",
            f"QumuloClusterIP={','.join(host for host, _ in cluster.addresses)}",
            f"QumuloClusterPort={cluster.port}",
            f"QumuloUsername={cluster.username}",
            f"QumuloPassword={cluster.password}",
            f"QumuloCertificateFingerprint={cluster.certificate_sha256}",
            f"FastScanWorkFolder={self.work}",
        ]
        self.configuration.write_text("\n".join([*lines, ""]), encoding="utf-8")
        self.configuration.chmod(0o600)
        self.projects.write_text("\n".join(map(self._described, PLANS)), encoding="utf-8")
        (self.folder / "archiver").write_text(_ARCHIVER, encoding="utf-8")
        self.set_fate()

    def _described(self, plan: Plan) -> str:
        keys: dict[str, Any] = {
            "path": SOURCE, "guid": plan.guid, "keep": plan.keep, "metadata": plan.metadata,
            "transport": plan.transport, "deletes": True, "moves": plan.moves, "workers": 1,
            "retry_for": "4s", "qq_timeout": "20s",
        }  # fmt: skip
        if plan.metadata != "rest":
            keys["mapped_path"] = str(self.mount)
        if plan.policy:
            keys["policy"] = plan.policy
        if plan.expire:
            keys["expire"] = f"{plan.expire}h"
        if plan.pieces:
            keys["pieces"] = str(self.pieces)
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        return "\n".join([f"[projects.{plan.name}]", *lines, ""])

    @property
    def configuration(self) -> Path:
        return self.folder / "DNAClientServices.conf"

    def environment(self) -> dict[str, str]:
        """Return the environment of the client."""
        return {
            "PATH": f"{QQ['qq of today']}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "QUMULO_CHANGELIST_CONFIG": str(self.configuration),
            "XDG_CONFIG_HOME": str(self.folder),
            # Where the code under test is, if it is not what is installed.
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }

    def set_fate(self, before: str = "", after: str = "") -> None:
        """Decide how the archiver ends: what its shell does before and after it takes a list."""
        lines = [f'fate() {{ case "$1" in before) {before or ":"};; *) {after or ":"};; esac; }}']
        (self.folder / "fate").write_text("\n".join([*lines, ""]), encoding="utf-8")

    def command(self, plan: Plan) -> list[str]:
        """Return the archiver as a command; none if a project has no such command."""
        if not plan.archives:
            return []
        place = f"{self.inbox}/{plan.name}-{{newer}}-{{older}}"
        return ["sh", str(self.folder / "archiver"), "{list}", place, str(self.folder / "fate")]

    def arguments(self, plan: Plan) -> list[str]:
        """Return the arguments of `qumulo-changelist` for a run of a project."""
        command = ["--", *self.command(plan)] if plan.archives else []
        paths = ["--projects", str(self.projects), "--state", str(self.state)]
        return ["run", plan.name, *paths, *(command or ["--commit"])]

    def place(self, plan: Plan) -> Path:
        """Return where the list of a project belongs."""
        return self.work / "sdna-scan-files" / plan.guid / "1-files.xml"

    def pass_time(self, seconds: int = HOUR) -> None:
        """Let time pass, for the cluster and for the client."""
        self.ahead += seconds
        self.cluster.advance(seconds)

    def take_by_policy(self) -> int:
        """Let the policy take its snapshot; return the id."""
        return int(self.cluster.run_policy(POLICY)["id"])

    def snapshots(self) -> dict[int, Found]:
        """Return the snapshots on the cluster by their ids."""
        status, answer = self.cluster.request("GET", "/v3/snapshots/")
        assert status == 200, answer
        return {one["id"]: _found(one) for one in answer["entries"]}

    def fence(self) -> None:
        """Return when the cluster has ended what a client that was killed had asked for."""
        status, made = self.cluster.request(
            "POST", "/v3/snapshots/", {"name_suffix": "fence", "source_file_id": "2"}
        )
        assert status == 200, made
        self.cluster.request("DELETE", f"/v3/snapshots/{made['id']}")

    def bind(self) -> None:
        """Let the client's mount show the source."""
        _mount("--bind", str(self.source), str(self.mount))

    def unbind(self) -> None:
        """Let the mount vanish: an empty folder is in its place."""
        _run("umount", "--lazy", str(self.mount))


def _found(entry: dict[str, Any]) -> Found:
    number, name = entry["id"], entry["name"]
    of = parse_any_name(number, name)
    project, marks = (of.project, of.committed) if of else ("", None)
    return Found(number, name, project, marks, is_by_policy=entry["policy_id"] is not None)


@contextlib.contextmanager
def grounds() -> Iterator[Grounds]:
    """Grounds; nothing of them is left, but after an error the folder is kept as evidence."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=shared))
    with contextlib.ExitStack() as stack:
        keeping = stack.enter_context(contextlib.ExitStack())
        keeping.callback(_run, "rm", "-rf", "--one-file-system", str(folder))
        root = folder / "cluster"
        root.mkdir()
        cluster = stack.enter_context(serve_in_process(root, nodes=3, page_limit=_PAGE_LIMIT))
        (folder / "client").mkdir()
        can_mount = _can_mount(folder)
        made = Grounds(cluster, folder / "client", can_mount=can_mount)
        if not can_mount:
            _say("SKIPPED: full, read-only and vanished folders; only root can mount")
        else:
            made.mount.mkdir()
            size = f"size={_WORK_FOLDER_BYTES}"
            _mount("-t", "tmpfs", "-o", size, "soak", str(made.work))
            stack.callback(_run, "umount", "--lazy", str(made.work))
            made.bind()
            stack.callback(made.unbind)
        try:
            yield made
        except Exception:
            keeping.pop_all()
            _run("cp", "-a", str(made.work), str(folder / "evidence"))
            _say(f"what was there is kept in {folder}")
            raise


def _can_mount(folder: Path) -> bool:
    if os.geteuid():
        return False
    trial = folder / "trial"
    trial.mkdir()
    return _run("mount", "-t", "tmpfs", "soak", str(trial)) and _run("umount", str(trial))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _mount(*arguments: str) -> None:
    assert _run("mount", *arguments), arguments


def _run(*command: str) -> bool:
    return not subprocess.run(command, capture_output=True, check=False).returncode
