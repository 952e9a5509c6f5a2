"""The shapes of what the REST API sends, as Qumulo publishes them; ``qq`` prints the same ones.

Unknown fields are ignored, since versions differ. A field with a default may be missing.
"""

from collections.abc import Sized
from typing import Generic, TypeVar

from msgspec import Struct

Part = TypeVar("Part", bound=Sized, covariant=True)


class IdentityJson(Struct, frozen=True, gc=False):
    """A user or group, as the system that it comes from identifies it."""

    id_type: str = ""
    id_value: str | None = None


class KnownFileJson(Struct, gc=False):
    """What a file is, and what identifies it. A missing text is "", which is malformed."""

    name: str = ""
    type: str | None = None
    id: str = ""
    size: str = ""
    modification_time: str = ""
    data_revision: str | None = None


class FileJson(KnownFileJson, gc=False):
    """All that is needed of a file's attributes, likewise."""

    access_time: str = ""
    owner: str = ""
    group: str = ""
    owner_details: IdentityJson | None = None
    group_details: IdentityJson | None = None


class NodeJson(FileJson, gc=False):
    """The attributes of a file that is listed with its path."""

    path: str = ""
    child_count: int | None = None


class IdJson(Struct):
    """The attributes of a file of which only the id is needed."""

    id: str


class SnapshotJson(Struct):
    """A snapshot: the answer to its creation, or its status, in v2, v3 and v4 of the API.

    The last fields can be of any type: that a snapshot is locked must not get lost because it is
    written in another way.
    """

    id: int
    name: str = ""
    timestamp: str = ""
    source_file_path: str = ""
    source_file_id: str = ""
    expiration: str | None = None
    policy_name: str | None = None
    policy_id: object = None
    created_by_policy: object = None
    lock_key: object = None
    in_delete: object = None


class PagingJson(Struct, gc=False):
    """Where a collection continues after a page."""

    next: str | None = None


class SnapshotsJson(Struct):
    """A page of the status of all snapshots; the published schema has no pages."""

    entries: list[object]
    paging: PagingJson | None = None

    @property
    def length(self) -> int:
        """The number of snapshots."""
        return len(self.entries)


class TotalsJson(Struct):
    """What a directory's totals count."""

    total_files: str


class ChildTotalsJson(Struct, gc=False):
    """What is counted at and below one entry of a directory; "" is malformed."""

    name: str = ""
    type: str | None = None
    num_files: str = ""
    num_directories: str = ""
    num_symlinks: str = ""
    num_other_objects: str = ""


class AllTotalsJson(Struct):
    """All that a directory's totals count, and its largest entries, of which none need be there."""

    total_files: str
    total_directories: str = ""
    total_symlinks: str = ""
    total_other_objects: str = ""
    files: list[ChildTotalsJson] | None = None


class PagedJson(Struct):
    """A page of a collection, of which only that is needed where it continues."""

    paging: PagingJson | None = None


class DiffJson(Struct, Generic[Part]):
    """A page of a diff; its entries are changes, or still JSON.

    ``paging`` is required: nothing else distinguishes the last page from one that was cut short.
    """

    entries: Part
    paging: PagingJson | None


class DirectoryJson(Struct, Generic[Part]):
    """A page of a directory; its files are decoded, or still JSON."""

    files: Part
    child_count: int
    paging: PagingJson | None = None

    @property
    def length(self) -> int:
        """The number of entries."""
        return len(self.files)


class SomeEntriesJson(Struct):
    """A page of a directory of which only some entries are needed."""

    files: list[object]
    paging: PagingJson | None = None

    @property
    def length(self) -> int:
        """The number of entries."""
        return len(self.files)


class LoginJson(Struct):
    """The answer to a login."""

    bearer_token: str


class CallerJson(Struct):
    """The user who sends requests."""

    name: str
    privileges: list[str]
    id: str = ""
    access_token_id: str | None = None


class VersionJson(Struct):
    """The version of the cluster's Core."""

    revision_id: str


class AccessTokenJson(Struct):
    """The answer to the creation of an access token."""

    id: str
    bearer_token: str


class AccessTokenStatusJson(Struct):
    """An access token as the cluster describes it, without the token itself."""

    expiration_time: str | None


class ErrorJson(Struct):
    """The answer to a request that failed."""

    error_class: str = ""
    description: str = ""
