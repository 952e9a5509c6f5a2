"""The version of a cluster, the user who is logged in, and access tokens, over REST."""

from urllib.parse import quote

import msgspec

from qumulo_changelist.cluster.accounts import (
    read_access_token,
    read_caller,
    read_token_end,
    read_version,
)
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.times import format_time
from qumulo_changelist.cluster.wire import read_value
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import ReplyError, StatusError, UnsupportedError
from qumulo_changelist.model import Caller


class Accounts:
    """What a cluster says of itself and of the user, and tokens for that user."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def caller(self) -> Caller:
        """Return the user who is logged in; see ``Cluster``."""
        request = Request("GET", "/v1/session/who-am-i")
        return read_caller(*await self._ask(request))

    async def core_version(self) -> str:
        """Return the version of the cluster's Core, which needs no login; see ``Cluster``."""
        request = Request("GET", "/v1/version")
        source = str(request)
        return read_version(read_value(await self._session.ask_openly(request), source), source)

    async def create_access_token(self, expires: int) -> tuple[str, Secret]:
        """Make an access token for the user who is logged in; see ``RestCluster``.

        The request is the one that the SDK sends for ``qq auth_create_access_token --self``.
        """
        caller = await self.caller()
        if not caller.id:
            raise ReplyError("the cluster does not state the user's id, which a token needs")
        body: dict[str, object] = {"user": {"auth_id": caller.id}}
        if expires:
            body["expiration_time"] = format_time(expires)
        content = msgspec.json.encode(body)
        request = Request("POST", "/v1/auth/access-tokens/", content, is_repeatable=False)
        return read_access_token(*await self._ask(request))

    async def access_token_end(self, number: str) -> int:
        """Return when an access token ends; see ``RestCluster``."""
        # qq asks likewise (read in the SDK: ``get_access_token``).
        uri = f"/v1/auth/access-tokens/{quote(number, safe='')}"
        return read_token_end(*await self._ask(Request("GET", uri, is_needed=False)))

    async def has_call(self, uri: str) -> bool:
        """Return whether the Core has a call; see ``RestCluster``."""
        try:
            await self._session.ask(Request("GET", uri, is_needed=False))
        except UnsupportedError:
            return False
        except StatusError:
            return True
        return True

    async def _ask(self, request: Request) -> tuple[object, str]:
        """Return the decoded answer, and the request as text."""
        source = str(request)
        return read_value(await self._session.ask(request), source), source
