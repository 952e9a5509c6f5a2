"""Checks of the user: the login, the access token, privileges, and what the cluster's Core has."""

import time
from functools import partial

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import RefusedError, StatusError, UnsupportedError
from qumulo_changelist.model import Caller
from qumulo_changelist.operations.doctor.checks import Examination, Finding
from qumulo_changelist.operations.doctor.connection import DAYS_TO_WARN, describe_end

SNAPSHOT_READ = "PRIVILEGE_SNAPSHOT_READ"
SNAPSHOT_WRITE = "PRIVILEGE_SNAPSHOT_WRITE"
DIFFERENCE_READ = "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ"
_FILE_READ = "PRIVILEGE_FILE_READ_ACCESS"
ACCESS_TOKENS_WRITE = "PRIVILEGE_ACCESS_TOKENS_WRITE"

# Which calls the Core has (Qumulo's knowledge base, "Migrating REST API Endpoints for Snapshots
# and Policies"). No snapshot has the id 0.
_SNAPSHOTS_V3 = "/v3/snapshots/status/0"
_SNAPSHOTS_V2 = "/v2/snapshots/status/0"
_STATUS_V4 = "/v4/snapshots/status/?limit=1"
_DAY = 86_400 * 10**9


class Account:
    """Makes the checks of the user.

    Args:
        examination: takes the checks.
        cluster: the cluster.
        settings: how it is reached.

    Attributes:
        caller: the user; None before a login.
    """

    def __init__(self, examination: Examination, cluster: Cluster, settings: Settings) -> None:
        self._examination = examination
        self._cluster = cluster
        self._settings = settings
        self.caller: Caller | None = None

    def has(self, privilege: str) -> bool:
        """Return whether the user is known to have a privilege."""
        return bool(self.caller and privilege in self.caller.privileges)

    def examine(self) -> bool:
        """Make all checks; return whether the user can log in."""
        check = self._examination.check
        is_known = check("login", "", self._log_in)
        if self._uses_token:
            check("access-token", "", self._find_token_end, needs={"login": is_known})
        for name in (SNAPSHOT_READ, SNAPSHOT_WRITE, DIFFERENCE_READ, _FILE_READ):
            check("privilege", name, partial(self._find, name), needs={"login": is_known})
        check("version", "", self._find_version, needs={"login": is_known})
        return is_known

    @property
    def _uses_token(self) -> bool:
        return self._settings.transport == "rest" and bool(self._settings.access_token)

    def _log_in(self) -> Finding:
        self.caller = self._cluster.caller()
        way = "an access token" if self._uses_token else "a password"
        return Finding(f"as {self.caller.name}, by {way}")

    def _find_token_end(self) -> Finding:
        from qumulo_changelist.cluster.rest.client import RestCluster

        assert self.caller
        assert isinstance(self._cluster, RestCluster)
        number = self.caller.access_token_id
        try:
            end = self._cluster.access_token_end(number) if number else None
        except (RefusedError, StatusError):
            end = None
        if end is None:
            return Finding("the cluster does not state to this user when it ends")
        if not end:
            return Finding(f"token {number} does not end by itself")
        detail = f"token {number}{describe_end(end / 10**9)}"
        if end < time.time_ns() + DAYS_TO_WARN * _DAY:
            return Finding(detail, warning=True, hint="Make a new one, and set QumuloAccessToken.")
        return Finding(detail)

    def _find(self, privilege: str) -> Finding:
        assert self.caller
        if not self.has(privilege):
            raise RefusedError(
                f"the user {self.caller.name} does not have it",
                status=403,
                hint=f"Let the cluster's administrator give a role of this user {privilege}.",
            )
        return Finding(f"the user {self.caller.name} has it")

    def _find_version(self) -> Finding:
        from qumulo_changelist.cluster.rest.client import RestCluster

        version = self._cluster.core_version()
        if not isinstance(self._cluster, RestCluster):
            return Finding(f"{version}; qq picks the calls that it knows")
        has_call = self._cluster.has_call
        has_v3 = has_call(_SNAPSHOTS_V3)
        if not has_v3 and not has_call(_SNAPSHOTS_V2):
            raise UnsupportedError(f"{version} has neither version 3 nor version 2 of snapshots")
        status = 4 if has_call(_STATUS_V4) else 3 if has_v3 else 2
        calls = f"snapshots in version {3 if has_v3 else 2}, their status in version {status}"
        if has_v3:
            return Finding(f"{version}: {calls}")
        return Finding(
            f"{version}: {calls}, which shows neither locks nor the names of policies",
            warning=True,
            hint="Update the cluster to Core 5.1.3 or later.",
        )
