"""What a user of the commands can do about an error: a table of hints by class.

Errors themselves name no option, key or command, since programs other than these raise them, too.
"""

import errno
import shlex
from collections.abc import Mapping
from types import MappingProxyType

from qumulo_changelist import errors
from qumulo_changelist.errors import ChangelistError, ResourceError

_SHORTAGES = {
    errno.EAGAIN: "Allow this user more processes (`ulimit -u`), or let other programs end.",
    errno.EMFILE: "Allow a process more open files, for example with `ulimit -n 4096`.",
    errno.ENFILE: "Raise the machine's limit of open files, or let other programs end.",
    errno.ENOMEM: "Give this machine more memory, or let other programs end.",
    errno.ENOBUFS: "Give this machine more memory, or let other programs end.",
}
_FEWER_WORKERS = "Or use fewer processes with --workers."
_EXACT = "With --metadata snapshot or rest, the files are read as the snapshot has them."
_NO_LIST = "No list was published; an earlier one is unchanged."

_CONNECTION = (
    "Check QumuloClusterIP and QumuloClusterPort in the archiver's configuration, and that this "
    "machine reaches the cluster's REST API; then try again."
)

_HINTS: dict[type[ChangelistError], str] = {
    errors.UsageError: "Run the command with --help to see its options.",
    errors.ProjectNameError: (
        "Use UTF-8 text for --projectname, without / and control characters, such as Show_1."
    ),
    errors.ListNameError: "Check --projectguid and --sourceindex.",
    errors.ClusterPathError: (
        "Name the directory as the cluster does, in UTF-8, such as /projects/show1."
    ),
    errors.SnapshotOrderError: (
        "Later snapshots have greater ids: give the smaller id with --prevsnapshotid."
    ),
    errors.BasePathError: (
        "With -b, give the path of a directory of the cluster, as the newer snapshot has it."
    ),
    errors.MappedPathError: (
        "With -m, give the directory where this machine mounts the base path, and check that the "
        "share is mounted; or use --metadata rest, which needs no mount."
    ),
    errors.NoMappedPathError: (
        "With -m, give the directory where this machine mounts the base path; or use --metadata "
        "rest, which needs no mount."
    ),
    errors.WrongMountError: (
        "Check that the share is mounted there, and that -m names the directory where this machine "
        "sees the base path."
    ),
    errors.HiddenSnapshotError: (
        "Check the snapshot id, and that .snapshot can be reached there (over NFSv4.1 from Core "
        "5.2.4 on); or read the snapshot with --metadata rest."
    ),
    errors.WorkersNeedRestError: (
        "Add --transport rest, or set QumuloTransport=rest in the archiver's configuration."
    ),
    errors.NoSessionError: (
        "Leave out --send-session, and give the workers credentials of their own."
    ),
    errors.InexpressibleError: (
        "Leave out -d (--deletes) or --moves, or use a format that has them, such as xml."
    ),
    errors.UnknownProjectError: "`qumulo-changelist projects list` shows every project.",
    errors.UncommittableError: "`qumulo-changelist history PROJECT` shows every run.",
    errors.NeededSnapshotError: (
        "To delete it nevertheless, give --force; the next list of the project is then a full one."
    ),
    errors.SchedulerAddressError: (
        "Give the address that the scheduler prints when it starts, such as tls://host:8786, or "
        "the path of its --scheduler-file."
    ),
    errors.UnverifiedSchedulerError: (
        "Start the scheduler and its workers with TLS (--tls-ca-file, --tls-cert and --tls-key), "
        "and give its tls:// address."
    ),
    errors.SchedulerTrustError: (
        "Name three files in PEM that this user can read: of the authority, and the certificate "
        "of this machine and its key, without a password. Dask's own configuration can name them, "
        "too (distributed.comm.tls.ca-file, client.cert and client.key)."
    ),
    errors.CommandFailedError: (
        "Nothing was committed: the next run lists the same changes again, and newer ones. If the "
        "archive is complete nevertheless: `qumulo-changelist commit PROJECT`."
    ),
    errors.NoBaseError: "Run without --no-full to make a full list.",
    errors.OutputError: (
        "Make room there, let this user write there, or set FastScanWorkFolder in the archiver's "
        "configuration."
    ),
    errors.SpillError: (
        "Make room there (a million changes need about 100 MB during the run), let this user write "
        "there, or set FastScanWorkFolder in the archiver's configuration."
    ),
    errors.LogFileError: "With --log-file, name a file that this user can write to.",
    errors.PiecesError: (
        "With --pieces, name a folder that exists, has room, and that this machine and every "
        "worker see under the same path and can write to."
    ),
    errors.ReceiptError: "A new list is in its place. Run the command again for what is missing.",
    errors.ResultError: (
        "The work itself is done: a snapshot has been taken, or a new list is in its place."
    ),
    errors.ProofError: (
        "If files have several hard links, the cluster may not count every name of such a file."
    ),
    errors.StaleProofError: _EXACT,
    errors.UnprovableError: "",
    errors.TooManyExcludedError: (
        "Make the list without --verify, or exclude files by their names, and not directories."
    ),
    errors.DeletionLimitError: "If this is what happened, use a greater --max-deletes.",
    errors.UnknownDeletionLimitError: "Give --max-deletes as a number of files.",
    errors.ConfigurationError: "",
    errors.ConfigurationFileError: (
        "Name the archiver's configuration with --config or QUMULO_CHANGELIST_CONFIG, and let this "
        "user read it."
    ),
    errors.TrustFileError: (
        "Set QumuloCAFile to a file of certificates in PEM that this user can read."
    ),
    errors.CredentialsError: (
        "Start the worker with QUMULO_CHANGELIST_CONFIG, the path of an archiver's configuration "
        "for this cluster there, or with QUMULO_CHANGELIST_ACCESS_TOKEN; or let it use a session "
        "of the run, with --send-session."
    ),
    errors.ProjectFileError: "`qumulo-changelist projects check` shows everything that is wrong.",
    errors.IncomparableError: "Give two snapshots of the same directory.",
    errors.SnapshotTimeError: "Give the snapshot that was taken first with --prevsnapshotid.",
    errors.InvalidReceiptError: (
        "Make the list again, or read its receipt with the version that made it."
    ),
    errors.InvalidListError: (
        "Name a list, or its receipt, as it was written; `qumulo-changelist verify LIST` compares "
        "both."
    ),
    errors.StatusError: "Check the paths, and the ids of snapshots.",
    errors.NotFoundError: "Check that the path exists on the cluster.",
    errors.SnapshotMissingError: (
        "Check the snapshot ids (`qq snapshot_list_statuses` shows those that exist); snapshots "
        "also expire by themselves."
    ),
    errors.PolicySnapshotMissingError: (
        "`qq snapshot_list_policies` shows the policies; check that the policy is enabled and has "
        "taken a snapshot."
    ),
    errors.UnsupportedError: (
        # Qumulo's knowledge base, "Migrating REST API Endpoints for Snapshots and Policies".
        "The cluster's Core does not have what was asked for. Through qq, install the qq of the "
        "cluster's version (`pip install qumulo-api==VERSION`), or set QumuloTransport=rest. Over "
        "REST, snapshots need /v3/snapshots/ (Core 5.1.3 and later) or /v2/snapshots/ (before "
        "5.3.0), and their diff /v2/snapshots/…/changes-since/…: update the cluster."
    ),
    errors.RefusedError: (
        "Give the user PRIVILEGE_SNAPSHOT_READ, PRIVILEGE_SNAPSHOT_WRITE, "
        "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ and PRIVILEGE_FILE_READ_ACCESS on the cluster."
    ),
    errors.LoginError: (
        "Check QumuloUsername and QumuloPassword, or QumuloAccessToken, in the archiver's "
        "configuration."
    ),
    errors.SessionEndedError: (
        "The cluster did not accept a new one, either. Run the command again; if that does not "
        "help, give the workers credentials, and leave out --send-session."
    ),
    errors.SingleSignOnError: (
        "This user logs in through single sign-on, which takes no password here. Make an access "
        "token (`qq auth_create_access_token`, Core 5.3 and later), and set QumuloAccessToken and "
        "QumuloTransport=rest in the archiver's configuration; qq takes no token from there."
    ),
    errors.UnreachableError: _CONNECTION,
    errors.BrokenConnectionError: _CONNECTION,
    errors.UnclearOutcomeError: (
        "Check whether the cluster has a snapshot of this name before you try again."
    ),
    errors.CertificateError: (
        "If that is the fingerprint that the cluster's administrator confirms, set "
        "QumuloCertificateFingerprint to it in the archiver's configuration; or name in "
        "QumuloCAFile the authority that signed it."
    ),
    errors.ChangedCertificateError: (
        "The certificate was changed, or somebody intercepts the connection. Only if you know that "
        "it was changed, set QumuloCertificateFingerprint to that of the new one."
    ),
    errors.SchedulerError: (
        "Check that the scheduler runs (`dask scheduler`) and that this machine reaches its port; "
        "then try again. If the scheduler ended, its workers did, too: start them again after it."
    ),
    errors.SchedulerRefusedError: (
        "Both need a certificate of the same authority: check the three files here, and those "
        "that the scheduler was started with."
    ),
    errors.NoWorkersError: "Start a worker: `dask worker ADDRESS`, with the scheduler's address.",
    errors.WorkerMismatchError: (
        "Install the same version on all machines, for the same version of Python, and start the "
        "scheduler and its workers again."
    ),
    errors.WorkerError: (
        "Perhaps the machine ran out of memory: use fewer processes with --workers, and try again."
    ),
    errors.SessionStoreError: "Set XDG_STATE_HOME to a folder that belongs to this user alone.",
    errors.StateFileError: (
        "Let this user write there, or name a different file with --state. If the file is "
        "damaged, move it away: `qumulo-changelist adopt` restores what was committed from the "
        "cluster."
    ),
    errors.ProjectBusyError: "Wait for it, for example with --wait 1h.",
    errors.MountTimeoutError: (
        "Check that the file server is up and this machine reaches it, then try again; if it is "
        "only slow, use a greater --mount-timeout. --metadata rest needs no mount."
    ),
    errors.MountChangedError: (
        "Mount the share there again, and run the command again; --metadata rest needs no mount."
    ),
    errors.QqTimeoutError: (
        "Try again; if qq needs so long, use a greater --qq-timeout, or ask the cluster directly, "
        "with --transport rest."
    ),
    errors.TooManyUnreadableError: (
        "Check the mount, and what this user may read there. What is gone from a live share since "
        "the snapshot can be read with --metadata snapshot or rest. If so much is unreadable "
        "indeed, use a greater --max-unreadable."
    ),
    errors.MistakeError: (
        "Please report it, with the command and with what it prints with --verbose: that has no "
        "secret in it."
    ),
    errors.DeadlineError: "Run the command again, or with a greater --deadline.",
    errors.InconsistentReadError: (
        "Try again. If it happens again, check that every worker may read that directory, on each "
        "machine."
    ),
    errors.ReplyError: (
        "Check that QumuloClusterIP and QumuloClusterPort in the archiver's configuration name the "
        "cluster. If they do, and it happens again, report it, together with what `qq --version` "
        "and this command's --version print."
    ),
    errors.IncompleteReplyError: (
        "The cluster's answer was cut short, or the snapshot expired meanwhile; try again."
    ),
    errors.OversizedReplyError: (
        "Check that QumuloClusterIP and QumuloClusterPort in the archiver's configuration name the "
        "cluster, and that nothing on the way changes what it answers."
    ),
    errors.QqMissingError: (
        "Install it with `pip install qumulo-api` and put its folder on the PATH, or set "
        "QumuloQqPath in the archiver's configuration."
    ),
    errors.QqFailedError: "",
}

