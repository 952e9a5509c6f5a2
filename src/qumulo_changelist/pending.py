"""Results that are not there yet, and work that waits for them.

Work is a coroutine. Many of them take turns in one thread: whoever waits for a result takes part in
bringing it about. So neither threads nor asyncio are needed, which cost twice as much for each
request (``python -m bench.request_costs``), and asyncio 30 ms at the start.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Drive = Callable[["Pending[Any]"], None]


class Pending(Generic[T]):
    """A result that will be there at some time, or an error instead of it.

    Args:
        drive: does what it takes until this has its result, for a caller that waits.
    """

    __slots__ = ("_drive", "_error", "_followers", "_value", "is_done")

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._value: T
        self._error: BaseException | None = None
        self._followers: list[Callable[[], None]] = []
        self.is_done = False
        """Whether there is a result, or an error."""

    def result(self) -> T:
        """Return the result as soon as there is one, or raise the error."""
        if not self.is_done:
            self._drive(self)
        if self._error:
            raise self._error
        return self._value

    def __await__(self) -> Generator["Pending[Any]", None, T]:
        if not self.is_done:
            yield self
        return self.result()

    def finish(self, value: T) -> None:
        """Set the result, unless there is one, and go on with what waits for it."""
        if not self.is_done:
            self._value = value
            self._end()

    def fail(self, error: BaseException) -> None:
        """Set an error instead of a result, likewise."""
        if not self.is_done:
            self._error = error
            self._end()

    def follow(self, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` once this is done, which it is not yet."""
        self._followers.append(go_on)

    def _end(self) -> None:
        self.is_done = True
        followers, self._followers = self._followers, []
        for go_on in followers:
            go_on()


class Work(Pending[T]):
    """The result of a coroutine, which begins with :meth:`advance` and awaits only ``Pending``."""

    __slots__ = ("_coroutine",)

    def __init__(self, drive: Drive, coroutine: Coroutine["Pending[Any]", None, T]) -> None:
        super().__init__(drive)
        self._coroutine = coroutine

    def advance(self) -> None:
        """Go on to the next result that is not there yet, or to the end."""
        try:
            awaited = self._coroutine.send(None)
        except StopIteration as end:
            self.finish(end.value)
        except Exception as error:  # noqa: BLE001  # the caller of result() gets it
            self.fail(error)
        except BaseException as error:
            self.fail(error)
            raise
        else:
            awaited.follow(self.advance)


def iterate(
    start: Callable[[Coroutine[Pending[Any], None, Any]], Pending[Any]],
    items: AsyncGenerator[T, None],
) -> Generator[T, None, None]:
    """Yield what an asynchronous generator yields, to a caller that waits for it.

    Args:
        start: begins work.
        items: is closed at the end.
    """
    coming = start(next_of(items))
    try:
        while True:
            try:
                item = coming.result()
            except StopAsyncIteration:
                return
            yield item
            coming = start(next_of(items))
    finally:
        if coming.is_done:  # not if the wait for it was interrupted
            start(_close(items)).result()


async def next_of(items: AsyncGenerator[T, None]) -> T:
    """Return the next item; raises ``StopAsyncIteration`` if there is none."""
    return await items.__anext__()


async def _close(items: AsyncGenerator[Any, None]) -> None:
    await items.aclose()
