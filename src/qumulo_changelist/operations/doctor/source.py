"""Checks of one source of a project: its directory, its snapshots, and where it is mounted."""

from collections.abc import Mapping

from qumulo_changelist.checks.base_path import SnapshotView
from qumulo_changelist.checks.mapped_path import MountMatch, check_mount
from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.cycle.survey import newest_by_policy
from qumulo_changelist.errors import (
    AbsentError,
    ChangelistError,
    HiddenSnapshotError,
    MappedPathError,
    NotFoundError,
    UnreadableError,
)
from qumulo_changelist.model import Kind
from qumulo_changelist.operations.doctor.account import SNAPSHOT_READ
from qumulo_changelist.operations.doctor.checks import Examination, Finding
from qumulo_changelist.operations.doctor.trial import Trial
from qumulo_changelist.projects.project import Project, Source
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.trees.sources import MountLimits, MountSource

_SECONDS_TO_ANSWER = 30

_MOUNT_HINT = "Check again when there are files in it."
_NO_MOUNT_HINT = (
    "Check that the share is mounted there; without a mapped path, everything is read over REST."
)


class SourceExamination:
    """Makes the checks of one source.

    Args:
        examination: takes the checks.
        cluster: the cluster.
        project: the project.
        source: one of its sources.
    """

    def __init__(
        self, examination: Examination, cluster: Cluster, project: Project, source: Source
    ) -> None:
        self._examination = examination
        self._cluster = cluster
        self._project = project
        self._source = source
        self._path = normalize_cluster_path(source.path)
        self._trial = Trial(cluster, project.name, self._path)

    def examine(self, needs: Mapping[str, bool], needs_of_diff: Mapping[str, bool]) -> float | None:
        """Make all checks.

        Args:
            needs: the checks that must have passed before snapshots are taken.
            needs_of_diff: the further ones for a diff.

        Returns:
            The number of seconds that the cluster's clock is ahead; None if that is unknown.
        """
        exists = self.find({"login": needs.get("login", True)})
        if self._project.policy:
            able = {need: needs[need] for need in ("login", SNAPSHOT_READ) if need in needs}
            self._examination.check(
                "policy", f"{self._project.policy} for {self._path}", self._look_at_policy, able
            )
        return self.try_snapshots({**needs, "source": exists}, needs_of_diff)

    def find(self, needs: Mapping[str, bool]) -> bool:
        """Check the directory alone; return whether it is there."""
        return self._examination.check("source", self._path, self._find, needs=needs)

    def open_mount(self) -> None:
        """Make sure that the mapped path, if there is one, can be opened at all.

        Raises:
            MappedPathError: it is not a directory that can be read.
            MountTimeoutError: it does not answer.
        """
        if self._source.mapped_path is None:
            return
        try:
            with self._mount(self._source.mapped_path).open_mount():
                pass
        except MappedPathError as error:
            error.hint = _NO_MOUNT_HINT
            raise

    def try_snapshots(
        self, needs: Mapping[str, bool], needs_of_diff: Mapping[str, bool]
    ) -> float | None:
        """Make all other checks; see :meth:`examine`."""
        check, path = self._examination.check, self._path
        try:
            taken = check("snapshots", path, self._trial.take, needs=needs)
            both = {"snapshots": taken}
            check("diff", path, self._trial.compare, needs={**both, **needs_of_diff})
            self._examine_mount(both)
        finally:
            has_any = bool(self._trial.taken)
            errors = self._trial.remove()
        needs_any = {"snapshots": has_any or bool(errors)}
        check("removal", path, lambda: _look_at_removal(errors), needs=needs_any)
        return self._trial.clock_difference

    def _find(self) -> Finding:
        try:
            found = self._cluster.inspect_entry(self._path, None)
        except AbsentError as error:
            raise NotFoundError(f"the cluster has no {self._path}") from error
        except UnreadableError as error:
            raise NotFoundError(f"{self._path} cannot be read: {error}") from error
        if found.kind is not Kind.DIRECTORY:
            raise NotFoundError(f"{self._path} is not a directory")
        return Finding(f"a directory, file id {found.id}")

    def _look_at_policy(self) -> Finding:
        snapshots = self._cluster.all_snapshots()
        if newest := newest_by_policy(snapshots, self._project.policy, self._path):
            return Finding(f"its newest snapshot that contains it is {newest.id}")
        return Finding(
            "it has taken no snapshot that contains it yet, so a run has nothing to list",
            warning=True,
            hint="`qq snapshot_list_policies` shows the policies; check that the policy is "
            "enabled, and wait for its next snapshot.",
        )

    def _examine_mount(self, needs: Mapping[str, bool]) -> None:
        mapped = self._source.mapped_path
        if mapped is None:
            self._examination.check(
                "mapped-path", "", lambda: Finding("none: everything is read over REST")
            )
            return
        shown = self._examination.check("mapped-path", mapped, self._look_at_mount, needs=needs)
        needs = {**needs, "mapped-path": shown}
        self._examination.check("mapped-snapshot", mapped, self._look_at_snapshot, needs=needs)

    def _mount(self, path: str) -> MountSource:
        seconds = self._project.options.mount_timeout or _SECONDS_TO_ANSWER
        return MountSource(path, limits=MountLimits(timeout=seconds))

    def _view(self) -> SnapshotView:
        return SnapshotView(self._trial.taken[-1], snapshot_paths(self._path))

    def _look_at_mount(self) -> Finding:
        mapped = self._source.mapped_path or ""
        with self._mount(mapped).open_mount() as mount:
            match = check_mount(self._cluster, self._view(), mount, mapped, live=True)
        return _describe(match)

    def _look_at_snapshot(self) -> Finding:
        mapped = self._source.mapped_path or ""
        view = self._view()
        with self._mount(mapped).open_mount() as mount:
            found = mount.find_snapshot(view.snapshot.id)
        if found is None:
            return self._without_snapshot(view.snapshot.id)
        with self._mount(found).open_mount() as mount:
            match = check_mount(self._cluster, view, mount, found, live=False)
        return _describe(match)

    def _without_snapshot(self, number: int) -> Finding:
        detail = f"it does not show snapshot {number} under .snapshot"
        if self._project.options.metadata == "snapshot":
            raise HiddenSnapshotError(f"{self._source.mapped_path}: {detail}")
        return Finding(
            f"{detail}, so what was deleted is read from the cluster",
            warning=True,
            hint="Let the share show .snapshot (over NFSv4.1 from Core 5.2.4 on), or leave it.",
        )


def _look_at_removal(errors: list[ChangelistError]) -> Finding:
    if errors:
        raise errors[0]
    return Finding("both were deleted")


def _describe(match: MountMatch) -> Finding:
    if match in (MountMatch.EMPTY, MountMatch.UNKNOWN):
        return Finding(f"it shows {match.value}", warning=True, hint=_MOUNT_HINT)
    return Finding("names, sizes and times are the same")
