"""A request as handlers see it, and what they may answer."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from qumulo_emulator.api.context import Context
from qumulo_emulator.errors import InvalidRequestError, UndecodableRequestError
from qumulo_emulator.interface import Cluster
from qumulo_emulator.names import to_text
from qumulo_emulator.tokens import AccessToken


class Data(NamedTuple):
    """An answer that is a file's data."""

    length: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read whole.

    Attributes:
        context: what the API shares among requests.
        path: the path as it was sent, still percent-encoded.
        params: the variable parts of the path, still percent-encoded.
        query: the parameters after the `?`.
        body: the body's bytes.
        token: the access token that it came with, if it was one.
    """

    context: Context
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    token: AccessToken | None

    @property
    def cluster(self) -> Cluster:
        """The cluster that is asked."""
        return self.context.cluster

    def param(self, name: str) -> str:
        """A variable part of the path, decoded."""
        return to_text(unquote_to_bytes(self.params[name]))

    def number(self, name: str) -> int:
        """A variable part of the path that is a decimal number.

        Raises:
            InvalidRequestError: if it is none.
        """
        return _number(name, self.params[name])

    def query_number(self, name: str) -> int | None:
        """A parameter that is a decimal number, or None if it was not sent.

        Raises:
            InvalidRequestError: if it is none.
        """
        text = self.query.get(name)
        return None if text is None else _number(name, text)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            UndecodableRequestError: if it is none.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise UndecodableRequestError(f"the body is not JSON: {error}") from error

    def fields(
        self, known: Mapping[str, type | tuple[type, ...]], *, only_known: bool = False
    ) -> dict[str, Any]:
        """The known fields that the body sends as a JSON object; null counts as not sent.

        Other fields are ignored, as by a cluster, unless `only_known` forbids them.

        Raises:
            UndecodableRequestError: if it is no object, a known field has another type, or there
                is another field where only known ones are allowed.
        """
        body = self.json()
        if not isinstance(body, dict):
            raise UndecodableRequestError("the body is not a JSON object")
        for name, value in body.items():
            if name not in known:
                if only_known:
                    raise UndecodableRequestError(f"unknown field {name!a}")
                continue
            # JSON's true is no number, though Python's is.
            wrong_bool = isinstance(value, bool) and known[name] is int
            if value is not None and (wrong_bool or not isinstance(value, known[name])):
                raise UndecodableRequestError(f"the field {name!a} has the wrong type")
        return {name: body[name] for name in known if body.get(name) is not None}


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 40:
        raise InvalidRequestError(f"{name} must be a decimal number: {text[:80]!a}")
    return int(text)
