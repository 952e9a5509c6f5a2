"""The one table from the emulator's exceptions to HTTP statuses and Qumulo's error classes."""

from typing import Any

from qumulo_emulator import errors

_STATUSES_AND_CLASSES: dict[type[errors.EmulatorError], tuple[int, str]] = {
    errors.NoSuchEntryError: (404, "fs_no_such_entry_error"),
    errors.EntryExistsError: (409, "fs_entry_exists_error"),
    errors.NotADirectoryHereError: (400, "fs_not_a_directory_error"),
    errors.NotAFileError: (400, "fs_not_a_file_error"),
    errors.DirectoryNotEmptyError: (409, "fs_directory_not_empty_error"),
    errors.InvalidRequestError: (400, "request_validation_error"),
    errors.UndecodableRequestError: (400, "decode_error"),
    errors.InvalidPathError: (400, "fs_invalid_name_error"),
    errors.SnapshotNotFoundError: (404, "api_snapshots_snapshot_not_found_error"),
    # How a cluster names these three is documented nowhere.
    errors.SnapshotLockedError: (409, "api_snapshots_snapshot_locked_error"),
    errors.NoSuchPolicyError: (404, "api_snapshots_policy_not_found_error"),
    errors.PolicyExistsError: (409, "api_snapshots_policy_exists_error"),
    errors.NotCoveredBySnapshotError: (404, "fs_file_not_covered_by_snapshot_error"),
    errors.SnapshotDiffError: (400, "api_snapshots_invalid_diff_error"),
    errors.StalePageKeyError: (400, "api_invalid_page_key_error"),
    errors.LoginFailedError: (401, "auth_bad_credentials_error"),
    errors.NotAuthenticatedError: (401, "auth_not_authenticated_error"),
    errors.AccessDeniedError: (403, "fs_access_denied_error"),
    errors.MissingPrivilegeError: (403, "http_forbidden_error"),
    errors.NoSuchTokenError: (404, "auth_no_such_access_token_error"),
    errors.NoSuchUserError: (404, "auth_no_such_identity_error"),
    errors.NoSuchPartError: (404, "http_not_found_error"),
    errors.NotEmulatedError: (501, "emulator_not_supported_error"),
    errors.StorageFailedError: (500, "fs_storage_error"),
    errors.StateError: (500, "emulator_state_error"),
}
_USUAL_CLASSES = {
    400: "http_bad_request_error",
    401: "auth_not_authenticated_error",
    403: "http_forbidden_error",
    404: "http_not_found_error",
    405: "http_method_not_allowed_error",
    429: "http_too_many_requests_error",
    500: "internal_error",
    501: "http_not_implemented_error",
    502: "http_bad_gateway_error",
    503: "http_service_unavailable_error",
    504: "http_gateway_timeout_error",
}


def status_and_class(error: errors.EmulatorError) -> tuple[int, str]:
    """Return the HTTP status and Qumulo's error class for an exception."""
    for kind in type(error).__mro__:
        if kind in _STATUSES_AND_CLASSES:
            return _STATUSES_AND_CLASSES[kind]
    return 500, "internal_error"


def error_body(status: int, description: str, error_class: str | None = None) -> dict[str, Any]:
    """Return the JSON of an error, in Qumulo's form; by default with the status' usual class."""
    return {
        "description": description,
        "module": "qumulo_emulator",
        "error_class": error_class or _USUAL_CLASSES.get(status, f"http_{status}_error"),
        "user_visible": True,
        "stack": [],
    }
