"""A long campaign: rounds of examples, each from a seed that is printed, until the time is over.

`make fuzz FUZZ=60` runs for an hour; `make fuzz FUZZ_SEED=123` repeats the round of a seed. It ends
with 1 at the first difference, and shows the shortest example that it can find. A campaign that
takes at least five minutes is noted in `campaigns.md`, so that trees add up over many of them.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzz.campaigns import SHORTEST_NOTED, noted
from tests.fuzz.laboratory import laboratory
from tests.fuzz.machine import LargeWork, Work, WorkListedByOtherUser

EXAMPLES = 40
STEPS = 60
# One of this number of rounds makes deep trees and wide directories, and takes ten times as long.
ROUNDS_PER_LARGE_ROUND = 8
_MAX_SEED = 10**9


def main() -> int:
    """Run rounds until the time is over or a round fails; return the exit code."""
    options = _options()
    # In the background, too, it can be ended, and then says what it has done.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    end = time.monotonic() + 60 * options.minutes
    rounds = 0
    seeds: list[int] = []
    with laboratory() as lab, noted(lab, seeds, is_long=options.minutes >= SHORTEST_NOTED):
        Work.laboratory = lab
        if not lab.other_user_site:
            print("SKIPPED: lists made by another user; only root can become one", flush=True)
        while not rounds or (time.monotonic() < end and options.seed is None):
            number = random.randrange(_MAX_SEED) if options.seed is None else options.seed
            # The seed alone decides what is done, so that a round can be repeated.
            machine = WorkListedByOtherUser if lab.other_user_site else Work
            if lab.other_user_site and number % ROUNDS_PER_LARGE_ROUND == 0:
                machine = LargeWork
            print(f"round {rounds + 1}: seed {number}, {machine.__name__}", flush=True)
            seeds.append(number)
            try:
                _round(machine, number, shrink=not options.no_shrink)
            except BaseException as error:
                print(f"{error!r}\nto repeat it: make fuzz FUZZ_SEED={number}", flush=True)
                raise
            rounds += 1
    print(f"no difference in {rounds} rounds: {lab.trees} trees, {lab.lists} lists")
    return 0


def _round(machine: type[Work], number: int, *, shrink: bool) -> None:
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    profile = settings(
        max_examples=EXAMPLES // 5 if machine is LargeWork else EXAMPLES,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        verbosity=Verbosity.normal,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(machine), settings=profile)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, help="one round, from this seed")
    parser.add_argument("--no-shrink", action="store_true", help="show the first example found")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
