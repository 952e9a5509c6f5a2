"""A request as handlers get it, and what they can return."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from qumulo_emulator.api.context import Context
from qumulo_emulator.errors import InvalidRequestError, UndecodableRequestError
from qumulo_emulator.interface import Cluster
from qumulo_emulator.names import to_text
from qumulo_emulator.nodes import Node
from qumulo_emulator.tokens import AccessToken


class FileContent(NamedTuple):
    """An answer that consists of a file's data."""

    length: int
    chunks: Iterator[bytes]


class JsonText(NamedTuple):
    """An answer that is JSON already."""

    text: str


class Call(NamedTuple):
    """One request with its whole body.

    Attributes:
        context: what all requests share.
        path: the path as it was sent, still percent-encoded.
        params: the variable parts of the path, still percent-encoded.
        query: the parameters after the `?`.
        body: the body's bytes.
        token: the access token of the request; None if it came with a session.
        node: the node that it came to; None where that makes no difference.
    """

    context: Context
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    token: AccessToken | None
    node: Node | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster."""
        return self.context.cluster

    @property
    def escape(self) -> bool:
        """Whether everything but ASCII is escaped in the JSON of answers."""
        return self.context.cluster.settings.escape

    def param(self, name: str) -> str:
        """Return a variable part of the path, decoded."""
        return to_text(unquote_to_bytes(self.params[name]))

    def number(self, name: str) -> int:
        """Return a variable part of the path as a number.

        Raises:
            InvalidRequestError: if it is not a decimal number.
        """
        return _number(name, self.params[name])

    def query_number(self, name: str) -> int | None:
        """Return a query parameter as a number, or None if it was not sent.

        Raises:
            InvalidRequestError: if it is not a decimal number.
        """
        text = self.query.get(name)
        return None if text is None else _number(name, text)

    def json(self) -> Any:
        """Return the value of the body's JSON.

        Raises:
            UndecodableRequestError: if the body is not JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise UndecodableRequestError(f"the body is not JSON: {error}") from error

    def fields(
        self, known: Mapping[str, type | tuple[type, ...]], *, only_known: bool = False
    ) -> dict[str, Any]:
        """Return the fields of the body's JSON object that are known and not null.

        Other fields are ignored, as on a cluster, unless `only_known` forbids them.

        Raises:
            UndecodableRequestError: if the body is not an object, a field has the wrong type, or
                an unknown field is forbidden.
        """
        body = self.json()
        if not isinstance(body, dict):
            raise UndecodableRequestError("the body is not a JSON object")
        for name, value in body.items():
            if name not in known:
                if only_known:
                    raise UndecodableRequestError(f"unknown field {name!a}")
                continue
            # In Python, True is an int; in JSON, true is not a number.
            wrong_bool = isinstance(value, bool) and known[name] is int
            if value is not None and (wrong_bool or not isinstance(value, known[name])):
                raise UndecodableRequestError(f"the field {name!a} has the wrong type")
        return {name: body[name] for name in known if body.get(name) is not None}


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 40:
        raise InvalidRequestError(f"{name} must be a decimal number: {text[:80]!a}")
    return int(text)
