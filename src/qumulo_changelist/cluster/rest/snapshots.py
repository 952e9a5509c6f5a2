"""Snapshots over REST, in the version of the API that the cluster's Core has.

Core has version 3 since 5.1.3, and version 2 until 5.3.0 (Qumulo's knowledge base, "Migrating REST
API Endpoints for Snapshots and Policies"). Later ones have version 4 of the list of their status.
"""

from collections.abc import Callable

import msgspec

from qumulo_changelist.cluster.failures import snapshot_absence
from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.pages import read_pages
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.shapes import SnapshotsJson
from qumulo_changelist.cluster.snapshots import read_snapshot, unclear_if_garbled
from qumulo_changelist.cluster.times import format_time
from qumulo_changelist.cluster.wire import Reader, read_value
from qumulo_changelist.errors import NotFoundError, ReplyError, UnsupportedError
from qumulo_changelist.model import Snapshot

_V4, _V3, _V2 = "v4", "v3", "v2"

_statuses = Reader(SnapshotsJson)


class Snapshots:
    """Takes and deletes snapshots, and returns their status."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._version = _V3

    async def create(self, name: str, directory_id: str, expires: int = 0) -> Snapshot:
        """Take a snapshot of the directory with a file id; see ``Cluster``."""
        expiration = format_time(expires) if expires else ""

        def creation(version: str) -> Request:
            label = "name_suffix" if version == _V3 else "name"
            body = {label: name, "expiration": expiration, "source_file_id": directory_id}
            uri = f"/{version}/snapshots/"
            return Request("POST", uri, msgspec.json.encode(body), is_repeatable=False)

        with unclear_if_garbled():
            return _snapshot(*await self._ask(creation))

    async def status(self, number: int) -> Snapshot | None:
        """Return a snapshot; None if the cluster does not have it.

        Raises:
            ReplyError: the answer is about a different snapshot.
            UnsupportedError: the cluster's Core has neither version of the API.
        """

        def status(version: str) -> Request:
            return Request("GET", f"/{version}/snapshots/status/{number}")

        try:
            answer, source = await self._ask(status)
        except UnsupportedError:
            raise
        except NotFoundError:
            return None
        snapshot = _snapshot(answer, source)
        if snapshot.id != number:
            raise ReplyError(f"{source}: the answer is about snapshot {snapshot.id}")
        return snapshot

    async def all(self) -> list[Snapshot]:
        """Return the status of every snapshot; see ``Cluster``."""
        versions = [_V4, _V3, _V2] if self._version == _V3 else [_V2]
        for version in versions[:-1]:
            try:
                return await self._all_in(version)
            except UnsupportedError:
                continue
        return await self._all_in(versions[-1])

    async def _all_in(self, version: str) -> list[Snapshot]:
        request = Request("GET", f"/{version}/snapshots/status/", is_slow=True)
        return [
            read_snapshot(status, source)
            async for source, page in read_pages(
                self._session, request, _statuses, most=limits.MAX_SNAPSHOTS
            )
            for status in page.entries
        ]

    async def delete(self, number: int) -> None:
        """Delete a snapshot; see ``Cluster``."""

        def deletion(version: str) -> Request:
            return Request("DELETE", f"/{version}/snapshots/{number}")

        with snapshot_absence():
            await self._ask(deletion)

    async def _ask(self, request_in: Callable[[str], Request]) -> tuple[bytes, str]:
        """Return what the cluster answers, and the request that was answered, as text.

        Args:
            request_in: returns the request in a version of the API.
        """
        request = request_in(self._version)
        try:
            answer = await self._session.ask(request)
        except UnsupportedError:
            if self._version == _V2:
                raise
            request = request_in(_V2)
            answer = await self._session.ask(request)
            self._version = _V2
        return answer, str(request)


def _snapshot(answer: bytes, source: str) -> Snapshot:
    return read_snapshot(read_value(answer, source), source)
