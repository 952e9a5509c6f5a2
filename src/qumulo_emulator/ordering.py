"""The orders that entries can come in."""

from hashlib import blake2b

from qumulo_emulator.names import to_bytes
from qumulo_emulator.settings import Order

_INVERTED = bytes(range(255, -1, -1))


def order_key(order: Order, text: str) -> bytes:
    """What to sort a name or a path by; `as_found` is ascending here, for want of anything else."""
    raw = to_bytes(text)
    if order == "descending":
        # The end mark puts a name after those that it begins.
        return raw.translate(_INVERTED) + b"\xff"
    if order == "shuffled":
        return blake2b(raw, digest_size=8).digest() + raw
    return raw
