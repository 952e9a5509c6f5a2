"""The state machine: work on a tree, snapshots in between, and the lists that must result."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, nullcontext
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.fuzz.formats import difference_of_formats
from tests.fuzz.names import NAMES
from tests.fuzz.ways import (
    DIFFERENT_SOURCES,
    Case,
    Share,
    SnapshotView,
    Way,
    case_of_two_directories,
    expected_case,
    expected_full_case,
    settings,
    ways,
)
from tests.fuzz.work import SPECIAL, Place
from tests.oracle import capture, expected_diff, without_access_times, without_run_times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.end_to_end.site import CommandResult
    from tests.fuzz.faults import Faults
    from tests.fuzz.laboratory import Laboratory

_NUMBER = st.integers(0, 63)
_PLACE = st.builds(Place, _NUMBER, NAMES)
_SIZES = st.sampled_from([0, 1, 2, 999, 4096, 2**33 + 1]) | st.integers(0, 5000)
_TIMES = st.sampled_from([0, -1, 10**9 - 1, 14 * 10**9 + 999_999_999]) | st.integers(
    -(10**9) * 10**9, 4 * 10**9 * 10**9
)
# Other users may list and enter a directory, only enter it, only list it, or neither.
_MODES = st.sampled_from([0o755, 0o700, 0o711, 0o744, 0, 0o777, 0o644, 0o4755, 0o1777])
_OWNERS = st.sampled_from([0, 1, 501, 65534, 2**31, 2**32 - 2])
# Unlikely paths are targets, too.
_TARGETS = st.sampled_from([b".", b"..", b"a", b"a/b", b"/", b"../a", b"nowhere"]) | NAMES
# Names of the source; the second is the first one in Unicode's normalization form D.
_SOURCES = st.sampled_from(["sh\u00f6w", "sho\u0308w", "Show", "show 2", "show1", "show"])
_ABOVE = st.sampled_from(["", " moved", "\u00e9", "&"])
_MAX_SNAPSHOTS = 4
_SIZE_OF_A_DIRECTORY = re.compile(rb'(<file .*) size="\d+"( .* type="F_DIR" )')


class Work(RuleBasedStateMachine):
    """Does random work, and checks now and then that the diff and the lists contain it."""

    laboratory: ClassVar[Laboratory]

    def __init__(self) -> None:
        super().__init__()
        self.workspace = self.laboratory.new_workspace()
        self.name = os.path.basename(self.workspace.folder)
        self.snapshots: list[SnapshotView] = []
        self.has_changed = False

    def teardown(self) -> None:
        try:
            if self.has_changed:
                # No work stays unchecked.
                self.list_work(
                    Way(
                        "rest",
                        "mount",
                        True,
                        "source",
                        0,
                        ("--workers=1",),
                        moves=True,
                        verify=True,
                        guard=True,
                    )
                )
        finally:
            for snapshot in self.snapshots:
                self.laboratory.delete_snapshot(snapshot.id)
            self.workspace.close()

    @initialize(
        files=st.lists(st.tuples(_PLACE, _SIZES), max_size=6),
        folders=st.lists(_PLACE, max_size=6),
        deep=st.lists(st.tuples(_PLACE, st.integers(1, 3), NAMES), max_size=3),
    )
    def begin(
        self,
        files: list[tuple[Place, int]],
        folders: list[Place],
        deep: Sequence[tuple[Place, int, bytes]] = (),
    ) -> None:
        for folder in folders:
            self.workspace.make_folder(folder)
        for drawn in deep:
            self.workspace.make_deep(*drawn)
        for place, size in files:
            self.workspace.write(place, min(size, 5000))
        self.take_snapshot()

    @property
    def source(self) -> str:
        """The path of the source on the cluster now."""
        return self.laboratory.path_of(self.workspace, self.workspace.source)

    @property
    def beside(self) -> str:
        """The path of the folder beside the source."""
        return self.laboratory.path_of(self.workspace, self.workspace.beside)

    def take_snapshot(self) -> None:
        """Take a snapshot, and delete the oldest if there are too many."""
        source = self.source
        tree = capture(str(self.laboratory.site.mounted(source)))
        self.laboratory.trees += 1
        self.snapshots.append(SnapshotView(self.laboratory.snapshot(source), tree, source))
        self.has_changed = False
        if len(self.snapshots) > _MAX_SNAPSHOTS:
            self.laboratory.delete_snapshot(self.snapshots.pop(0).id)

    def check_diff(
        self, older: SnapshotView, newer: SnapshotView, limit: int | None = None
    ) -> None:
        """Compare the emulator's diff of two snapshots with the oracle's."""
        sent = self.laboratory.diff(older.id, newer.id, limit)
        assert len(sent) == len(set(sent)), sent
        expected = expected_diff(older.tree, newer.tree, newer.source)
        assert set(sent) == expected, (sorted(set(sent) - expected), sorted(expected - set(sent)))

    def check_list(
        self, way: Way, older: SnapshotView, newer: SnapshotView, *, live: bool = True
    ) -> None:
        """Compare a list with the oracle's."""
        earlier = [one.tree for one in self.snapshots if one.id < older.id]
        share = Share(self.source, self.beside, live, earlier, self.laboratory.answers)
        case = expected_case(way, older, newer, share)
        if case is None:
            return
        mapped = str(self.laboratory.site.mounted(case.mapped or "/"))
        with _directory(mapped) if case.recreate_base else nullcontext():
            self.check(way, older.id, newer.id, case)

    def check_full_list(self, way: Way, snapshot: SnapshotView) -> None:
        """Compare a full list with the oracle's."""
        live = snapshot is self.snapshots[-1] and not self.has_changed
        share = Share(self.source, self.beside, live, (), self.laboratory.answers)
        if case := expected_full_case(way, snapshot, share):
            way = way._replace(process=False)
            self.check(way, snapshot.id, snapshot.id + 1, case, full=True)

    def check(self, way: Way, older: int, newer: int, case: Case, *, full: bool = False) -> None:
        """Generate a list, and compare how that ends with what must result.

        If faults keep the run from its list, the earlier list must still be there, and the run is
        repeated without them.
        """
        options = [*case.options]
        if way.pieces:
            options.append(f"--pieces={self.laboratory.pieces}")
        if way.faults:
            options.append("--retry-for=2s")
        if way.ndjson:
            options += ["--format=xml", "--format=ndjson"]
        arguments = self.laboratory.arguments(older, newer, case.base, case.mapped, options)
        try:
            for faults in (way.faults, ()) if way.faults else ((),):
                done, written = self.run_way(way, arguments, faults, full=full)
                self.note_run(case, done)
                assert "Traceback" not in done.messages, done
                was_refused = not case.expected and done.code == case.refusal
                if written is not None or was_refused or not faults:
                    break
                # With 1, `qq` itself failed.
                assert done.code not in ((0,) if way.transport == "qq" else (0, 1)), done
        finally:
            if way.pieces:
                self.laboratory.forget_pieces()
        self.check_result(way, case, done, written)

    def run_way(
        self, way: Way, arguments: Sequence[str], faults: Faults, *, full: bool
    ) -> tuple[CommandResult, bytes | None]:
        """Run the command as a way says."""
        return self.laboratory.run(
            arguments,
            qq=way.qq,
            process=way.process,
            as_other_user=way.as_other_user,
            constants=way.constants,
            slow_mount=way.slow_mount,
            full=full,
            faults=faults,
        )

    def note_run(self, case: Case, done: CommandResult) -> None:
        """Show a run, if it leads to a difference."""
        if currently_in_test_context():
            recreated = ", created again" if case.recreate_base else ""
            mapped = f"-b {case.base!r} -m {case.mapped!r}{recreated}"
            note(f"{mapped} {' '.join(case.options)}\n{done.messages}")

    def check_result(
        self, way: Way, case: Case, done: CommandResult, written: bytes | None
    ) -> None:
        """Compare how a run ended with what must result."""
        if case.refusable and written is None:
            assert done.code, done
            assert "Traceback" not in done.messages, done
            return
        if not case.expected:
            assert written is None, (done, written)
            assert done.code == case.refusal, done
            return
        assert written is not None, done
        sizes = "--metadata=snapshot" not in case.options
        differences = [
            compare(expected, written, sizes_of_directories=sizes) for expected in case.expected
        ]
        assert "" in differences, "\n\n".join(differences)
        assert done.code == int(b'bad_dir_count="0"' not in written), done
        if way.ndjson:
            path = self.laboratory.ndjson_path(as_other_user=way.as_other_user)
            difference = difference_of_formats(written, path.read_bytes())
            assert not difference, difference

    def list_work(self, way: Way, limit: int | None = None) -> None:
        """Take a snapshot, and check its diff and list with the one before."""
        self.take_snapshot()
        older, newer = self.snapshots[-2:]
        self.check_diff(older, newer, limit)
        self.check_list(way, older, newer)

    # Checks.

    @precondition(lambda self: self.has_changed)
    @rule(way=ways(), settings=settings(), limit=st.sampled_from([None, 1, 2, 5]))
    def list_over_rest(self, way: Way, settings: dict[str, Any], limit: int | None) -> None:
        self.laboratory.set_answers(settings)
        self.list_work(way, limit)

    @precondition(lambda self: self.has_changed)
    @rule(way=ways(), settings=settings())
    def list_over_rest_again(self, way: Way, settings: dict[str, Any]) -> None:
        self.laboratory.set_answers(settings)
        self.list_work(way)

    @precondition(lambda self: self.has_changed)
    # If the last page has `null` as the next, qq requests it.
    @rule(way=ways(("qq",)), settings=settings(last_page_next=("",)))
    def list_through_qq(self, way: Way, settings: dict[str, Any]) -> None:
        self.laboratory.set_answers(settings)
        self.list_work(way)

    @precondition(lambda self: len(self.snapshots) > 1)
    @rule(way=ways(metadata=("rest", "snapshot")), older=_NUMBER, newer=_NUMBER)
    def list_older_snapshots(self, way: Way, older: int, newer: int) -> None:
        """List the changes between two snapshots, although the share has changed since."""
        if way.metadata == "snapshot":
            way = way._replace(base="source")
        begin = older % (len(self.snapshots) - 1)
        end = begin + 1 + newer % (len(self.snapshots) - 1 - begin)
        self.check_diff(self.snapshots[begin], self.snapshots[end])
        self.check_list(way, self.snapshots[begin], self.snapshots[end], live=False)

    @rule(way=ways(("rest", "rest", "rest", "qq")), number=_NUMBER)
    def list_one_snapshot(self, way: Way, number: int) -> None:
        """Make a full list of a snapshot; in the source's `.snapshot`, a mount shows the others."""
        snapshot = self.snapshots[number % len(self.snapshots)]
        self.check_full_list(way, snapshot)

    @rule(
        way=ways(("rest", "rest", "rest", "qq")),
        different_sources=DIFFERENT_SOURCES,
        kind=st.sampled_from(["beside", "in its place"]),
    )
    def list_two_directories(self, way: Way, different_sources: str, kind: str) -> None:
        """Request a list of snapshots of two directories, which may have had the same path."""
        self.laboratory.cluster.settings(different_sources=different_sources)
        with self.swapped() if kind == "in its place" else nullcontext():
            path = self.source if kind == "in its place" else self.beside
            other = self.laboratory.snapshot(path)
            try:
                self.check(way, self.snapshots[-1].id, other, case_of_two_directories(way, path))
            finally:
                self.laboratory.delete_snapshot(other)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Meanwhile, another directory has the source's name."""
        self.workspace.swap_source()
        try:
            yield
        finally:
            self.workspace.swap_source()

    # Work.

    @rule(name=_SOURCES)
    def rename_source(self, name: str) -> None:
        self.working().rename_source(name.encode())

    @rule(ending=_ABOVE)
    def rename_folder_above(self, ending: str) -> None:
        self.working().rename_folder(self.name + ending.encode())

    def working(self) -> Any:
        self.has_changed = True
        return self.workspace

    @rule(place=_PLACE, size=_SIZES)
    def write(self, place: Place, size: int) -> None:
        self.working().write(place, min(size, 5000))

    @rule(number=_NUMBER, size=st.integers(1, 999))
    def append(self, number: int, size: int) -> None:
        self.working().append(number, size)

    @rule(number=_NUMBER, size=_SIZES)
    def truncate(self, number: int, size: int) -> None:
        self.working().truncate(number, size)

    @rule(number=_NUMBER, mtime_ns=_TIMES)
    def touch(self, number: int, mtime_ns: int) -> None:
        self.working().touch(number, mtime_ns)

    @rule(number=_NUMBER, mode=_MODES)
    def chmod(self, number: int, mode: int) -> None:
        self.working().chmod(number, mode)

    @rule(number=_NUMBER, owner=_OWNERS, group=_OWNERS)
    def chown(self, number: int, owner: int, group: int) -> None:
        self.working().chown(number, owner, group)

    @rule(place=_PLACE)
    def make_folder(self, place: Place) -> None:
        self.working().make_folder(place)

    @rule(number=_NUMBER, place=_PLACE)
    def link(self, number: int, place: Place) -> None:
        self.working().link(number, place)

    @rule(leads_to=_TARGETS, place=_PLACE)
    def symlink(self, leads_to: bytes, place: Place) -> None:
        self.working().symlink(leads_to, place)

    @rule(kind=st.sampled_from(list(SPECIAL)), place=_PLACE)
    def make_special(self, kind: str, place: Place) -> None:
        self.working().make_special(kind, place)

    @rule(number=_NUMBER)
    def delete(self, number: int) -> None:
        self.working().delete(number)

    @rule(number=_NUMBER, folder=st.booleans())
    def recreate(self, number: int, folder: bool) -> None:
        self.working().recreate(number, folder=folder)

    @rule(number=_NUMBER, place=_PLACE)
    def rename(self, number: int, place: Place) -> None:
        self.working().rename(number, place)

    @rule(number=_NUMBER, other=_NUMBER, delete_first=st.booleans())
    def rename_over(self, number: int, other: int, delete_first: bool) -> None:
        self.working().rename_over(number, other, delete_first=delete_first)

    @rule(number=_NUMBER, other=_NUMBER)
    def swap(self, number: int, other: int) -> None:
        self.working().swap(number, other)

    @rule(number=_NUMBER, place=_PLACE)
    def move_into_new(self, number: int, place: Place) -> None:
        self.working().move_into_new(number, place)

    @rule(number=_NUMBER, place=_PLACE, what=st.sampled_from(["delete", "rename", "move away"]))
    def change_a_folder(self, number: int, place: Place, what: str) -> None:
        """Delete or move a folder, so that a base path goes with it; perhaps another one comes."""
        if what == "delete":
            self.working().delete(number, "dir")
        elif what == "rename":
            self.working().rename(number, place, "dir")
        else:
            self.working().move_away(number, place)

    @rule(number=_NUMBER, stays=st.integers(0, 2**16 - 1), deep=st.booleans())
    def replace_folder(self, number: int, stays: int, deep: bool) -> None:
        self.working().replace_folder(number, stays, deep=deep)

    @rule(place=_PLACE, depth=st.sampled_from([2, 3, 5, 5, 20]), name=NAMES)
    def make_deep(self, place: Place, depth: int, name: bytes) -> None:
        self.working().make_deep(place, depth, name)

    @rule(place=_PLACE, count=st.sampled_from([2, 3, 12]), folders=st.booleans())
    def fill(self, place: Place, count: int, folders: bool) -> None:
        self.working().fill(place, count, folders=folders)


