"""What a soak counts, and the table of it."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_MAY_GROW_KIB = {"the client": 4 * 1024, "the emulator": 48 * 1024}
"""By how much memory may differ. The emulator, which is no part of what users leave running, keeps
the id of each file that was ever there, and gives the buffers of ended connections back late."""


class Footprint(NamedTuple):
    """What a process holds."""

    kib: int
    """Memory that is its own, and its part of what is shared (PSS)."""
    open_files: int


def footprint(pid: int) -> Footprint:
    """Return what a process holds now; its worker processes not included."""
    process = Path("/proc", str(pid))
    memory = _PSS.search((process / "smaps_rollup").read_text(encoding="ascii"))
    assert memory
    return Footprint(int(memory[1]), len(os.listdir(process / "fd")))


class Figures:
    """What is counted."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.hours = self.changes = 0
        self.seconds = 0.0
        self.runs: Counter[str] = Counter()
        """By how they were run."""
        self.endings: Counter[str] = Counter()
        """By exit code."""
        self.troubled: Counter[str] = Counter()
        """The number of runs with each kind of trouble."""
        self.faults: Counter[str] = Counter()
        """How often each kind of fault came."""
        self.events: Counter[str] = Counter()
        self.lists = self.full_lists = self.entries = self.undecided = 0
        self.committed = self.snapshots_taken = self.snapshots_left = 0
        self.start: dict[str, Footprint] = {}
        self.end: dict[str, Footprint] = {}

    def growth(self) -> list[str]:
        """Return what has grown from the start to the end."""
        found = []
        for name, first in self.start.items():
            last = self.end[name]
            if last.kib > first.kib + _MAY_GROW_KIB[name]:
                found.append(f"memory of {name}: {first.kib} KiB, then {last.kib} KiB")
            if last.open_files > first.open_files:
                found.append(f"open files of {name}: {first.open_files}, then {last.open_files}")
        return found

    def encoded(self) -> dict[str, Any]:
        """Return all figures as values for JSON."""
        values = {name: value for name, value in vars(self).items() if name not in ("start", "end")}
        held = {"start": self.start, "end": self.end}
        return values | {
            when: {name: one._asdict() for name, one in found.items()}
            for when, found in held.items()
        }

    def table(self) -> str:
        """Return a table to read."""
        retried = self.events["RequestRetried"]
        lines = [
            ("seed", str(self.seed)),
            ("time", f"{self.hours} hours, in {self.seconds:.0f} s"),
            ("changes on the share", str(self.changes)),
            ("runs", f"{self.runs.total()}: {_counts(self.runs)}"),
            ("ended with", _counts(self.endings)),
            ("runs with trouble", f"{self.troubled.total()}: {_counts(self.troubled)}"),
            ("faults injected", f"{self.faults.total()}: {_counts(self.faults)}"),
            ("requests tried again", f"{retried} (without those of the command line)"),
            ("runs that were resumed", _counts(self.resumed())),
            ("lists", f"{self.lists}, {self.full_lists} of them full; {self.entries} entries"),
            ("lists wrong", "0"),
            ("list and receipt apart, which verify shows", str(self.undecided)),
            ("commits", str(self.committed)),
            ("snapshots taken", str(self.snapshots_taken)),
            ("snapshots left", f"{self.snapshots_left}, exactly those that must be"),
        ]
        for name, first in self.start.items():
            last = self.end[name]
            lines.append((f"memory of {name}", f"{first.kib} KiB, then {last.kib} KiB"))
            lines.append((f"open files of {name}", f"{first.open_files}, then {last.open_files}"))
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in lines)

    def resumed(self) -> Counter[str]:
        """Return how often a run went on with what an earlier one had left."""
        words = {
            "RunRecovered": "ended for an earlier run",
            "RunContinued": "went on with its snapshot",
            "PiecesReused": "used its pieces",
        }
        return Counter({word: self.events[name] for name, word in words.items()})


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted((+counter).items())) or "none"
