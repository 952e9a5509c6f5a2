"""From the configuration to a cluster, by the way that it names.

Modules that take long to import are imported only for the way that needs them.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.events import CertificateUnchecked, Listener, SecretExposed, ignore

if TYPE_CHECKING:
    from qumulo_changelist.cluster.qq.client import QqCluster
    from qumulo_changelist.cluster.rest.client import RestCluster


@contextlib.contextmanager
def open_cluster(
    settings: Settings, listener: Listener = ignore, *, page_size: int = 0
) -> Iterator[Cluster]:
    """Open the cluster for a ``with`` block.

    Args:
        settings: how to reach the cluster.
        listener: receives the events of this way to the cluster.
        page_size: the maximal number of entries to request at a time; 0 for the default.

    Raises:
        ConfigurationError: the certificates to trust cannot be read.
        ResourceError: this machine lacks what it takes to connect.
    """
    if settings.exposed_to:
        listener(SecretExposed(settings.exposed_file, settings.exposed_to))
    if settings.transport == "rest":
        report_unchecked_certificate(settings, listener)
        with open_rest(settings, listener, page_size=page_size) as cluster:
            yield cluster
    else:
        settings = with_answering_host(settings, listener)
        with contextlib.closing(open_qq(settings, listener, page_size)) as cluster:
            yield cluster


def open_rest(
    settings: Settings,
    listener: Listener = ignore,
    *,
    page_size: int = 0,
    requests_at_once: int = 0,
) -> "RestCluster":
    """Return the cluster through its REST API; see :class:`.rest.client.RestCluster`.

    Raises:
        ConfigurationError: the certificates to trust cannot be read.
    """
    from qumulo_changelist.cluster.rest.client import RestCluster

    return RestCluster(settings, listener, page_size=page_size, requests_at_once=requests_at_once)


def open_qq(settings: Settings, listener: Listener = ignore, page_size: int = 0) -> "QqCluster":
    """Return the cluster through ``qq``, which is given the first of the hosts."""
    from qumulo_changelist.cluster.qq.client import QqCluster
    from qumulo_changelist.cluster.qq.process import QqProcess
    from qumulo_changelist.cluster.qq.session import QqSession

    return QqCluster(
        QqProcess(
            settings.host, settings.port, listener, settings.qq_path, timeout=settings.qq_timeout
        ),
        QqSession(settings.host, settings.port, settings.username, timeout=settings.qq_timeout),
        settings.username,
        settings.password,
        listener,
        page_size=page_size,
        retry_for=settings.retry_for,
    )


def with_answering_host(settings: Settings, listener: Listener = ignore) -> Settings:
    """Return the settings with a host in front that takes a connection; ``qq`` is given that.

    Settings for REST, which spreads requests over all hosts, are returned as they are. The same
    settings can be passed here again, at the price of a connection.

    Raises:
        ResourceError: this machine lacks what it takes to connect.
    """
    if settings.transport == "rest" or len(settings.hosts) == 1:
        return settings
    from qumulo_changelist.cluster.qq.hosts import answering_first

    return replace(settings, hosts=answering_first(settings.hosts, settings.port, listener))


def report_unchecked_certificate(settings: Settings, listener: Listener) -> None:
    """Report a ``CertificateUnchecked`` if REST does not check the cluster's certificate.

    :func:`open_cluster` does so, too; this is for a program that opens REST alone.
    """
    if not settings.checks_certificate:
        listener(CertificateUnchecked())
