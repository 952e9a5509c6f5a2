"""Foreign bytes: whoever reads some refuses them in words of its own, and within a second.

`make fuzz-bytes` tries more of them, guided by coverage.
"""

import signal
from collections.abc import Iterator
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.foreign.corpus import FOLDER, examples
from tests.foreign.targets import TARGETS, run

SECONDS = 60
"""For all examples of a target on a machine that does other things."""

every_target = pytest.mark.parametrize("name", TARGETS)


@pytest.fixture(autouse=True)
def _within_a_time() -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        pytest.fail(f"it takes more than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_every_target_has_examples() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(TARGETS)


@every_target
def test_each_example_is_read_or_refused(name: str) -> None:
    for data in examples(name).values():
        run(TARGETS[name], data)


@every_target
@given(st.data())
def test_a_damaged_example_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """An example that is cut, or has other bytes in it, such as those of a different one."""
    known = list(examples(name).values())
    base = data.draw(st.sampled_from(known))
    begin = data.draw(st.integers(0, len(base)))
    end = data.draw(st.integers(begin, min(begin + 20, len(base))))
    other = data.draw(st.sampled_from(known))
    start = data.draw(st.integers(0, len(other)))
    between = data.draw(st.one_of(st.binary(max_size=20), st.just(other[start : start + 20])))
    run(TARGETS[name], base[:begin] + between + data.draw(st.sampled_from([base[end:], b""])))
