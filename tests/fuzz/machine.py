"""The state machine: work on a tree, snapshots in between, and what must be said of them."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, nullcontext
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.fuzz.names import NAMES
from tests.fuzz.ways import (
    DIFFERENT_SOURCES,
    Question,
    Share,
    SnapshotView,
    Way,
    question,
    question_of_two,
    settings,
    ways,
)
from tests.fuzz.work import SPECIAL, Place
from tests.oracle import capture, diff_claims, without_access_times, without_run_times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fuzz.laboratory import Laboratory

_NUMBER = st.integers(0, 63)
_PLACE = st.builds(Place, _NUMBER, NAMES)
_SIZES = st.sampled_from([0, 1, 2, 999, 4096, 2**33 + 1]) | st.integers(0, 5000)
_TIMES = st.sampled_from([0, -1, 10**9 - 1, 14 * 10**9 + 999_999_999]) | st.integers(
    -(10**9) * 10**9, 4 * 10**9 * 10**9
)
# Those that let strangers in, and those that let them not look, or not go in, or neither.
_MODES = st.sampled_from([0o755, 0o700, 0o711, 0o744, 0, 0o777, 0o644, 0o4755, 0o1777])
_OWNERS = st.sampled_from([0, 1, 501, 65534, 2**31, 2**32 - 2])
# Paths without much sense are targets, too.
_TARGETS = st.sampled_from([b".", b"..", b"a", b"a/b", b"/", b"../a", b"nowhere"]) | NAMES
# What the source is called in its time; the second is how the first looks after Unicode's NFD.
_SOURCES = st.sampled_from(["sh\u00f6w", "sho\u0308w", "Show", "show 2", "show1", "show"])
_ABOVE = st.sampled_from(["", " moved", "\u00e9", "&"])
_REMEMBERED = 4
_SIZE_OF_A_DIRECTORY = re.compile(rb'(<file .*) size="\d+"( .* type="F_DIR" )')


class AnyWork(RuleBasedStateMachine):
    """Does any work, and looks now and then whether the cluster and the lists tell it."""

    laboratory: ClassVar[Laboratory]

    def __init__(self) -> None:
        super().__init__()
        self.ground = self.laboratory.new_ground()
        self.name = os.path.basename(self.ground.folder)
        self.moments: list[SnapshotView] = []
        self.worked = False

    def teardown(self) -> None:
        try:
            if self.worked:
                # Whatever was drawn: no work goes unseen.
                self.look(
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
            for moment in self.moments:
                self.laboratory.forget(moment.id)
            self.ground.close()

    @initialize(
        files=st.lists(st.tuples(_PLACE, _SIZES), max_size=6),
        folders=st.lists(_PLACE, max_size=6),
        nests=st.lists(st.tuples(_PLACE, st.integers(1, 3), NAMES), max_size=3),
    )
    def begin(
        self,
        files: list[tuple[Place, int]],
        folders: list[Place],
        nests: Sequence[tuple[Place, int, bytes]] = (),
    ) -> None:
        for folder in folders:
            self.ground.make_folder(folder)
        for nest in nests:
            self.ground.nest(*nest)
        for place, size in files:
            self.ground.write(place, min(size, 5000))
        self.remember()

    @property
    def source(self) -> str:
        """Where the source is on the cluster now."""
        return self.laboratory.path_of(self.ground, self.ground.source)

    @property
    def beside(self) -> str:
        """Where the folder beside it is."""
        return self.laboratory.path_of(self.ground, self.ground.beside)

    def remember(self) -> None:
        """Take a snapshot, and let go of an old one."""
        source = self.source
        tree = capture(str(self.laboratory.site.mounted(source)))
        self.moments.append(SnapshotView(self.laboratory.snapshot(source), tree, source))
        self.worked = False
        if len(self.moments) > _REMEMBERED:
            self.laboratory.forget(self.moments.pop(0).id)

    def judge(self, older: SnapshotView, newer: SnapshotView, limit: int | None = None) -> None:
        """Hold what the emulator says of two moments against the oracle."""
        told = self.laboratory.diff(older.id, newer.id, limit)
        assert len(told) == len(set(told)), told
        claimed = diff_claims(older.tree, newer.tree, newer.source)
        assert set(told) == claimed, (sorted(set(told) - claimed), sorted(claimed - set(told)))

    def check_list(
        self, way: Way, older: SnapshotView, newer: SnapshotView, *, live: bool = True
    ) -> None:
        """Hold a list against the oracle."""
        earlier = [moment.tree for moment in self.moments if moment.id < older.id]
        share = Share(self.source, self.beside, live, earlier, self.laboratory.answers)
        asked = question(way, older, newer, share)
        if asked is None:
            return
        mapped = str(self.laboratory.site.mounted(asked.mapped or "/"))
        with _directory(mapped) if asked.made_again else nullcontext():
            self.check(way, older.id, newer.id, asked)

    def check(self, way: Way, older: int, newer: int, asked: Question) -> None:
        """Hold the answer to a question against what it must be."""
        done, written = self.laboratory.run(
            self.laboratory.arguments(older, newer, asked.base, asked.mapped, asked.options),
            qq=way.qq,
            process=way.process,
            strange=way.strange,
            few=way.few,
        )
        if currently_in_test_context():
            again = ", made again" if asked.made_again else ""
            mapped = f"-b {asked.base!r} -m {asked.mapped!r}{again}"
            note(f"{mapped} {' '.join(asked.options)}\n{done.messages}")
        if asked.refusable and written is None:
            assert done.code, done
            assert "Traceback" not in done.messages, done
            return
        if not asked.expected:
            assert written is None, (done, written)
            assert done.code == asked.refusal, done
            return
        assert written is not None, done
        sizes = "--metadata=snapshot" not in asked.options
        differences = [
            compared(right, written, sizes_of_directories=sizes) for right in asked.expected
        ]
        assert "" in differences, "\n\n".join(differences)
        assert done.code == int(b'bad_dir_count="0"' not in written), done

    def look(self, way: Way, limit: int | None = None) -> None:
        """End a burst of work: take a snapshot, and judge it and the last one."""
        self.remember()
        older, newer = self.moments[-2:]
        self.judge(older, newer, limit)
        self.check_list(way, older, newer)

    # What is looked at.

    @precondition(lambda self: self.worked)
    @rule(way=ways(), settings=settings(), limit=st.sampled_from([None, 1, 2, 5]))
    def list_over_rest(self, way: Way, settings: dict[str, Any], limit: int | None) -> None:
        self.laboratory.answer_like(settings)
        self.look(way, limit)

    @precondition(lambda self: self.worked)
    @rule(way=ways(), settings=settings())
    def list_over_rest_as_well(self, way: Way, settings: dict[str, Any]) -> None:
        self.laboratory.answer_like(settings)
        self.look(way)

    @precondition(lambda self: self.worked)
    # Where the last page names `null` as the next, qq asks for it.
    @rule(way=ways(("qq",)), settings=settings(last_page_next=("",)))
    def list_through_qq(self, way: Way, settings: dict[str, Any]) -> None:
        self.laboratory.answer_like(settings)
        self.look(way)

    @precondition(lambda self: len(self.moments) > 1)
    @rule(way=ways(metadata=("rest", "snapshot")), older=_NUMBER, newer=_NUMBER)
    def look_back(self, way: Way, older: int, newer: int) -> None:
        """List what lies between two snapshots, whatever has been done since on the share."""
        if way.metadata == "snapshot":
            way = way._replace(base="source")
        begin = older % (len(self.moments) - 1)
        end = begin + 1 + newer % (len(self.moments) - 1 - begin)
        self.judge(self.moments[begin], self.moments[end])
        self.check_list(way, self.moments[begin], self.moments[end], live=False)

    @rule(
        way=ways(("rest", "rest", "rest", "qq")),
        different_sources=DIFFERENT_SOURCES,
        kind=st.sampled_from(["beside", "in its place"]),
    )
    def list_two_directories(self, way: Way, different_sources: str, kind: str) -> None:
        """Ask what lies between snapshots of two directories, also where one took over a path."""
        self.laboratory.cluster.settings(different_sources=different_sources)
        with self.exchanged() if kind == "in its place" else nullcontext():
            path = self.source if kind == "in its place" else self.beside
            other = self.laboratory.snapshot(path)
            try:
                self.check(way, self.moments[-1].id, other, question_of_two(way, path))
            finally:
                self.laboratory.forget(other)

    @contextmanager
    def exchanged(self) -> Iterator[None]:
        """Another directory has the source's name, while in the block."""
        self.ground.exchange()
        try:
            yield
        finally:
            self.ground.exchange()

    # What is worked.

    @rule(name=_SOURCES)
    def rename_source(self, name: str) -> None:
        self.at_work().rename_source(name.encode())

    @rule(ending=_ABOVE)
    def rename_what_is_above(self, ending: str) -> None:
        self.at_work().rename_folder(self.name + ending.encode())

    def at_work(self) -> Any:
        self.worked = True
        return self.ground

    @rule(place=_PLACE, size=_SIZES)
    def write(self, place: Place, size: int) -> None:
        self.at_work().write(place, min(size, 5000))

    @rule(number=_NUMBER, size=st.integers(1, 999))
    def append(self, number: int, size: int) -> None:
        self.at_work().append(number, size)

    @rule(number=_NUMBER, size=_SIZES)
    def truncate(self, number: int, size: int) -> None:
        self.at_work().truncate(number, size)

    @rule(number=_NUMBER, mtime_ns=_TIMES)
    def touch(self, number: int, mtime_ns: int) -> None:
        self.at_work().touch(number, mtime_ns)

    @rule(number=_NUMBER, mode=_MODES)
    def chmod(self, number: int, mode: int) -> None:
        self.at_work().chmod(number, mode)

    @rule(number=_NUMBER, owner=_OWNERS, group=_OWNERS)
    def chown(self, number: int, owner: int, group: int) -> None:
        self.at_work().chown(number, owner, group)

    @rule(place=_PLACE)
    def make_folder(self, place: Place) -> None:
        self.at_work().make_folder(place)

    @rule(number=_NUMBER, place=_PLACE)
    def link(self, number: int, place: Place) -> None:
        self.at_work().link(number, place)

    @rule(leads_to=_TARGETS, place=_PLACE)
    def symlink(self, leads_to: bytes, place: Place) -> None:
        self.at_work().symlink(leads_to, place)

    @rule(kind=st.sampled_from(list(SPECIAL)), place=_PLACE)
    def make_special(self, kind: str, place: Place) -> None:
        self.at_work().make_special(kind, place)

    @rule(number=_NUMBER)
    def delete(self, number: int) -> None:
        self.at_work().delete(number)

    @rule(number=_NUMBER, folder=st.booleans())
    def make_again(self, number: int, folder: bool) -> None:
        self.at_work().make_again(number, folder=folder)

    @rule(number=_NUMBER, place=_PLACE)
    def rename(self, number: int, place: Place) -> None:
        self.at_work().rename(number, place)

    @rule(number=_NUMBER, other=_NUMBER, cleared=st.booleans())
    def rename_over(self, number: int, other: int, cleared: bool) -> None:
        self.at_work().rename_over(number, other, cleared=cleared)

    @rule(number=_NUMBER, other=_NUMBER)
    def swap(self, number: int, other: int) -> None:
        self.at_work().swap(number, other)

    @rule(number=_NUMBER, place=_PLACE)
    def move_into_new(self, number: int, place: Place) -> None:
        self.at_work().move_into_new(number, place)

    @rule(number=_NUMBER, place=_PLACE, what=st.sampled_from(["delete", "rename", "leave"]))
    def change_a_folder(self, number: int, place: Place, what: str) -> None:
        """Let a folder go, so that a base path goes with it, and perhaps another one come."""
        if what == "delete":
            self.at_work().delete(number, "dir")
        elif what == "rename":
            self.at_work().rename(number, place, "dir")
        else:
            self.at_work().leave(number, place)

    @rule(number=_NUMBER, stays=st.integers(0, 2**16 - 1), deep=st.booleans())
    def make_anew(self, number: int, stays: int, deep: bool) -> None:
        self.at_work().make_anew(number, stays, deep=deep)

    @rule(place=_PLACE, depth=st.sampled_from([2, 3, 5, 5, 20]), name=NAMES)
    def nest(self, place: Place, depth: int, name: bytes) -> None:
        self.at_work().nest(place, depth, name)

    @rule(place=_PLACE, count=st.sampled_from([2, 3, 12]), folders=st.booleans())
    def widen(self, place: Place, count: int, folders: bool) -> None:
        self.at_work().widen(place, count, folders=folders)


