"""When a slice takes so long that a second worker should work on it, too."""

from qumulo_changelist.runners.lateness import LateSlices


def after(*seconds: float) -> LateSlices:
    """Return what is known after slices that took this long."""
    late_slices = LateSlices()
    for one in seconds:
        late_slices.learn(one)
    return late_slices


def test_no_slice_is_late_as_long_as_none_is_done():
    assert not after().is_late(10**9)


def test_a_slice_is_late_after_three_times_as_long_as_the_longest():
    late_slices = after(10, 20, 6)

    assert not late_slices.is_late(60)
    assert late_slices.is_late(60.1)


def test_quick_slices_make_none_late_before_15_seconds():
    late_slices = after(0.1, 0.2)

    assert not late_slices.is_late(15)
    assert late_slices.is_late(15.1)


def test_a_slice_that_took_long_is_forgotten_after_32_others():
    late_slices = after(100, *[10] * 31)
    assert not late_slices.is_late(300)

    late_slices.learn(10)
    assert late_slices.is_late(31)
