"""A soak: 24 days of hourly runs under random faults, in at most 20 minutes.

`make soak SOAK=2` goes through as many hours as fit into two minutes; `make soak SOAK_SEED=123`
repeats what chance decided. It ends with 1 at the first list, archive or snapshot that is not as it
has to be, and keeps what was there.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys

from tests.soak.campaign import HOURS, campaign
from tests.soak.judge import WrongError

_MAX_SEED = 10**9


def main() -> int:
    """Run a soak, and print its figures; return the exit code."""
    options = _options()
    # In the background, too, it can be ended, and then leaves nothing.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    seed = random.randrange(_MAX_SEED) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    try:
        with campaign(seed) as soak:
            soak.go_through(options.hours, options.minutes)
            figures = soak.figures
    except WrongError as error:
        print(f"WRONG, with the seed {seed}: {error}", file=sys.stderr, flush=True)
        return 1
    print(json.dumps(figures.encoded(), indent=2) if options.json else figures.table())
    if growth := figures.growth():
        print(f"GROWN: {'; '.join(growth)}", file=sys.stderr)
    return int(bool(growth))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="the longest it may take")
    parser.add_argument("--hours", type=int, default=HOURS, help="the hours to go through")
    parser.add_argument("--seed", type=int, help="that of an earlier soak")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
