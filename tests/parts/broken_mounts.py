"""Makes calls to a mount fail: every one that this package makes, in the threads for a mount."""

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

_CALLS = ("open", "stat", "fstat", "listdir")


class BrokenMount:
    """Counts the calls to mounts, and lets some of them fail.

    Every call to a mount is made in a thread of its own kind (``trees/lookups.py``). That nothing
    else calls one is what ``test_every_call_to_a_mount_is_counted`` shows.

    Args:
        monkeypatch: undoes it.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        """The number of calls so far."""
        self.others: list[str] = []
        """Paths that other threads opened or looked up."""
        self.ends_waiting = threading.Event()
        """Lets calls that do not answer go on."""
        self._fails: Callable[[int], int] = lambda _call: 0
        self._hangs = 0
        usual = {name: getattr(os, name) for name in _CALLS}
        for name, function in usual.items():
            monkeypatch.setattr(os, name, self._wrapped(function))
        scandir = os.scandir
        monkeypatch.setattr(os, "scandir", lambda path: self._listed(scandir, path))

    def fail(self, number: int, error: int, *, for_good: bool = False) -> None:
        """Let the call of a number fail, counted from 1; or that one and all that follow."""
        self.calls = 0
        self._fails = lambda call: error * (call >= number if for_good else call == number)

    def hang(self, number: int) -> None:
        """Let the call of a number, counted from 1, give no answer."""
        self.heal()
        self._hangs = number

    def heal(self) -> None:
        """Let nothing fail any more, and count from 1 again."""
        self.calls = self._hangs = 0
        self._fails = lambda _call: 0

    def count(self, path: Any = "") -> None:
        """Count a call, and let it fail if it has to."""
        if threading.current_thread().name != "mount":
            self.others.append(os.fsdecode(path) if isinstance(path, str | bytes) else "")
            return
        self.calls += 1
        if self.calls == self._hangs:
            self.ends_waiting.wait()
        if error := self._fails(self.calls):
            raise OSError(error, os.strerror(error))

    def _wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.count(*arguments[:1])
            return function(*arguments, **options)

        return call

    def _listed(self, scandir: Callable[..., Any], path: Any) -> "_Listing":
        self.count(path)
        return _Listing(scandir(path), self)


class _Listing:
    """A listing of which each entry is a call."""

    def __init__(self, entries: Any, mount: BrokenMount) -> None:
        self._entries = entries
        self._mount = mount

    def __enter__(self) -> "_Listing":
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self._mount.count()
        return next(self._entries)
