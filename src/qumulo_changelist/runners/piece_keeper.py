"""What slices led to, in a folder: for this run, whose workers all see it, or for one after it."""

import hashlib
import os
import secrets
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.errors import PiecesError
from qumulo_changelist.events import Listener, PieceDamaged
from qumulo_changelist.filters.tally import FilterTally, FilterTallyFacts
from qumulo_changelist.names import to_bytes
from qumulo_changelist.runners.job import SliceResult
from qumulo_changelist.runners.piece_codec import ProductCodec, pack, unpack
from qumulo_changelist.runners.piece_file import DamagedPieceError, read_piece, write_piece

Product = TypeVar("Product")

PIECE_ENDING = ".piece"

OPEN = "open"
"""A file that is in the folder as long as copies may be added."""

_RANDOM_BYTES = 8


class _ResultFacts(Struct, frozen=True):
    """All of a result but the contents of its product."""

    product: Any
    changed_since: int
    left_out: FilterTallyFacts


class PieceKeeper(Struct, Generic[Product], frozen=True):
    """Implements :class:`~.job.Keeper`: each result is a file, named for what it depends on."""

    folder: str
    """Where the files are, an absolute path; it has to exist."""
    fingerprint: bytes
    """Stands for all that results depend on, apart from the slice."""
    codec: ProductCodec[Product]
    lasts: bool
    """Whether the same slice leads to the same result at any time."""
    keeps_copies: bool = False
    """Whether only copies are kept, on which this run does not depend, if there is the folder."""

    def find(self, one: Slice, listener: Listener) -> SliceResult[Product] | None:
        """Return what is kept of a slice, once all of it is verified; see ``Keeper``.

        What is damaged is reported, and made again.
        """
        if not self.lasts or (self.keeps_copies and not os.path.isdir(to_bytes(self.folder))):
            return None
        identity = self._identify(one)
        path = self._path(identity.hex())
        try:
            found = read_piece(path, identity)
            if not found:
                return None
            packed, contents = found
            facts = unpack(packed, _ResultFacts)
            product = self.codec.decode(facts.product, contents)
        except (DamagedPieceError, ValueError) as error:
            listener(PieceDamaged(path, str(error)))
            return None
        left_out = FilterTally.of(facts.left_out)
        return SliceResult(product, facts.changed_since, left_out, was_kept=True)

    def keep(
        self, one: Slice, result: SliceResult[Product], *, is_whole: bool
    ) -> SliceResult[Product]:
        """Keep the result of a slice; see ``Keeper``.

        Raises:
            PiecesError: it cannot be written, and is not a copy.
        """
        if self.keeps_copies:
            return self._copy(one, result) if is_whole and self._is_open() else result
        identity = self._identify(one)
        name = identity.hex()
        if not (self.lasts and is_whole):
            # A name that is never looked for, nor written to again, also if a slice is worked on
            # twice because a worker seemed to be dead.
            name += f"-{secrets.token_hex(_RANDOM_BYTES)}"
        product, facts, contents = self._encode(result)
        stored = write_piece(self._path(name), identity, facts, contents)
        return replace(result, product=self.codec.decode(product, stored))

    def _copy(self, one: Slice, result: SliceResult[Product]) -> SliceResult[Product]:
        identity = self._identify(one)
        _, facts, contents = self._encode(result)
        try:
            # A copy that a power cut damages is noticed by its hash.
            path = self._path(identity.hex())
            write_piece(path, identity, facts, contents, is_durable=False)
        except PiecesError as error:
            return replace(result, not_kept=str(error))
        return result

    def _encode(self, result: SliceResult[Product]) -> tuple[Any, bytes, list[bytes]]:
        product, contents = self.codec.encode(result.product)
        facts = _ResultFacts(product, result.changed_since, result.left_out.facts)
        return product, pack(facts), contents

    def _is_open(self) -> bool:
        return os.path.exists(to_bytes(os.path.join(self.folder, OPEN)))

    def _identify(self, one: Slice) -> bytes:
        known = repr((one.bounds, one.newer_known, one.older_known))
        digest = hashlib.sha256(self.fingerprint)
        for part in (self.codec.kind.encode(), known.encode("utf-8", "surrogatepass")):
            digest.update(b"%d:%b" % (len(part), part))
        digest.update(one.packed)
        return digest.digest()

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name + PIECE_ENDING)
