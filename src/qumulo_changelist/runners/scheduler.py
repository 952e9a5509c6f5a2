"""A Dask scheduler: where it is, and how this machine and its workers prove who they are. Pure."""

from msgspec import Struct


class Scheduler(Struct, frozen=True):
    """A Dask scheduler whose workers work on slices."""

    address: str
    """``tls://host:port``, ``tcp://host:port``, or the path of a scheduler file."""
    ca_file: str = ""
    """A PEM file with the authority that scheduler and workers are verified by; "" for what Dask's
    own configuration names."""
    certificate: str = ""
    """A PEM file with the certificate of this machine; likewise."""
    key: str = ""
    """A PEM file with its private key; likewise."""
    allows_unverified: bool = False
    """Whether a connection without TLS may leave this machine."""
    sends_session: bool = False
    """Whether workers get a session of this run, instead of their own credentials."""

    def check(self) -> None:
        """Make sure that the scheduler may be used."""
