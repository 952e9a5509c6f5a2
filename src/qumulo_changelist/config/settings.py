"""The settings of the archiver's configuration: how to reach the cluster, and where lists go."""

from typing import Literal

from msgspec import Struct

DEFAULT_WORK_FOLDER = "/tmp"

Transport = Literal["qq", "rest"]
"""A way to the cluster: the vendor's command, or its REST API directly."""


class Secret:
    """Text that shows itself only when asked to."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(***)"

    def reveal(self) -> str:
        """Return the text."""
        return self._text


class Settings(Struct, frozen=True):
    """How to reach the cluster, and where lists belong."""

    hosts: tuple[str, ...]
    """The addresses or names of the cluster's nodes, at least one; IPv6 without brackets."""
    port: int
    username: str
    password: Secret
    work_folder: str = DEFAULT_WORK_FOLDER
    """An absolute path."""
    qq_path: str = ""
    """Where ``qq`` is; empty means on the PATH."""
    transport: Transport = "qq"
    access_token: Secret | None = None
    """Used instead of a login, where there is one."""
    ca_file: str = ""
    """The authorities to trust instead of the system's, in PEM."""
    fingerprint: str = ""
    """The SHA-256 of the one certificate to trust instead, in lower-case hexadecimal digits."""
    verify_tls: bool = True

    @property
    def host(self) -> str:
        """The first of the hosts."""
        return self.hosts[0]
