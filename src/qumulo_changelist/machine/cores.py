"""Whether a process that crashes leaves its memory in a file, a *core*: it may have a password."""

import contextlib
import resource
from collections.abc import Iterator

_users_own: list[int] = []
"""The limit in bytes that was there before, if it was changed."""


def forbid_cores() -> None:
    """Let neither this process nor those that it starts leave a core."""
    own, highest = resource.getrlimit(resource.RLIMIT_CORE)
    if own:
        _users_own[:] = [own]
        _limit(0, highest)


@contextlib.contextmanager
def cores_as_user_wants() -> Iterator[None]:
    """Give what is started in the ``with`` block the limit that this process began with."""
    if not _users_own:
        yield
        return
    _, highest = resource.getrlimit(resource.RLIMIT_CORE)
    _limit(_users_own[0], highest)
    try:
        yield
    finally:
        _limit(0, highest)


def _limit(size: int, highest: int) -> None:
    # A system that does not allow it has its own reason, and no run ends because of it.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (size, highest))
