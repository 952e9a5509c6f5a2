"""The settings of the archiver's configuration: how to reach the cluster, and where lists go."""

from typing import Literal

from msgspec import Struct

DEFAULT_WORK_FOLDER = "/tmp"

Transport = Literal["qq", "rest"]
"""A way to the cluster: the vendor's command, or its REST API directly."""


class Secret:
    """A text that ``str`` and ``repr`` do not show."""

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
    """The folder for lists, an absolute path."""
    qq_path: str = ""
    """Where ``qq`` is; "" for the one on the PATH."""
    transport: Transport = "qq"
    access_token: Secret | None = None
    """Used instead of a login, if it is not None."""
    ca_file: str = ""
    """A PEM file with the authorities to trust instead of the system's; "" for the system's."""
    fingerprint: str = ""
    """The SHA-256 of the only certificate to trust, in lower-case hexadecimal; "" for none."""
    verify_tls: bool = True
    """Whether REST checks the cluster's certificate."""

    @property
    def checks_certificate(self) -> bool:
        """Whether the cluster's certificate is checked over REST."""
        return self.verify_tls or bool(self.fingerprint)

    @property
    def host(self) -> str:
        """The first host."""
        return self.hosts[0]
