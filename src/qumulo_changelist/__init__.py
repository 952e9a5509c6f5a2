"""What changed between two snapshots of a Qumulo cluster, as the list that an archiver reads.

Everything that a program may use is named here. For example::

    from qumulo_changelist import ChangelistRequest, generate_changelist, read_settings

    request = ChangelistRequest(project="show1", guid="5f1c9a52", source_index="1", older=17,
                                newer=21, base_path="/projects/show1", mapped_path="/mnt/show1")
    result = generate_changelist(request, read_settings())

Errors are subclasses of ``ChangelistError``; :mod:`qumulo_changelist.errors` draws their tree. A
listener receives the events of :mod:`qumulo_changelist.events`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from qumulo_changelist.version import __version__

if TYPE_CHECKING:
    from qumulo_changelist import errors, events
    from qumulo_changelist.checks.deletion_limit import DeletionLimit
    from qumulo_changelist.checks.proof import Proof
    from qumulo_changelist.cluster.connect import open_cluster
    from qumulo_changelist.cluster.interface import Cluster
    from qumulo_changelist.config.archiver import read_settings
    from qumulo_changelist.config.settings import Secret, Settings, Transport
    from qumulo_changelist.errors import ChangelistError
    from qumulo_changelist.events import Event, Listener
    from qumulo_changelist.model import Caller, Change, EntryStat, Kind, Snapshot, Totals
    from qumulo_changelist.operations.changelist import ChangelistResult, generate_changelist
    from qumulo_changelist.operations.receipt import Receipt, read_receipt
    from qumulo_changelist.operations.request import ChangelistRequest, Metadata
    from qumulo_changelist.operations.snapshots import SnapshotRequest, create_snapshot
    from qumulo_changelist.operations.verification import Finding, Verification, verify_list

# A name is imported when it is first used: a command should not wait for what it does not need.
_MODULES = {
    "Caller": "model",
    "Change": "model",
    "ChangelistError": "errors",
    "ChangelistRequest": "operations.request",
    "ChangelistResult": "operations.changelist",
    "Cluster": "cluster.interface",
    "DeletionLimit": "checks.deletion_limit",
    "EntryStat": "model",
    "Event": "events",
    "Finding": "operations.verification",
    "Kind": "model",
    "Listener": "events",
    "Metadata": "operations.request",
    "Proof": "checks.proof",
    "Receipt": "operations.receipt",
    "Secret": "config.settings",
    "Settings": "config.settings",
    "Snapshot": "model",
    "SnapshotRequest": "operations.snapshots",
    "Totals": "model",
    "Transport": "config.settings",
    "Verification": "operations.verification",
    "create_snapshot": "operations.snapshots",
    "generate_changelist": "operations.changelist",
    "open_cluster": "cluster.connect",
    "read_receipt": "operations.receipt",
    "read_settings": "config.archiver",
    "verify_list": "operations.verification",
}

__all__ = [
    "Caller",
    "Change",
    "ChangelistError",
    "ChangelistRequest",
    "ChangelistResult",
    "Cluster",
    "DeletionLimit",
    "EntryStat",
    "Event",
    "Finding",
    "Kind",
    "Listener",
    "Metadata",
    "Proof",
    "Receipt",
    "Secret",
    "Settings",
    "Snapshot",
    "SnapshotRequest",
    "Totals",
    "Transport",
    "Verification",
    "__version__",
    "create_snapshot",
    "errors",
    "events",
    "generate_changelist",
    "open_cluster",
    "read_receipt",
    "read_settings",
    "verify_list",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> object:
    if name in ("errors", "events"):
        return import_module(f"{__name__}.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
