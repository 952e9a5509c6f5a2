"""Failures of the cluster that a list meets, drawn at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

STATUSES = (429, 500, 502, 503, 504)
ACTIONS = ("close", "truncate", "garbage")
PATHS = ("*", "*", "*/changes-since/*", "*/snapshots/*", "*/files/*", "*/session/*")
"""Globs over the paths of requests."""

Faults = tuple[tuple[tuple[str, Any], ...], ...]
"""Scripted faults of the emulator, each as the items of its fields."""


def _fault(how: int | str, path: str, times: int, skip: int) -> tuple[tuple[str, Any], ...]:
    name = "status" if isinstance(how, int) else "action"
    return ((name, how), ("path", path), ("times", times), ("skip", skip))


FAULTS: st.SearchStrategy[Faults] = st.lists(
    st.builds(
        _fault,
        st.sampled_from([*STATUSES, *ACTIONS]),
        st.sampled_from(PATHS),
        # Most of them pass; some last.
        st.sampled_from([1, 1, 2, 3, 50]),
        st.sampled_from([0, 0, 1, 2, 5, 20]),
    ),
    max_size=3,
).map(tuple)
