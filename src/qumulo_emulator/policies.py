"""Snapshot policies, and the names that they give to snapshots."""

import re
import threading
from datetime import datetime, timezone
from typing import Any

from qumulo_emulator import clock
from qumulo_emulator.errors import InvalidRequestError, NoSuchPolicyError, PolicyExistsError
from qumulo_emulator.model import ROOT_ID, SnapshotPolicy
from qumulo_emulator.names import Parts
from qumulo_emulator.state import State

# The variables of a template, and a cluster's own templates (the help of `qq
# snapshot_create_policy`).
_VARIABLES = ("ID", "Year", "Month", "Day", "Hour", "Minute", "Policy", "Directory")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_FOR_ROOT = "{ID}_{Policy}"
_FOR_OTHERS = "{ID}_{Policy}_{Directory}"


class Policies:
    """The snapshot policies of a cluster. Thread-safe.

    Args:
        state: where they are kept.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._known = {policy.id: policy for policy in state.policies()}

    def all(self) -> list[SnapshotPolicy]:
        """Return all policies by ascending id."""
        with self._lock:
            return sorted(self._known.values(), key=lambda policy: policy.id)

    def get(self, number: int) -> SnapshotPolicy:
        """Return the policy with this id.

        Raises:
            NoSuchPolicyError: if there is none.
        """
        with self._lock:
            if number not in self._known:
                raise NoSuchPolicyError(f"there is no snapshot policy {number}")
            return self._known[number]

    def named(self, name: str) -> SnapshotPolicy:
        """Return the policy with this name; raises as `get` does."""
        for policy in self.all():
            if policy.name == name:
                return policy
        raise NoSuchPolicyError(f"there is no snapshot policy {name!a}")

    def create(
        self,
        name: str,
        source_id: int,
        schedule: dict[str, Any],
        *,
        template: str | None = None,
        enabled: bool = True,
        lock_key_ref: str | None = None,
    ) -> SnapshotPolicy:
        """Create a policy.

        Raises:
            InvalidRequestError: if the name or the template cannot name a snapshot.
            PolicyExistsError: if there is a policy of this name.
        """
        _check_names(name, template)
        time_to_live(schedule)
        with self._lock:
            if any(policy.name == name for policy in self._known.values()):
                raise PolicyExistsError(f"there is a snapshot policy {name!a} already")
            last = self._state.fact("last_policy")
            number = 1 + (last if isinstance(last, int) else 0)
            self._state.set_fact("last_policy", number)
            policy = SnapshotPolicy(
                number, name, template, source_id, schedule, enabled, lock_key_ref
            )
            self._known[number] = policy
            self._state.put_policy(policy)
        return policy

    def delete(self, number: int) -> None:
        """Delete a policy; its snapshots stay. Raises as `get` does."""
        self.get(number)
        with self._lock:
            self._known.pop(number, None)
            self._state.remove_policy(number)


def time_to_live(schedule: dict[str, Any]) -> int | None:
    """Return how long a schedule's snapshots live, in nanoseconds; None means for ever.

    Raises:
        InvalidRequestError: if that is not a duration.
    """
    text = schedule.get("expiration_time_to_live") or "never"
    if not isinstance(text, str):
        raise InvalidRequestError("expiration_time_to_live is not text")
    return None if text == "never" else clock.parse_duration(text)


def snapshot_name(policy: SnapshotPolicy, number: int, source: Parts, now: int) -> str:
    """Return the name of a policy's snapshot of a directory, taken now."""
    moment = datetime.fromtimestamp(now // clock.SECOND, timezone.utc)
    values = {
        "ID": str(number),
        "Year": f"{moment:%Y}",
        "Month": f"{moment:%m}",
        "Day": f"{moment:%d}",
        "Hour": f"{moment:%H}",
        "Minute": f"{moment:%M}",
        "Policy": policy.name,
        "Directory": source[-1] if source else "",
    }
    default = _FOR_ROOT if policy.source_id == ROOT_ID else _FOR_OTHERS
    return _VARIABLE.sub(lambda match: values[match[1]], policy.template or default)


def _check_names(name: str, template: str | None) -> None:
    for text in (name, template or ""):
        if "/" in text or "\0" in text:
            raise InvalidRequestError(f"{text!a} cannot be part of a snapshot's name")
    if not name:
        raise InvalidRequestError("a policy needs a name")
    variables = _VARIABLE.findall(_FOR_ROOT if template is None else template)
    if not set(variables) <= set(_VARIABLES):
        raise InvalidRequestError(f"a template has only the variables {', '.join(_VARIABLES)}")
    if "ID" not in variables:
        raise InvalidRequestError("without {ID}, two snapshots would have the same name")
