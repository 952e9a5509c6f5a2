"""The hours of a soak: life on the share, runs, trouble, and judgement after each run."""

from __future__ import annotations

import contextlib
import random
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.oracle import Tree, capture
from tests.soak.client import Answer, Client, client
from tests.soak.figures import Figures, footprint
from tests.soak.grounds import PLANS, Grounds, Plan, grounds
from tests.soak.judge import EXIT_CODES, Judge, WrongError
from tests.soak.living import Life
from tests.soak.troubles import Trouble, draw_trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.soak.grounds import Found

_HOURS_OF_A_DAY = 24
HOURS = 24 * _HOURS_OF_A_DAY
"""How long a soak takes, in the time of the cluster."""

# Trees of snapshots that are gone are kept for a while: a list of them may come late.
_IDS_REMEMBERED = 100
_WARM = 0.35
"""The part of a soak after which memory and open files have to stay as they are."""
_FORKED = 0.2
"""The part of the runs that are the command line, of those that could be of either kind."""
_AFTER_WHAT_PASSES = {0}
_KILLED = -9


class Campaign:
    """A soak under way.

    Args:
        place: where it takes place.
        worker: the process that runs the cycle.
        seed: decides everything that is left to chance.

    Attributes:
        trees: the tree of the source in each snapshot, by its id.
        figures: what was counted.
    """

    def __init__(self, place: Grounds, worker: Client, seed: int) -> None:
        self.place, self._worker = place, worker
        self._chance = random.Random(seed)
        self.figures = Figures(seed)
        self.trees: dict[int, Tree] = {}
        self._judges = {plan.name: Judge(place, plan, self.trees) for plan in PLANS}
        self._life = Life(place.workspace, self._chance)
        self._pids = {"the client": worker.pid, "the emulator": place.cluster.pid}
        self._newest = 0

    def go_through(self, hours: int, minutes: float) -> None:
        """Let hours pass until there are enough, or the time is over.

        Raises:
            WrongError: something is not as it has to be.
        """
        begun = time.monotonic()
        end = begun + 60 * minutes
        self.begin()
        for hour in range(hours):
            passed = max(hour / hours, 1 - (end - time.monotonic()) / (60 * minutes))
            if not self.figures.start and passed >= _WARM:
                self.figures.start = self._measure()
            if passed >= 1:
                break
            self._pass_hour(hour)
        # In the end nothing goes wrong, so that nothing may be left of what did.
        for plan in PLANS:
            self.run(plan, is_calm=True)
        self.figures.end = self._measure()
        self._add_up(begun)

    def begin(self) -> None:
        """Make the share as it is at first."""
        self._life.begin()

    def _pass_hour(self, hour: int) -> None:
        if not hour % _HOURS_OF_A_DAY:
            print(f"day {hour // _HOURS_OF_A_DAY + 1}", file=sys.stderr, flush=True)
        self.place.pass_time()
        self.place.cluster.forget_requests()
        self._life.go_on()
        if not hour % 6:
            self.trees[self.place.take_by_policy()] = self._capture()
            self._life.go_on()
        for plan in PLANS:
            if not hour % plan.every:
                try:
                    self.run(plan, is_calm=False)
                except Exception as error:
                    raise WrongError(f"hour {hour}, project {plan.name}: {error}") from error
        self.figures.hours += 1

    def run(self, plan: Plan, *, is_calm: bool) -> None:
        """Run a project, and judge what comes of it.

        Raises:
            WrongError: something is not as it has to be.
        """
        draw = Trouble if is_calm else draw_trouble
        trouble = draw(self.place, plan, self._chance)
        trouble.prepare()
        before = self.place.snapshots()
        tree = self._capture()
        trouble.begin()
        answer = self._do(plan, trouble)
        trouble.end()
        after = self.place.snapshots()
        self._remember(after, tree)
        self._count(trouble, answer)
        self._check_ending(plan, trouble, answer)
        judge = self._judges[plan.name]
        try:
            judge.judge(
                answer.code, before=before, after=after, is_calm=type(trouble) is Trouble,
                is_harsh=trouble.is_harsh,
            )  # fmt: skip
        except WrongError as error:
            raise WrongError(
                f"{error}\nwith trouble: {trouble.kind}; it ended with {answer.code}\n"
                f"{answer.messages}"
            ) from error

    def _do(self, plan: Plan, trouble: Trouble) -> Answer:
        place, worker = self.place, self._worker
        is_forked = trouble.is_forked or self._chance.random() < _FORKED
        moment = self._chance.uniform(0, 0.3)
        if is_forked:
            worker.begin(
                do="command", ahead=place.ahead, arguments=place.arguments(plan),
                kill_after=trouble.kill_after,
            )  # fmt: skip
        else:
            worker.begin(
                do="run", ahead=place.ahead, project=plan.name, projects=str(place.projects),
                state=str(place.state), command=place.command(plan),
            )  # fmt: skip
        how = "command line" if is_forked else "library"
        self.figures.runs[f"{how}, {plan.transport}"] += 1
        if type(trouble).meanwhile is not Trouble.meanwhile:
            time.sleep(moment)
            trouble.meanwhile()
        return worker.end()

    def _capture(self) -> Tree:
        return capture(str(self.place.source))

    def _remember(self, after: dict[int, Found], tree: Tree) -> None:
        new = {number for number in after if number > self._newest}
        self.figures.snapshots_taken += len(new)
        self._newest = max([self._newest, *new])
        for number in new:
            self.trees.setdefault(number, tree)
        for number in [*self.trees]:
            if number not in after and number < self._newest - _IDS_REMEMBERED:
                del self.trees[number]

    def _count(self, trouble: Trouble, answer: Answer) -> None:
        figures = self.figures
        figures.events.update(answer.events)
        figures.endings[str(answer.code)] += 1
        if type(trouble) is not Trouble:
            figures.troubled[trouble.kind] += 1
            figures.faults.update(trouble.harm)

    def _check_ending(self, plan: Plan, trouble: Trouble, answer: Answer) -> None:
        is_known = answer.code in EXIT_CODES or (plan.transport == "qq" and answer.code > 0)
        if not is_known or (answer.code == _KILLED and not trouble.kill_after):
            raise WrongError(f"it ended with {answer.code}: {answer.messages}")
        if "Traceback" in answer.messages:
            raise WrongError(answer.messages)
        if trouble.passes and answer.code not in _AFTER_WHAT_PASSES:
            raise WrongError(f"what passes has ended it with {answer.code}: {answer.messages}")

    def _measure(self) -> dict[str, Any]:
        self._worker.begin(do="measure")
        self._worker.end()
        return {name: footprint(pid) for name, pid in self._pids.items()}

    def _add_up(self, begun: float) -> None:
        figures = self.figures
        for judge in self._judges.values():
            figures.lists += judge.lists
            figures.full_lists += judge.full_lists
            figures.entries += judge.entries
            figures.undecided += judge.undecided
            figures.committed += len(judge.committed)
        figures.changes = self._life.changes
        figures.snapshots_left = len(self.place.snapshots())
        figures.seconds = time.monotonic() - begun


@contextlib.contextmanager
def campaign(seed: int) -> Iterator[Campaign]:
    """A campaign that can begin."""
    with grounds() as place, client(place.environment(), place.folder) as worker:
        yield Campaign(place, worker, seed)
