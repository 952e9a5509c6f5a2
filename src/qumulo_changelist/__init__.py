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
    from qumulo_changelist.checks.unreadable_limit import UnreadableLimit
    from qumulo_changelist.cluster.connect import open_cluster
    from qumulo_changelist.cluster.interface import Cluster
    from qumulo_changelist.config.archiver import read_settings
    from qumulo_changelist.config.settings import Secret, Settings, Transport
    from qumulo_changelist.errors import ChangelistError
    from qumulo_changelist.events import Event, Listener
    from qumulo_changelist.filters.filters import Filters
    from qumulo_changelist.model import (
        Attributes,
        Batch,
        Caller,
        Change,
        Entry,
        EntryStat,
        Kind,
        Snapshot,
        State,
        Totals,
    )
    from qumulo_changelist.operations.doctor.checks import Check, CheckStatus
    from qumulo_changelist.operations.doctor.diagnosis import Diagnosis, DoctorRequest, diagnose
    from qumulo_changelist.operations.lists.changelist import generate_changelist
    from qumulo_changelist.operations.lists.explained import Explanation
    from qumulo_changelist.operations.lists.explanation import explain_path
    from qumulo_changelist.operations.lists.receipt import Receipt, read_receipt
    from qumulo_changelist.operations.lists.request import ChangelistRequest, Metadata
    from qumulo_changelist.operations.lists.result import ChangelistResult, PublishedList
    from qumulo_changelist.operations.lists.verification import Finding, Verification, verify_list
    from qumulo_changelist.operations.project.adoption import Adoption, adopt_project
    from qumulo_changelist.operations.project.beginning import Plan
    from qumulo_changelist.operations.project.commit import (
        CommitRequest,
        CommitResult,
        commit_project,
    )
    from qumulo_changelist.operations.project.history import (
        Run,
        SourceStatus,
        list_runs,
        project_statuses,
    )
    from qumulo_changelist.operations.project.metrics import (
        FinishedRun,
        update_metrics,
        write_metrics,
    )
    from qumulo_changelist.operations.project.notification import notify
    from qumulo_changelist.operations.project.run import (
        RunRequest,
        RunResult,
        plan_project,
        run_project,
    )
    from qumulo_changelist.operations.project.source_run import SourceRun
    from qumulo_changelist.operations.report.listed import ListReport
    from qumulo_changelist.operations.report.making import Report, make_report
    from qumulo_changelist.operations.setup.setup import SetupRequest, SetupResult, set_up
    from qumulo_changelist.operations.snapshots.care import (
        SnapshotRole,
        delete_snapshots,
        list_snapshots,
    )
    from qumulo_changelist.operations.snapshots.creation import SnapshotRequest, create_snapshot
    from qumulo_changelist.operations.snapshots.list_choice import ListChoice, choose_list
    from qumulo_changelist.output.formats import KnownFormat, ListParameters, register_format
    from qumulo_changelist.output.interface import (
        ListBytes,
        ListCounts,
        ListedEntry,
        ListFormat,
        ListReader,
        MalformedListError,
        Piece,
        PieceWriter,
        StoredPiece,
    )
    from qumulo_changelist.projects.file import read_projects
    from qumulo_changelist.projects.project import ListOptions, Project, Source
    from qumulo_changelist.report.capacity import Price
    from qumulo_changelist.report_page.file import write_page

