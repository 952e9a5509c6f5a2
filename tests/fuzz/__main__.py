"""A long campaign: rounds of examples, each from a seed that is printed, until the time is over.

`make fuzz FUZZ=60` goes on for an hour; `make fuzz FUZZ_SEED=123` repeats the round of a seed. It
ends with 1 at the first difference, after making what leads to it as short as can be.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzz.laboratory import laboratory
from tests.fuzz.machine import AnyGreatWork, AnyWork, AnyWorkSeenByAStranger

EXAMPLES = 40
STEPS = 60
# Of so many rounds one makes trees deep and directories wide, which takes ten times as long.
GREAT_EVERY = 8
_LARGEST_SEED = 10**9


def main() -> int:
    """Run rounds until time is over or one fails; return the exit code."""
    options = _options()
    end = time.monotonic() + 60 * options.minutes
    rounds = 0
    with laboratory() as lab:
        AnyWork.laboratory = lab
        if not lab.strange_site:
            print("SKIPPED: what a stranger cannot see; only root can become one", flush=True)
        while not rounds or (time.monotonic() < end and options.seed is None):
            number = random.randrange(_LARGEST_SEED) if options.seed is None else options.seed
            # The seed alone says what is done, so that it can be repeated.
            machine = AnyWorkSeenByAStranger if lab.strange_site else AnyWork
            if lab.strange_site and number % GREAT_EVERY == 0:
                machine = AnyGreatWork
            print(f"round {rounds + 1}: seed {number}, {machine.__name__}", flush=True)
            try:
                _round(machine, number, shrink=not options.no_shrink)
            except BaseException as error:
                print(f"{error!r}\nto repeat it: make fuzz FUZZ_SEED={number}", flush=True)
                raise
            rounds += 1
    print(f"no difference in {rounds} rounds")
    return 0


def _round(machine: type[AnyWork], number: int, *, shrink: bool) -> None:
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    profile = settings(
        max_examples=EXAMPLES // 5 if machine is AnyGreatWork else EXAMPLES,
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
