"""Snapshots over REST, in the version of the API that the cluster's Core has.

Core has version 3 since 5.1.3, and version 2 until 5.3.0 (Qumulo's knowledge base, "Migrating REST
API Endpoints for Snapshots and Policies").
"""

from collections.abc import Callable

import msgspec

from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.snapshots import read_snapshot
from qumulo_changelist.cluster.wire import read_value
from qumulo_changelist.errors import NotFoundError, UnsupportedError
from qumulo_changelist.model import Snapshot

_V3, _V2 = "v3", "v2"


class Snapshots:
    """Takes snapshots, and returns their status."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._version = _V3

    async def create(self, name: str, directory_id: str) -> Snapshot:
        """Take a snapshot of the directory with a file id."""

        def creation(version: str) -> Request:
            label = "name_suffix" if version == _V3 else "name"
            body = {label: name, "expiration": "", "source_file_id": directory_id}
            uri = f"/{version}/snapshots/"
            return Request("POST", uri, msgspec.json.encode(body), is_repeatable=False)

        return await self._ask(creation)

    async def status(self, number: int) -> Snapshot | None:
        """Return a snapshot; None if the cluster does not have it.

        Raises:
            UnsupportedError: the cluster's Core has neither version of the API.
        """

        def status(version: str) -> Request:
            return Request("GET", f"/{version}/snapshots/status/{number}", is_needed=False)

        try:
            return await self._ask(status)
        except UnsupportedError:
            raise
        except NotFoundError:
            return None

    async def _ask(self, request_in: Callable[[str], Request]) -> Snapshot:
        """Return the snapshot that the cluster answers with.

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
        source = str(request)
        return read_snapshot(read_value(answer, source), source)
