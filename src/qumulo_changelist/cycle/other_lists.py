"""The lists that a run made beside its first one, as the journal remembers them."""

import json

from msgspec import Struct, convert


class OtherList(Struct, frozen=True):
    """A list of a run that made several."""

    path: str
    receipt: str
    """The path of its receipt."""
    sha256: str


def encode(lists: tuple[OtherList, ...]) -> str:
    """Return lists as text; "" for none."""
    # json writes a byte of a path that is not UTF-8 as an escape.
    return json.dumps([[one.path, one.receipt, one.sha256] for one in lists]) if lists else ""


def decode(text: str) -> tuple[OtherList, ...]:
    """Return the lists of a text.

    Raises:
        ValueError: it is none of :func:`encode`.
    """
    found = convert(json.loads(text or "[]"), list[tuple[str, str, str]])
    return tuple(OtherList(*one) for one in found)
