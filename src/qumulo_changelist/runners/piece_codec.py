"""What a slice led to, as JSON and the bytes of lists: reading them again runs no code."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct

from qumulo_changelist.changes import key
from qumulo_changelist.output.interface import StoredPiece
from qumulo_changelist.runners.encode import CountedPiece, CountedPieces
from qumulo_changelist.runners.piece_file import StoredContent
from qumulo_changelist.scan.moves import SetAsideCandidates
from qumulo_changelist.scan.tally import Tally, TallyFacts

Product = TypeVar("Product")
Value = TypeVar("Value")


def pack(value: object) -> bytes:
    """Return a value of structs, lists, texts and numbers as JSON; names may contain anything."""
    return msgspec.json.encode(_translate(msgspec.to_builtins(value), _to_unicode))


def unpack(packed: bytes, kind: type[Value]) -> Value:
    """Return what :func:`pack` was given.

    Raises:
        ValueError: it is not of that kind.
    """
    try:
        return msgspec.convert(_translate(msgspec.json.decode(packed), _from_unicode), kind)
    except RecursionError as error:
        raise ValueError(str(error)) from error


def _translate(value: Any, text: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {text(name): _translate(each, text) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_translate(each, text) for each in value]
    return value


def _to_unicode(name: str) -> str:
    """Return a name as text without lone surrogates: a character for each of its bytes."""
    return name if name.isascii() else name.encode("utf-8", "surrogatepass").decode("latin-1")


def _from_unicode(text: str) -> str:
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogatepass")


class ProductCodec(Protocol[Product]):
    """Divides a product into what is small and what is large. It can be pickled."""

    @property
    def kind(self) -> str:
        """A word for the kind of product."""

    def encode(self, product: Product) -> tuple[Any, list[bytes]]:
        """Return the facts of a product, as JSON can have them, and its contents."""

    def decode(self, facts: Any, contents: Sequence[StoredContent]) -> Product:
        """Return a product whose contents are read from where they are stored.

        Raises:
            ValueError: it is not such a product.
        """


class _PieceFacts(Struct, frozen=True):
    last_name: str
    misplaced: list[tuple[str, bytes]]
    covered: int
    tally: TallyFacts


class KeptPiece(Struct, frozen=True):
    """Implements ``StoredPiece``: a piece that is read from where it is kept."""

    content: StoredContent
    last_name: str
    misplaced: list[tuple[str, bytes]]
    covered: int

    def chunks(self) -> Iterator[bytes]:
        """Yield the content; see ``StoredPiece``.

        Raises:
            PiecesError: it cannot be read, or is not what was written.
        """
        return self.content.chunks()


class PiecesCodec(Struct, frozen=True):
    """Implements :class:`ProductCodec` for the pieces of lists."""

    kind: str = "pieces"

    def encode(self, product: CountedPieces) -> tuple[Any, list[bytes]]:
        """Return facts and contents; see :class:`ProductCodec`."""
        facts, contents = [], []
        for counted in product:
            piece = counted.piece
            facts.append(
                _PieceFacts(piece.last_name, piece.misplaced, piece.covered, counted.tally.facts)
            )
            contents.append(b"".join(piece.chunks()))
        return msgspec.to_builtins(facts), contents

    def decode(self, facts: Any, contents: Sequence[StoredContent]) -> CountedPieces:
        """Return pieces that are read later; see :class:`ProductCodec`."""
        every = msgspec.convert(facts, list[_PieceFacts])
        pieces: list[StoredPiece] = [
            KeptPiece(content, each.last_name, each.misplaced, each.covered)
            for content, each in zip(contents, every, strict=True)
        ]
        tallies = [Tally.of(each.tally) for each in every]
        return tuple(map(CountedPiece, pieces, tallies))


class KeptCandidates(Struct, frozen=True):
    """Implements ``SetAsideCandidates``: they are read from where they are kept."""

    stored_candidates: StoredContent
    stored_others: StoredContent

    @property
    def candidates(self) -> list[str]:
        """See :class:`.moves.MoveCandidates`."""
        return key.split_keys(b"".join(self.stored_candidates.chunks()))

    @property
    def others(self) -> list[str]:
        """See :class:`.moves.MoveCandidates`."""
        return key.split_keys(b"".join(self.stored_others.chunks()))


class CandidatesCodec(Struct, frozen=True):
    """Implements :class:`ProductCodec` for entries that may be part of a move."""

    kind: str = "candidates"

    def encode(self, product: SetAsideCandidates) -> tuple[Any, list[bytes]]:
        """Return facts and contents; see :class:`ProductCodec`."""
        return None, [key.join_keys(product.candidates), key.join_keys(product.others)]

    def decode(self, facts: Any, contents: Sequence[StoredContent]) -> SetAsideCandidates:
        """Return candidates that are read later; see :class:`ProductCodec`."""
        candidates, others = contents
        return KeptCandidates(candidates, others)
