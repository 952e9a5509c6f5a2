"""Collections in pages, each with an opaque key for the next page."""

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from qumulo_emulator.api.call import Call
from qumulo_emulator.errors import InvalidRequestError, StalePageKeyError

_SIGNATURE_BYTES = 12
Item = TypeVar("Item")


def paginate(
    call: Call,
    collection: str,
    take: Callable[[str | None, int], tuple[list[Item], str | None]],
) -> tuple[list[Item], dict[str, Any]]:
    """Return the items of the page that a request asks for, and its `paging` object.

    Args:
        call: the request, with `limit` and `after` in its query.
        collection: identifies the collection; a page key is valid for one collection only.
        take: gets the position to continue after (None for the beginning) and the maximum number
            of items; returns the items, and the position to continue after, or None at the end.

    Raises:
        InvalidRequestError: if `limit` is not a number above zero.
        StalePageKeyError: if `after` is not a key for this collection.
    """
    settings = call.cluster.settings
    limit = call.query_number("limit")
    if limit == 0:
        raise InvalidRequestError("limit must be above zero")
    limit = min(limit or settings.page_limit, settings.page_limit)
    position, after_empty = _read_key(call, collection)
    if settings.empty_pages and not after_empty:
        return [], {"next": _next_url(call, collection, position, after_empty=True)}
    items, rest = take(position, limit)
    if rest is None:
        return items, {"next": settings.last_page_next}
    return items, {"next": _next_url(call, collection, rest, after_empty=False)}


def _next_url(call: Call, collection: str, position: str | None, *, after_empty: bool) -> str:
    payload = json.dumps([position, after_empty]).encode()
    key = base64.urlsafe_b64encode(_signature(call, collection, payload) + payload).decode()
    query = {**call.query, "after": key.rstrip("=")}
    pairs = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items()]
    return f"{call.path}?{'&'.join(pairs)}"


def _read_key(call: Call, collection: str) -> tuple[str | None, bool]:
    """Return the position to continue after, and whether the empty page has been sent."""
    key = call.query.get("after", "")
    if not key:
        return None, False
    try:
        raw = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise StalePageKeyError("the page key was not issued by this emulator") from error
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(call, collection, payload)):
        raise StalePageKeyError("the page key is stale, or belongs to another collection")
    position, after_empty = json.loads(payload)
    return position, after_empty


def _signature(call: Call, collection: str, payload: bytes) -> bytes:
    signed = collection.encode("utf-8", "surrogatepass") + b"\0" + payload
    return hmac.digest(call.context.page_secret, signed, "sha256")[:_SIGNATURE_BYTES]
