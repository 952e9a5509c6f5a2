"""A record of long campaigns: a line for each in `campaigns.md`, and their seeds beside it."""

from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.quick import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fuzz.laboratory import Laboratory

SHORTEST_NOTED = 5
"""The number of minutes that a campaign takes at least if it is noted."""

RECORD = Path(__file__).with_name("campaigns.md")


@contextlib.contextmanager
def noted(lab: Laboratory, seeds: Sequence[int], *, is_long: bool) -> Iterator[None]:
    """Note a campaign when it ends, however it ends.

    Args:
        lab: counts its trees and lists.
        seeds: those of its rounds; the last one belongs to the round that was under way.
        is_long: whether it is to be noted.
    """
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=10"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    began = time.time()
    wrong = 1
    try:
        yield
        wrong = 0
    except KeyboardInterrupt:
        wrong = 0  # it was ended by hand
        raise
    finally:
        if is_long:
            minutes = (time.time() - began) / 60
            day = time.strftime("%Y-%m-%d %H:%M", time.gmtime(began))
            numbers = f"{minutes:.0f} | {len(seeds)} | {lab.trees:,} | {lab.lists:,} | {wrong}"
            row = f"| {day} | {commit} | {numbers} | {' '.join(map(str, seeds))} |\n"
            with RECORD.open("a", encoding="utf-8") as file:
                file.write(row)
