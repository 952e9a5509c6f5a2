"""What the pages say that no parser knows: exit codes, environment variables and files."""

from collections.abc import Set as AbstractSet

from qumulo_changelist import errors
from qumulo_changelist.errors import ChangelistError

_LISTS = {
    0: "Success; a list is complete.",
    1: "The list was written, but something on it could not be read or named; or, if no path was "
    "printed, `qq` failed and no list was written.",
}
_BEGINNINGS = {
    "run": _LISTS,
    "diff": _LISTS,
    "scan": _LISTS,
    "qumulo-generate-changelist": _LISTS,
    "status": {
        0: "All is well.",
        1: "A last run failed, nothing was ever committed, or the archive is older than "
        "`--max-age`.",
    },
}
_SUCCESS = {0: "Success."}
_EMULATOR = "qumulo-emulator"
_EMULATOR_EXITS = [
    ("0", "It was stopped by SIGTERM or SIGINT."),
    ("1", "It could not start."),
    ("2", "The command line is wrong."),
]
_SIGNALS = "Interrupted by SIGHUP, SIGINT or SIGTERM."

# The codes that a command can end with follow from its options, and from these.
_OWN_CODES = {
    "run": {1, 3, 7, 75},
    "commit": {75},
    "adopt": {75},
    "projects": {75},
    "verify": {5, 65},
    "explain": {65},
    "report": {65},
}
_ALWAYS = {2, 4, 71}
_CODES_BY_OPTION = {
    "--config": {23, 65, 66, 69, 73, 76, 77, 127},
    "--projects": {23},
    "--state": {73},
    "--verify": {5, 70},
    "--max-deletes": {6},
    "--max-unreadable": {8},
}

CONFIGURATION = "/etc/StorageDNA/DNAClientServices.conf"
"""Where the archiver's configuration is, except on macOS."""
PROJECTS = "~/.config/qumulo-changelist/projects.toml"
"""Where a user's own projects are, except on macOS."""

_VARIABLES = {
    "--config": ("QUMULO_CHANGELIST_CONFIG", "The archiver's configuration, like `--config`."),
    "--projects": ("QUMULO_CHANGELIST_PROJECTS", "The file of projects, like `--projects`."),
    "--state": ("QUMULO_CHANGELIST_STATE", "What is committed, like `--state`."),
    "--log-file": ("QUMULO_CHANGELIST_LOG", "The log, like `--log-file`."),
    "--log-format": ("QUMULO_CHANGELIST_LOG_FORMAT", "How it is written, like `--log-format`."),
    "--password-file": (
        "QUMULO_CHANGELIST_PASSWORD",
        "The password, if `--password-file` is not given.",
    ),
    "--access-token-file": (
        "QUMULO_CHANGELIST_ACCESS_TOKEN",
        "The access token, if `--access-token-file` is not given.",
    ),
    "--json": ("NO_COLOR", "If it is set, nothing is coloured."),
}
_OWN_VARIABLES = {
    "run": (
        "QUMULO_CHANGELIST_LIST, QUMULO_CHANGELIST_RECEIPT, QUMULO_CHANGELIST_PROJECT, "
        "QUMULO_CHANGELIST_SOURCE, QUMULO_CHANGELIST_OLDER, QUMULO_CHANGELIST_NEWER",
        "Set for the command after `--`.",
    ),
    _EMULATOR: (
        "QUMULO_EMULATOR_PASSWORD",
        "The user's password; without it, one is generated and printed.",
    ),
}

_FILES = {
    "--config": (
        (
            CONFIGURATION,
            "The archiver's configuration; on macOS "
            "`/Library/Preferences/com.storagedna.DNAClientServices.plist`.",
        ),
    ),
    "--projects": (
        ("/etc/qumulo-changelist/projects.toml", "The projects of this machine."),
        (PROJECTS, "This user's own projects; on macOS in `~/Library/Application Support`."),
        (
            "~/.config/qumulo-changelist/cluster.conf",
            "How to reach the cluster, if the archiver has no configuration: `init` makes it.",
        ),
    ),
    "--state": (
        ("~/.local/state/qumulo-changelist/state.sqlite", "What this machine has committed."),
    ),
}
_LIST_FILE = (
    "FastScanWorkFolder/sdna-scan-files/GUID/N-files.xml",
    "A list; its ending is that of its format. FastScanWorkFolder is a key of the configuration "
    "(default: `/tmp`). Beside the list is its receipt, `N-files.json`.",
)


def describe_exits(command: str, options: AbstractSet[str]) -> list[tuple[str, str]]:
    """Return the exit codes of a command, each with its meaning."""
    if command == _EMULATOR:
        return _EMULATOR_EXITS
    beginning = _BEGINNINGS.get(command, _SUCCESS)
    described = [(str(code), meaning) for code, meaning in beginning.items()]
    codes = _ALWAYS | _OWN_CODES.get(command, set())
    for option, more in _CODES_BY_OPTION.items():
        codes |= more if option in options else set()
    meanings = meanings_of_codes()
    described += [(str(code), meanings[code]) for code in sorted(codes - beginning.keys())]
    described.append(("129, 130, 143", _SIGNALS))
    if "--config" in options:
        described.append(("other", _first_line(errors.QqFailedError)))
    return described


def meanings_of_codes() -> dict[int, str]:
    """Return what each exit code means, as the classes of errors say it."""
    meanings: dict[int, list[str]] = {}
    for name in errors.__all__:
        kind = getattr(errors, name)
        is_first = (
            issubclass(kind, ChangelistError)
            and kind not in (ChangelistError, errors.QqFailedError)
            and kind.exit_code != getattr(kind.__base__, "exit_code", None)
        )
        if is_first:
            meanings.setdefault(kind.exit_code, []).append(_first_line(kind))
    return {code: " ".join(sentences) for code, sentences in meanings.items()}


def describe_variables(command: str, options: AbstractSet[str]) -> list[tuple[str, str]]:
    """Return the environment variables that a command reads or sets, each with its meaning."""
    own = [_OWN_VARIABLES[command]] if command in _OWN_VARIABLES else []
    if command == _EMULATOR:
        return own
    return [known for option, known in _VARIABLES.items() if option in options] + own


def describe_files(command: str, options: AbstractSet[str]) -> list[tuple[str, str]]:
    """Return the files that a command reads or writes, each with its meaning."""
    if command == _EMULATOR:
        return []  # its options are like those of the client in name alone
    described = [known for option, all_ in _FILES.items() if option in options for known in all_]
    return [*described, _LIST_FILE] if options & {"--format", "--list"} else described


def _first_line(kind: type[ChangelistError]) -> str:
    return (kind.__doc__ or "").partition("\n")[0].replace("``", "`")
