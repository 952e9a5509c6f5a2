"""The keys of ``projects.toml`` that let workers of other machines make a list."""

from collections.abc import Callable, Mapping
from typing import Any

from qumulo_changelist.runners.scheduler import Scheduler


def make_scheduler(values: Mapping[str, Any]) -> Scheduler | None:
    """Return the scheduler that parsed keys lead to; None without the key ``scheduler``."""
    if "scheduler" not in values:
        return None
    return Scheduler(
        **{field: values[key] for key, field in SCHEDULER_FIELDS.items() if key in values}
    )


def _address(value: object) -> str:
    if isinstance(value, str) and (value.startswith("/") or "://" in value) and "\0" not in value:
        return value
    raise ValueError("it has to be tls://HOST:PORT, or the absolute path of a scheduler file")


def _path(value: object) -> str:
    if isinstance(value, str) and value.startswith("/") and "\0" not in value:
        return value
    raise ValueError("it has to be an absolute path, which begins with /")


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("it has to be true or false")  # noqa: TRY004
    return value


SCHEDULER_FIELDS: Mapping[str, str] = {
    "scheduler": "address",
    "scheduler_ca": "ca_file",
    "scheduler_cert": "certificate",
    "scheduler_key": "key",
    "allow_unverified_scheduler": "allows_unverified",
    "send_session": "sends_session",
}
"""The field of a ``Scheduler`` to which each key leads."""
SCHEDULER_KEYS: Mapping[str, Callable[[object], Any]] = {
    "scheduler": _address,
    "scheduler_ca": _path,
    "scheduler_cert": _path,
    "scheduler_key": _path,
    "allow_unverified_scheduler": _yes_or_no,
    "send_session": _yes_or_no,
}
"""Together, they lead to the ``Scheduler`` of a list."""