class AnyWorkSeenByAStranger(AnyWork):
    """The same, and lists are made by a user who may not look into everything."""

    @precondition(lambda self: self.worked)
    @rule(way=ways(metadata=("mount", "snapshot"), strange=True))
    def list_as_a_stranger(self, way: Way) -> None:
        self.look(way)

    @precondition(lambda self: self.worked)
    @rule(way=ways(metadata=("mount", "snapshot"), strange=True))
    def list_as_a_stranger_again(self, way: Way) -> None:
        self.look(way)

    @rule(number=_NUMBER, mode=_MODES)
    def chmod_more(self, number: int, mode: int) -> None:
        self.at_work().chmod(number, mode)


class AnyGreatWork(AnyWorkSeenByAStranger):
    """The same, and trees grow deep and directories wide, which takes its time."""

    @rule(place=_PLACE, depth=st.sampled_from([63, 65, 200]), name=NAMES)
    def nest_deep(self, place: Place, depth: int, name: bytes) -> None:
        self.at_work().nest(place, depth, name)

    @rule(
        place=_PLACE,
        drawn=st.sampled_from([(100, True), (1001, False), (4097, False), (10_000, False)]),
    )
    def widen_much(self, place: Place, drawn: tuple[int, bool]) -> None:
        count, folders = drawn
        self.at_work().widen(place, count, folders=folders)


@contextmanager
def _directory(path: str) -> Iterator[None]:
    """An empty directory, while in the block."""
    os.mkdir(path, 0o755)
    try:
        yield
    finally:
        os.rmdir(path)


def compared(expected: bytes, written: bytes, *, sizes_of_directories: bool) -> str:
    """Return how two lists differ, in what can be foreseen; "" where they do not.

    A directory that the emulator lays out in `.snapshot` has the size that the disk gives it.
    """

    def comparable(content: bytes) -> list[str]:
        lines = without_run_times(without_access_times(content))
        if not sizes_of_directories:
            lines = _SIZE_OF_A_DIRECTORY.sub(rb'\1 size="0"\2', lines)
        return lines.decode("utf-8", "backslashreplace").split("\n")

    lists = comparable(expected), comparable(written)
    return "\n".join(unified_diff(*lists, "expected", "written", lineterm=""))
