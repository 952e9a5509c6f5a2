"""What it takes to archive some data: worked out by hand from the figures of the manufacturers."""

import pytest

from qumulo_changelist.errors import UsageError
from qumulo_changelist.report.capacity import Price, capacity_for, parse_price

TB = 10**12


def test_tapes_and_hours_of_twenty_terabytes() -> None:
    need = capacity_for(20 * TB, moved_size=5 * TB)

    assert [(one.cartridge, one.tapes, round(one.hours, 2)) for one in need.tapes] == [
        ("LTO-7", 4, 18.52),
        ("LTO-8", 2, 15.43),
        ("LTO-9", 2, 13.89),
        ("LTO-10 (30 TB)", 1, 13.89),
        ("LTO-10 (40 TB)", 1, 13.89),
    ]
    assert (need.bytes, need.moved_bytes, need.cloud) == (20 * TB, 5 * TB, None)


def test_a_tape_that_is_exactly_full_is_one_and_nothing_needs_none() -> None:
    assert [one.tapes for one in capacity_for(18 * TB).tapes] == [3, 2, 1, 1, 1]
    assert [one.tapes for one in capacity_for(18 * TB + 1).tapes][2] == 2
    assert {(one.tapes, one.hours) for one in capacity_for(0).tapes} == {(0, 0.0)}


def test_cloud_storage_costs_what_the_price_says() -> None:
    need = capacity_for(1_500_000_000_000, price=Price(21, "USD"))

    assert need.cloud is not None
    assert (need.cloud.per_month, need.cloud.currency) == (31.5, "USD")


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("21", Price(21, "")),
        ("21 USD", Price(21, "USD")),
        ("€ 3,60", Price(3.6, "€")),
        ("3.6€", Price(3.6, "€")),
        (" 0.99  Swiss francs ", Price(0.99, "Swiss francs")),
    ],
)
def test_a_price_is_a_number_with_any_currency(text: str, price: Price) -> None:
    assert parse_price(text) == price


@pytest.mark.parametrize("text", ["", "USD", "1 to 2 USD", "-3 EUR", "1,000.50", "1,000 USD"])
def test_anything_else_is_no_price(text: str) -> None:
    with pytest.raises(UsageError, match="is not a price such as 21 USD"):
        parse_price(text)
