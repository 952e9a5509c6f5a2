"""Files of projects that have a secret which others can read."""

import os
from collections.abc import Iterable, Iterator

from qumulo_changelist.config.exposure import describe_readers
from qumulo_changelist.errors import ProjectFileError
from qumulo_changelist.events import Listener, SecretExposed
from qumulo_changelist.names import to_bytes
from qumulo_changelist.projects.file import parse_projects, read_text


def files_with_secrets(files: Iterable[str]) -> Iterator[str]:
    """Yield the files in which a project has a ``notify_url``, which may contain a secret.

    Args:
        files: those that may define projects; they need not exist.

    Raises:
        ProjectFileError: one cannot be read.
    """
    for file in files:
        found, _ = parse_projects(read_text(file, is_needed=False), file)
        if any(project.notify_url for project in found.values()):
            yield file


def report_exposed_files(files: Iterable[str], listener: Listener) -> None:
    """Report a ``SecretExposed`` for each file of projects whose secret others can read.

    Args:
        files: those that may define projects; they need not exist.
        listener: receives the events.
    """
    try:
        for file in files_with_secrets(files):
            if readers := describe_readers(os.stat(to_bytes(file))):
                listener(SecretExposed(file, readers))
    except (OSError, ProjectFileError):
        return  # what is wrong with a file is said where projects are read
