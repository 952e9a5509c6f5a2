"""Hints of ``qumulo-changelist`` where those of the two known commands name options it has not.

``PROJECT`` stands for the project that an error is about, ``COMMAND`` for the sub-command.
"""

from qumulo_changelist import errors
from qumulo_changelist.errors import ChangelistError

CYCLE_HINTS: dict[type[ChangelistError], str] = {
    errors.UsageError: "`qumulo-changelist COMMAND --help` shows its options, with examples.",
    errors.ProjectNameError: (
        "Name the project in UTF-8, without / and control characters, such as Show_1."
    ),
    errors.ListNameError: "Check guid and index of the project in projects.toml.",
    errors.BasePathError: (
        "Check the directory of the project: path in projects.toml, or --source. A snapshot of it "
        "must exist."
    ),
    errors.SnapshotOrderError: "Give the older snapshot first.",
    errors.MappedPathError: (
        "Check that the share is mounted where mapped_path of the project says; without "
        "mapped_path, everything is read over REST."
    ),
    errors.NoMappedPathError: (
        "Set mapped_path of the project, or give --mapped-path; or choose --metadata rest, which "
        "needs no mount."
    ),
    errors.WrongMountError: (
        "Check that the share is mounted there, and that mapped_path of the project is the "
        "directory where this machine sees it; `qumulo-changelist doctor PROJECT` compares both."
    ),
    errors.HiddenSnapshotError: (
        "Check that .snapshot can be reached there (over NFSv4.1 from Core 5.2.4 on), or set "
        'metadata = "rest" for the project.'
    ),
    errors.SnapshotTimeError: "Give the snapshot first that was taken first.",
    errors.ConfigurationFileError: (
        "`qumulo-changelist init` makes one. Or name one with --config, with "
        "QUMULO_CHANGELIST_CONFIG, or as config of the project, and let this user read it."
    ),
    errors.SnapshotMissingError: (
        "`qumulo-changelist snapshot list` shows those that exist; snapshots also expire by "
        "themselves."
    ),
    errors.DeletionLimitError: (
        "Nothing was committed. If this is what happened, use a greater max_deletes once: "
        "`qumulo-changelist run PROJECT --max-deletes N`."
    ),
    errors.InexpressibleError: (
        "Give --no-deletes or --no-moves, or use a format that has them, such as --format xml."
    ),
    errors.ResultError: "Only the output is cut short: what else the command does is done.",
    errors.UnclearOutcomeError: (
        "The next run finds the snapshot by its name, if the cluster took it, and removes it after "
        "a commit."
    ),
}
