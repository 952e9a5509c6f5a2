"""What it takes to archive a number of bytes: tapes and hours, or cloud storage."""

import re

from msgspec import Struct

from qumulo_changelist.errors import UsageError

_TB = 10**12
_MB = 10**6
_SECONDS_OF_AN_HOUR = 3600


class Cartridge(Struct, frozen=True):
    """A kind of tape, and what it holds and takes without compression, which video defies."""

    name: str
    capacity: int
    """In bytes."""
    speed: int
    """In bytes a second, in a full-height drive of the same generation."""


# IBM documentation: "Supported tape drives" and "Capacity of supported LTO tape cartridges"
# (TS4500; LTO-7 to LTO-9), "Performance specifications for LTO tape drives" (Diamondback 2.12;
# the drive of LTO-10 has the same speed with both of its cartridges, LA and PA). The capacities of
# these two: MagStor, "LTO-10 Tape Drive: 5 Things to Know About the 40TB Media Bump".
CARTRIDGES = (
    Cartridge("LTO-7", 6 * _TB, 300 * _MB),
    Cartridge("LTO-8", 12 * _TB, 360 * _MB),
    Cartridge("LTO-9", 18 * _TB, 400 * _MB),
    Cartridge("LTO-10 (30 TB)", 30 * _TB, 400 * _MB),
    Cartridge("LTO-10 (40 TB)", 40 * _TB, 400 * _MB),
)


class TapeNeed(Struct, frozen=True):
    """The tapes of one kind that some data needs."""

    cartridge: str
    capacity_bytes: int
    """Of one tape."""
    bytes_per_second: int
    tapes: int
    hours: float
    """With one drive at its full speed; many small files take longer."""


class Price(Struct, frozen=True):
    """What a TB (10**12 bytes) of cloud storage costs a month."""

    amount: float
    currency: str
    """As it was given; "" if it was not."""


class CloudNeed(Struct, frozen=True):
    """What some data costs in cloud storage."""

    price_per_tb: float
    """A month."""
    per_month: float
    currency: str


class Capacity(Struct, frozen=True):
    """What it takes to archive what was written."""

    bytes: int
    """Of created and modified files; those that were only moved need not be written again."""
    moved_bytes: int
    """What comes on top for an archive that cannot rename files."""
    tapes: tuple[TapeNeed, ...]
    cloud: CloudNeed | None
    """None if no price was given."""


def parse_price(text: str) -> Price:
    """Return a price such as ``21``, ``21 USD`` or ``€ 3.60``.

    Raises:
        UsageError: it has no number, or several, or one like ``1,000``, which has two readings.
    """
    numbers = re.findall(r"\d+(?:[.,]\d+)?", text)
    if len(numbers) != 1 or "-" in text or re.search(r"[.,]\d{3}$", numbers[0]):
        raise UsageError(f"{text!r} is not a price such as 21 USD or 3.60 EUR")
    before, _, after = text.partition(numbers[0])
    currency = " ".join(filter(None, (before.strip(), after.strip())))
    return Price(float(numbers[0].replace(",", ".")), currency)


def capacity_for(size: int, moved_size: int = 0, price: Price | None = None) -> Capacity:
    """Return what it takes to archive a number of bytes.

    Args:
        size: the bytes to be written.
        moved_size: the bytes of files that were only moved.
        price: of cloud storage; None if it is unknown.
    """
    tapes = tuple(
        TapeNeed(
            one.name,
            one.capacity,
            one.speed,
            -(-size // one.capacity),
            size / one.speed / _SECONDS_OF_AN_HOUR,
        )
        for one in CARTRIDGES
    )
    cloud = None
    if price:
        cloud = CloudNeed(price.amount, price.amount * size / _TB, price.currency)
    return Capacity(size, moved_size, tapes, cloud)
