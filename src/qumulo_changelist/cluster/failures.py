"""What the errors of a cluster mean: one table for REST and for ``qq``, which prints them.

An error has an HTTP status and a class, the cluster's own name for it.
"""

# The classes of the error for a path that a snapshot does not hold. Which of them a cluster sends
# is documented nowhere: public clients know each of them.
_ABSENCES = frozenset(
    (
        "fs_no_such_entry_error",
        "fs_no_such_file_version_error",
        "fs_no_such_inode_error",
        "fs_no_such_path_error",
        "fs_not_a_directory_error",
        "fs_file_not_covered_by_snapshot_error",
    )
)

LOGIN_KEYS = "QumuloUsername and QumuloPassword"

_SINGLE_SIGN_ON = "auth_sso_required_error"
_UNKNOWN_URL = "http_not_found_error"
_SNAPSHOT_NOT_FOUND = "snapshot_not_found"


def is_absence(status: int, error_class: str) -> bool:
    """Return whether an error is that there is no such entry, or no directory there."""
    return status in (400, 404) and error_class in _ABSENCES


def is_unknown_url(status: int, error_class: str) -> bool:
    """Return whether the cluster's version does not have what was asked."""
    return status == 404 and error_class == _UNKNOWN_URL


def is_snapshot_missing(error_class: str) -> bool:
    """Return whether an error of this class means that there is no such snapshot."""
    return _SNAPSHOT_NOT_FOUND in error_class


def hint(status: int, error_class: str, credentials: str = LOGIN_KEYS) -> str:
    """Return what the user can do about an error; "" where nothing is known.

    Args:
        status: the HTTP status.
        error_class: the cluster's name for the error; "" where it gave none.
        credentials: the keys of the configuration that say who the user is.
    """
    if error_class == _SINGLE_SIGN_ON:
        return (
            "This user logs in through single sign-on, which takes no password here. Make an "
            "access token (`qq auth_create_access_token`, Core 5.3 and later), and set "
            "QumuloAccessToken and QumuloTransport=rest in the archiver's configuration; qq takes "
            "no token from there."
        )
    if status == 401:
        return f"Check {credentials} in the archiver's configuration."
    if status == 403:
        return (
            "Give the user PRIVILEGE_SNAPSHOT_READ, PRIVILEGE_SNAPSHOT_WRITE, "
            "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ and PRIVILEGE_FILE_READ_ACCESS on the cluster."
        )
    if status != 404:
        return ""
    if is_snapshot_missing(error_class):
        return "Check the snapshot ids; snapshots also expire by themselves."
    if error_class == _UNKNOWN_URL:
        # Qumulo's knowledge base, "Migrating REST API Endpoints for Snapshots and Policies".
        return (
            "The cluster's Core does not have what was asked. Snapshots need /v3/snapshots/ (Core "
            "5.1.3 and later) or /v2/snapshots/ (before 5.3.0), and their diff "
            "/v2/snapshots/…/changes-since/…: update the cluster."
        )
    return "Check that the path exists on the cluster."
