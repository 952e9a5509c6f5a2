"""Work that waits for results, and takes turns in one thread."""

from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

import pytest

from qumulo_changelist.pending import Pending, Work, iterate

T = TypeVar("T")


class Desk:
    """Brings about results in the order in which they were asked for."""

    def __init__(self) -> None:
        self.left: list[tuple[Pending[int], int | BaseException]] = []
        self.driven = 0

    def ask(self, outcome: int | BaseException) -> Pending[int]:
        pending: Pending[int] = Pending(self.drive)
        self.left.append((pending, outcome))
        return pending

    def start(self, coroutine: Coroutine[Pending[Any], None, T]) -> Pending[T]:
        work: Work[T] = Work(self.drive, coroutine)
        work.advance()
        return work

    def drive(self, wanted: Pending[Any]) -> None:
        while not wanted.is_done:
            self.driven += 1
            pending, outcome = self.left.pop(0)
            if isinstance(outcome, BaseException):
                pending.fail(outcome)
            else:
                pending.finish(outcome)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_work_goes_on_while_other_work_is_waited_for(desk: Desk) -> None:
    async def add(*numbers: int) -> int:
        return sum([await desk.ask(number) for number in numbers])

    first, second = desk.start(add(1, 2)), desk.start(add(10, 20))

    assert second.result() == 30
    assert first.is_done
    assert first.result() == 3


def test_work_may_wait_for_other_work_and_several_for_the_same(desk: Desk) -> None:
    asked = desk.ask(7)

    async def twice() -> int:
        return await asked + await asked

    async def outer() -> int:
        return await desk.start(twice()) + await asked

    works = [desk.start(outer()) for _ in range(3)]

    assert [work.result() for work in works] == [21, 21, 21]
    assert desk.driven == 1


def test_an_error_reaches_whoever_wants_the_result(desk: Desk) -> None:
    async def fail() -> int:
        return await desk.ask(LookupError("no"))

    async def survive() -> str:
        try:
            await desk.start(fail())
        except LookupError as error:
            return str(error)
        return ""

    assert desk.start(survive()).result() == "no"
    with pytest.raises(LookupError):
        desk.start(fail()).result()


def test_an_interruption_is_not_kept_for_later(desk: Desk) -> None:
    async def interrupted() -> None:
        await desk.ask(1)
        raise KeyboardInterrupt

    async def other() -> int:
        return await desk.ask(2)

    desk.start(interrupted())

    with pytest.raises(KeyboardInterrupt):
        desk.start(other()).result()


def test_the_first_outcome_counts(desk):
    pending = desk.ask(0)
    pending.finish(1)
    pending.fail(LookupError())
    pending.finish(2)

    assert pending.result() == 1


async def count(desk: Desk, ended: list[str]) -> AsyncGenerator[int, None]:
    try:
        for number in range(3):
            yield await desk.ask(number)
    finally:
        ended.append("ended")


def test_an_asynchronous_generator_can_be_read_by_a_caller_that_waits(desk):
    ended: list[str] = []

    assert list(iterate(desk.start, count(desk, ended))) == [0, 1, 2]
    assert ended == ["ended"]


def test_an_asynchronous_generator_ends_when_no_more_is_wanted(desk):
    ended: list[str] = []
    numbers = iterate(desk.start, count(desk, ended))

    assert next(numbers) == 0
    numbers.close()

    assert ended == ["ended"]