# After these, the list is in its place; after a mistake, nobody knows.
_AFTER_PUBLICATION = (errors.ReceiptError, errors.ResultError, errors.MistakeError)
# These may be due to what the archiver's configuration says.
_OF_THE_CONFIGURATION = (errors.RefusedError, errors.UnreachableError)
# These end a run before its work begins.
_BEFORE_WORK = (
    errors.ProjectNameError,
    errors.ListNameError,
    errors.ClusterPathError,
    errors.SnapshotOrderError,
    errors.MappedPathError,
    errors.ConfigurationError,
    errors.LogFileError,
)


def hint_for(
    error: ChangelistError,
    *,
    makes_list: bool,
    overrides: Mapping[type[ChangelistError], str] = MappingProxyType({}),
) -> str:
    """Return what the user can do about an error; "" if there is nothing to add.

    Args:
        error: what ended the run.
        makes_list: whether the command makes a list; its user wants to know what became of that.
        overrides: hints of the command in place of the usual ones.
    """
    hint = error.hint or _hint_of_class(error, {**_HINTS, **overrides})
    if error.command:
        hint = hint.replace(" COMMAND", f" {error.command}")
    if error.project:
        hint = hint.replace(" PROJECT", f" {shlex.quote(error.project)}")
    if error.worker and hint:
        hint = f"On the worker {error.worker}: {hint}"
    # A worker of a different machine has read its own.
    elif error.configuration and isinstance(error, _OF_THE_CONFIGURATION):
        hint = f"{hint} The configuration is {error.configuration}.".lstrip()
    if makes_list and isinstance(error, ResourceError) and error.number != errno.EMFILE:
        hint = f"{hint} {_FEWER_WORKERS}"
    is_about_list = makes_list and not isinstance(error, _AFTER_PUBLICATION + _BEFORE_WORK)
    return " ".join(filter(None, (_NO_LIST if is_about_list else "", hint)))


def _hint_of_class(error: ChangelistError, hints: Mapping[type[ChangelistError], str]) -> str:
    if isinstance(error, errors.UncommittableError) and error.snapshot is not None:
        return (
            f"To commit the list of snapshot {error.snapshot}: `qumulo-changelist commit PROJECT "
            f"--snapshot {error.snapshot}`."
        )
    if isinstance(error, ResourceError):
        return _SHORTAGES.get(error.number, "")
    return next((hints[kind] for kind in type(error).__mro__ if kind in hints), "")
