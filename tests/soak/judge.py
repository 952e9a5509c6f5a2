"""Whether everything is as it has to be: each list, each archive, and the snapshots that are left.

What a list must contain says the oracle, from the trees as they were when both snapshots were
taken. What an archive must have, and which snapshots must be left, follows from `docs/cycle.md`;
nothing here asks the program.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from tests.end_to_end.archive import Files, Mirror
from tests.fuzz.machine import compare
from tests.oracle import Tree, expected_full_list, expected_list
from tests.soak.grounds import SOURCE

if TYPE_CHECKING:
    from tests.soak.grounds import Found, Grounds, Plan

EXIT_CODES = {
    *(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 23, 65, 66, 69, 70, 71, 73, 75, 76, 77, 127),
    -9,  # only if the soak has killed it
}
"""How a run may end (`docs/reference/exit-codes.md`), besides with the exit code of `qq`."""


class WrongError(AssertionError):
    """Something is not as it has to be."""


class MadeList(NamedTuple):
    """A list that was judged."""

    older: int | None
    newer: int
    text: str
    is_complete: bool


class Judge:
    """Judges what the runs of one project lead to.

    Args:
        grounds: where everything is.
        plan: the project.
        trees: the tree of the source in each snapshot, by its id; others fill and empty it.
    """

    def __init__(self, grounds: Grounds, plan: Plan, trees: dict[int, Tree]) -> None:
        self._grounds, self._plan, self._trees = grounds, plan, trees
        self._mirror = Mirror()
        self._judged: dict[str, MadeList] = {}
        """Lists by their SHA-256, as far as they may still be committed."""
        self._in_place: tuple[str, int | None, int] | None = None
        """The SHA-256 of the list that was in its place last, and its snapshots."""
        self._was_cut_short = False
        self._lacks_receipt = False
        """Whether a list may have been without a receipt since the last one that had it."""
        self._marked: set[int] = set()
        """Every snapshot that the cluster has ever shown as committed."""
        self.committed: list[int] = []
        """The snapshots that were committed, in this order."""
        self.lists = self.full_lists = self.entries = self.undecided = 0

    def judge(
        self,
        code: int,
        *,
        before: dict[int, Found],
        after: dict[int, Found],
        is_calm: bool,
        is_harsh: bool = False,
    ) -> None:
        """Judge what there is after a run.

        Args:
            code: how the run ended.
            before: the snapshots on the cluster before it.
            after: those after it.
            is_calm: whether nothing went wrong, so that nothing excuses anything.
            is_harsh: whether the run was killed, or its disk was in trouble.

        Raises:
            WrongError: something is wrong.
        """
        was_committed = self.committed[-1] if self.committed else None
        news = self._read_commits()
        self._lacks_receipt = self._lacks_receipt or is_harsh
        self._judge_list_in_place(before, may_lack_receipt=self._lacks_receipt)
        self._judge_copies()
        for number in news:
            self._archive(number)
        if is_calm:
            _check(code == 0, f"nothing went wrong, but the run ended with {code}")
            self._check_newest(news, after)
        self._was_cut_short = bool(code)
        shown = {one.marks for one in [*before.values(), *after.values()] if self._is_own(one)}
        self._marked |= {number for number in shown if number is not None}
        if news:
            self._check_snapshots(after, is_exact=is_calm)
        elif was_committed in before:
            _check(was_committed in after, f"the snapshot {was_committed} is gone, which is needed")

    def _check_newest(self, news: list[int], after: dict[int, Found]) -> None:
        newest = max((n for n, one in after.items() if self._is_listed(one)), default=None)
        # After one that was cut short, a run may go on with a snapshot that is not the newest.
        may_go_on = self._was_cut_short and bool(news) and not self._plan.policy
        is_newest = self.committed[-1:] == [newest]
        _check(is_newest or may_go_on, f"{newest} is not committed; {self.committed[-1:]} is")

    def _is_own(self, one: Found) -> bool:
        return one.project == self._plan.name and not one.is_by_policy

    def _is_listed(self, one: Found) -> bool:
        """Return whether a snapshot is one that this project lists."""
        if self._plan.policy:
            return one.is_by_policy
        return self._is_own(one) and one.marks is None

    # Lists.

    def _judge_list_in_place(self, before: dict[int, Found], *, may_lack_receipt: bool) -> None:
        place = self._grounds.place(self._plan)
        if not place.exists():
            return
        written = place.read_bytes()
        digest = hashlib.sha256(written).hexdigest()
        try:
            receipt = json.loads(place.with_suffix(".json").read_bytes())
        except FileNotFoundError:
            # Of a run that was killed between both, or whose disk was full: `verify` shows it.
            _check(may_lack_receipt, "a list without a receipt")
            self.undecided += 1
            return
        _check(receipt["list"]["sha256"] == digest, "the receipt beside the list is of another one")
        older = (receipt["older_snapshot"] or {"id": None})["id"]
        newer = receipt["newer_snapshot"]["id"]
        self._lacks_receipt = False
        if self._in_place == (digest, older, newer):
            return
        last = max((number for number in self.committed if number < newer), default=None)
        _check(older in (None, last), f"the list begins from {older}, and {last} is committed")
        is_needless = older is None and last in before
        _check(not is_needless, f"a full list, although {last} is committed and there")
        self._judge_list(digest, written, older, newer)
        self._in_place = (digest, older, newer)

    def _judge_copies(self) -> None:
        """Judge what the archiver was given."""
        for path in self._grounds.inbox.glob(f"{self._plan.name}-*"):
            if path.suffix == ".part":
                continue
            newer, _, older = path.name.removeprefix(f"{self._plan.name}-").partition("-")
            written = path.read_bytes()
            path.unlink()
            digest = hashlib.sha256(written).hexdigest()
            self._judge_list(digest, written, int(older) if older else None, int(newer))

    def _judge_list(self, digest: str, written: bytes, older: int | None, newer: int) -> None:
        known = self._judged.get(digest)
        if known and known[:2] == (older, newer):
            return
        after = self._trees[newer]
        moves = self._plan.moves
        expected = (
            expected_full_list(after, source=SOURCE, base=SOURCE, run_time=0)
            if older is None
            else expected_list(
                self._trees[older], after, source=SOURCE, base=SOURCE, deletes=True, moves=moves,
                run_time=0,
            )
        )  # fmt: skip
        sizes = self._plan.metadata != "snapshot"
        difference = compare(expected, written, sizes_of_directories=sizes)
        _check(not difference, f"the list of {older} and {newer} is wrong:\n{difference}")
        self.lists += 1
        self.full_lists += older is None
        self.entries += written.count(b" name=")
        text, is_complete = written.decode(), b"<bad-dir" not in written
        self._judged[digest] = MadeList(older, newer, text, is_complete)

    # Commits and the archive.

    def _read_commits(self) -> list[int]:
        """Return what was committed since the last call, in this order."""
        if not self._grounds.state.exists():
            return []
        query = "SELECT newer FROM runs WHERE project = ? AND state = 'committed' ORDER BY position"
        file = sqlite3.connect(self._grounds.state)
        try:
            rows = file.execute(query, (self._plan.name.encode(),)).fetchall()
        finally:
            file.close()
        found = [number for (number,) in rows]
        old = len(self.committed)
        _check(found[:old] == self.committed, f"{self.committed} were committed, and {found} are")
        self.committed = found
        return found[old:]

    def _archive(self, number: int) -> None:
        """Let the archive have the list that was committed, and look whether it has all of it."""
        lists = [one for one in self._judged.values() if one.newer == number]
        _check(bool(lists), f"{number} was committed without a list that the archiver got")
        made = lists[-1]
        _check(made.is_complete, f"the list of {number} is not complete, and was committed")
        self._mirror.apply(made.text)
        wanted = _files(self._trees[number])
        if made.older is None:
            # A full list has no deletions: what was deleted since the last list stays.
            self._mirror.files = {n: s for n, s in self._mirror.files.items() if n in wanted}
        has = self._mirror.files
        _check(wanted.items() <= has.items(), f"it lacks {sorted(wanted.items() - has.items())}")
        _check(has.items() <= wanted.items(), f"it has {sorted(has.items() - wanted.items())}")
        self._judged = {d: one for d, one in self._judged.items() if one.newer >= number}

    # Snapshots.

    def _check_snapshots(self, after: dict[int, Found], *, is_exact: bool) -> None:
        """Check what is left after a commit (`docs/cycle.md`, Which snapshots go)."""
        last = self.committed[-1]
        committed = {*self.committed, *self._marked}
        kept = sorted((n for n in committed if n <= last and n in after), reverse=True)
        kept = kept[: self._plan.keep]
        listed = {n for n, one in after.items() if self._is_listed(one)}
        _check(last in after, f"the snapshot {last} is gone, from which the next run begins")
        if is_exact and not self._plan.policy:
            too_many = {n for n in listed if n < last and n not in kept}
            _check(not too_many, f"the snapshots {too_many} should be gone; {kept} stay")
        markers = [one.marks for one in after.values() if self._is_own(one) and one.marks]
        _check(last in markers, f"no marker shows that {last} is committed")
        if is_exact:
            early = sorted(number for number in markers if number <= last)
            _check(early == sorted(kept), f"markers of {early} are left, and {kept} stay")


def _files(tree: Tree) -> Files:
    files = [(path, node) for path, node in tree.nodes.items() if node.kind == "file"]
    return {f"/{path.decode()}": node.size for path, node in files}


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise WrongError(otherwise)
