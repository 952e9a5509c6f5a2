"""The settings of the archiver's configuration: how to reach the cluster, and where lists go."""

from typing import Literal

from msgspec import Struct

from qumulo_changelist.secret import Secret as Secret

DEFAULT_WORK_FOLDER = "/tmp"
DEFAULT_RETRY_FOR = 300
DEFAULT_QQ_TIMEOUT = 600

Transport = Literal["qq", "rest"]
"""A way to the cluster: the vendor's command, or its REST API directly."""


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
    authorities: str = ""
    """The content of such a file, if it is not on this machine."""
    fingerprint: str = ""
    """The SHA-256 of the only certificate to trust, in lower-case hexadecimal; "" for none."""
    verify_tls: bool = True
    """Whether REST checks the cluster's certificate."""
    exposed_file: str = ""
    """The file with the secret, if others can read it; "" if nobody can, or that is unknown."""
    exposed_to: str = ""
    """Who can read it, in words."""
    retry_for: int = DEFAULT_RETRY_FOR
    """The number of seconds for which a request that fails is tried again; 0 for never."""
    qq_timeout: int = DEFAULT_QQ_TIMEOUT
    """The number of seconds after which a ``qq`` that does nothing is ended."""

    @property
    def checks_certificate(self) -> bool:
        """Whether the cluster's certificate is checked over REST."""
        return self.verify_tls or bool(self.fingerprint)

    @property
    def host(self) -> str:
        """The first host."""
        return self.hosts[0]
