"""Stand-in until the real module is merged."""

from qumulo_changelist.cluster.interface import SubtreeReader
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.events import Listener


def open_qq(settings: Settings, listener: Listener) -> SubtreeReader:
    """Return a cluster."""
    raise NotImplementedError
