"""Collections in pages, each of which names the next by an opaque key."""

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from qumulo_emulator.api.call import Call
from qumulo_emulator.errors import InvalidRequestError, StalePageKeyError

_SIGNATURE = 12
Item = TypeVar("Item")


def page(
    call: Call,
    collection: str,
    take: Callable[[str | None, int], tuple[list[Item], str | None]],
) -> tuple[list[Item], dict[str, Any]]:
    """The page that a request asks for by `limit` and `after`, and its `paging` object.

    Args:
        call: the request.
        collection: names what is paged; a key is good for the collection that it was made for.
        take: given the position after which to go on (None for the beginning) and how many to
            take at most, returns them, and the position to go on after, or None at the end.

    Raises:
        InvalidRequestError: if `limit` is not a number above zero.
        StalePageKeyError: if `after` is not a key for this collection.
    """
    settings = call.cluster.settings
    limit = call.query_number("limit")
    if limit == 0:
        raise InvalidRequestError("limit must be above zero")
    limit = min(limit or settings.page_limit, settings.page_limit)
    position, preceded = _read_key(call, collection)
    if settings.empty_pages and not preceded:
        return [], {"next": _next(call, collection, position, preceded=True)}
    items, rest = take(position, limit)
    if rest is None:
        return items, {"next": settings.last_page_next}
    return items, {"next": _next(call, collection, rest, preceded=False)}


def _next(call: Call, collection: str, position: str | None, *, preceded: bool) -> str:
    payload = json.dumps([position, preceded]).encode()
    key = base64.urlsafe_b64encode(_signature(call, collection, payload) + payload).decode()
    query = {**call.query, "after": key.rstrip("=")}
    pairs = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query.items()]
    return f"{call.path}?{'&'.join(pairs)}"


def _read_key(call: Call, collection: str) -> tuple[str | None, bool]:
    key = call.query.get("after", "")
    if not key:
        return None, False
    try:
        raw = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise StalePageKeyError("the page key was not made here") from error
    signature, payload = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(call, collection, payload)):
        raise StalePageKeyError("the page key is stale, or was made for something else")
    position, preceded = json.loads(payload)
    return position, preceded


def _signature(call: Call, collection: str, payload: bytes) -> bytes:
    signed = collection.encode("utf-8", "surrogatepass") + b"\0" + payload
    return hmac.digest(call.context.page_secret, signed, "sha256")[:_SIGNATURE]