# A name is imported when it is first used: a command should not wait for what it does not need.
_MODULES = {
    "Adoption": "operations.project.adoption",
    "Attributes": "model",
    "Batch": "model",
    "Caller": "model",
    "Change": "model",
    "ChangelistError": "errors",
    "ChangelistRequest": "operations.lists.request",
    "ChangelistResult": "operations.lists.result",
    "Check": "operations.doctor.checks",
    "CheckStatus": "operations.doctor.checks",
    "Cluster": "cluster.interface",
    "CommitRequest": "operations.project.commit",
    "CommitResult": "operations.project.commit",
    "DeletionLimit": "checks.deletion_limit",
    "Diagnosis": "operations.doctor.diagnosis",
    "DoctorRequest": "operations.doctor.diagnosis",
    "Entry": "model",
    "EntryStat": "model",
    "Event": "events",
    "Explanation": "operations.lists.explained",
    "Filters": "filters.filters",
    "Finding": "operations.lists.verification",
    "FinishedRun": "operations.project.metrics",
    "Kind": "model",
    "KnownFormat": "output.formats",
    "ListBytes": "output.interface",
    "ListChoice": "operations.snapshots.list_choice",
    "ListCounts": "output.interface",
    "ListFormat": "output.interface",
    "ListOptions": "projects.project",
    "ListParameters": "output.formats",
    "ListReader": "output.interface",
    "ListedEntry": "output.interface",
    "ListReport": "operations.report.listed",
    "Listener": "events",
    "MalformedListError": "output.interface",
    "Metadata": "operations.lists.request",
    "Piece": "output.interface",
    "PieceWriter": "output.interface",
    "Plan": "operations.project.beginning",
    "Price": "report.capacity",
    "Project": "projects.project",
    "Proof": "checks.proof",
    "PublishedList": "operations.lists.result",
    "Receipt": "operations.lists.receipt",
    "Report": "operations.report.making",
    "Run": "operations.project.history",
    "RunRequest": "operations.project.run",
    "RunResult": "operations.project.run",
    "Secret": "config.settings",
    "Settings": "config.settings",
    "SetupRequest": "operations.setup.setup",
    "SetupResult": "operations.setup.setup",
    "Snapshot": "model",
    "SnapshotRequest": "operations.snapshots.creation",
    "SnapshotRole": "operations.snapshots.care",
    "Source": "projects.project",
    "SourceRun": "operations.project.source_run",
    "SourceStatus": "operations.project.history",
    "State": "model",
    "StoredPiece": "output.interface",
    "Totals": "model",
    "Transport": "config.settings",
    "UnreadableLimit": "checks.unreadable_limit",
    "Verification": "operations.lists.verification",
    "adopt_project": "operations.project.adoption",
    "choose_list": "operations.snapshots.list_choice",
    "commit_project": "operations.project.commit",
    "create_snapshot": "operations.snapshots.creation",
    "delete_snapshots": "operations.snapshots.care",
    "diagnose": "operations.doctor.diagnosis",
    "explain_path": "operations.lists.explanation",
    "generate_changelist": "operations.lists.changelist",
    "list_runs": "operations.project.history",
    "list_snapshots": "operations.snapshots.care",
    "make_report": "operations.report.making",
    "notify": "operations.project.notification",
    "open_cluster": "cluster.connect",
    "plan_project": "operations.project.run",
    "project_statuses": "operations.project.history",
    "read_projects": "projects.file",
    "read_receipt": "operations.lists.receipt",
    "read_settings": "config.archiver",
    "register_format": "output.formats",
    "run_project": "operations.project.run",
    "set_up": "operations.setup.setup",
    "update_metrics": "operations.project.metrics",
    "verify_list": "operations.lists.verification",
    "write_metrics": "operations.project.metrics",
    "write_page": "report_page.file",
}

__all__ = [
    "Adoption",
    "Attributes",
    "Batch",
    "Caller",
    "Change",
    "ChangelistError",
    "ChangelistRequest",
    "ChangelistResult",
    "Check",
    "CheckStatus",
    "Cluster",
    "CommitRequest",
    "CommitResult",
    "DeletionLimit",
    "Diagnosis",
    "DoctorRequest",
    "Entry",
    "EntryStat",
    "Event",
    "Explanation",
    "Filters",
    "Finding",
    "FinishedRun",
    "Kind",
    "KnownFormat",
    "ListBytes",
    "ListChoice",
    "ListCounts",
    "ListFormat",
    "ListOptions",
    "ListParameters",
    "ListReader",
    "ListReport",
    "ListedEntry",
    "Listener",
    "MalformedListError",
    "Metadata",
    "Piece",
    "PieceWriter",
    "Plan",
    "Price",
    "Project",
    "Proof",
    "PublishedList",
    "Receipt",
    "Report",
    "Run",
    "RunRequest",
    "RunResult",
    "Secret",
    "Settings",
    "SetupRequest",
    "SetupResult",
    "Snapshot",
    "SnapshotRequest",
    "SnapshotRole",
    "Source",
    "SourceRun",
    "SourceStatus",
    "State",
    "StoredPiece",
    "Totals",
    "Transport",
    "UnreadableLimit",
    "Verification",
    "__version__",
    "adopt_project",
    "choose_list",
    "commit_project",
    "create_snapshot",
    "delete_snapshots",
    "diagnose",
    "errors",
    "events",
    "explain_path",
    "generate_changelist",
    "list_runs",
    "list_snapshots",
    "make_report",
    "notify",
    "open_cluster",
    "plan_project",
    "project_statuses",
    "read_projects",
    "read_receipt",
    "read_settings",
    "register_format",
    "run_project",
    "set_up",
    "update_metrics",
    "verify_list",
    "write_metrics",
    "write_page",
]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> object:
    if name in ("errors", "events"):
        return import_module(f"{__name__}.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