class WorkListedByOtherUser(Work):
    """The same, and lists are also made by a user without access to everything."""

    @precondition(lambda self: self.has_changed)
    @rule(way=ways(metadata=("mount", "snapshot"), as_other_user=True))
    def list_as_other_user(self, way: Way) -> None:
        self.list_work(way)

    @precondition(lambda self: self.has_changed)
    @rule(way=ways(metadata=("mount", "snapshot"), as_other_user=True))
    def list_as_other_user_again(self, way: Way) -> None:
        self.list_work(way)

    @rule(number=_NUMBER, mode=_MODES)
    def chmod_again(self, number: int, mode: int) -> None:
        self.working().chmod(number, mode)


class LargeWork(WorkListedByOtherUser):
    """The same, with deep trees and wide directories, which take longer."""

    @rule(place=_PLACE, depth=st.sampled_from([63, 65, 200]), name=NAMES)
    def make_deep_tree(self, place: Place, depth: int, name: bytes) -> None:
        self.working().make_deep(place, depth, name)

    @rule(
        place=_PLACE,
        drawn=st.sampled_from([(100, True), (1001, False), (4097, False), (10_000, False)]),
    )
    def fill_directory_widely(self, place: Place, drawn: tuple[int, bool]) -> None:
        count, folders = drawn
        self.working().fill(place, count, folders=folders)


@contextmanager
def _directory(path: str) -> Iterator[None]:
    """A temporary empty directory."""
    os.mkdir(path, 0o755)
    try:
        yield
    finally:
        os.rmdir(path)


def compare(expected: bytes, written: bytes, *, sizes_of_directories: bool) -> str:
    """Return the difference of two lists, without what cannot be predicted; "" if there is none.

    A directory that the emulator lays out in `.snapshot` has the size that the disk gives it.
    """

    def comparable(content: bytes) -> list[str]:
        lines = without_run_times(without_access_times(content))
        if not sizes_of_directories:
            lines = _SIZE_OF_A_DIRECTORY.sub(rb'\1 size="0"\2', lines)
        return lines.decode("utf-8", "backslashreplace").split("\n")

    lists = comparable(expected), comparable(written)
    return "\n".join(unified_diff(*lists, "expected", "written", lineterm=""))
