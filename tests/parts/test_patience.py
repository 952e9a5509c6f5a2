"""When a slice takes so long that a second worker should work on it, too."""

from qumulo_changelist.runners.patience import Patience


def after(*seconds: float) -> Patience:
    """Return what is known after slices that took this long."""
    patience = Patience()
    for one in seconds:
        patience.learn(one)
    return patience


def test_no_slice_is_late_as_long_as_none_is_done():
    assert not after().is_late(10**9)


def test_a_slice_is_late_after_three_times_as_long_as_the_longest():
    patience = after(10, 20, 6)

    assert not patience.is_late(60)
    assert patience.is_late(60.1)


def test_quick_slices_make_none_late_before_15_seconds():
    patience = after(0.1, 0.2)

    assert not patience.is_late(15)
    assert patience.is_late(15.1)


def test_a_slice_that_took_long_is_forgotten_after_32_others():
    patience = after(100, *[10] * 31)
    assert not patience.is_late(300)

    patience.learn(10)
    assert patience.is_late(31)
