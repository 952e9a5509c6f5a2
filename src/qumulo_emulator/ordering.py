"""The orders that entries can come in."""

from hashlib import blake2b

from qumulo_emulator.names import to_bytes
from qumulo_emulator.settings import Order

_INVERTED = bytes(range(255, -1, -1))


def order_key(order: Order, text: str) -> bytes:
    """Return the key to sort a name or path by. Here, `as_found` is the same as ascending."""
    raw = to_bytes(text)
    if order == "descending":
        # The end mark sorts a name after the names that it is a prefix of.
        return raw.translate(_INVERTED) + b"\xff"
    if order == "shuffled":
        return blake2b(raw, digest_size=8).digest() + raw
    return raw
