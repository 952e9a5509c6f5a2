"""The file of a page: whether it can be made, and making it."""

import importlib.util
import os

from qumulo_changelist.errors import MissingPackageError, OutputError
from qumulo_changelist.machine.durable import sync_folder
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.report.making import Report
from qumulo_changelist.output.atomic import (
    AtomicFile,
    check_replaceable,
    output_errors,
    remove_leftovers,
)
from qumulo_changelist.wording import how_to_install

_NEEDED = ("jinja2", "plotly")


def check_page(path: str) -> None:
    """Make sure that a page can be made, as far as that shows before the work.

    Args:
        path: where it belongs.

    Raises:
        MissingPackageError: the extra ``report`` is not installed.
        OutputError: something other than a regular file is there, or there is no such folder.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise MissingPackageError(
            f"a report as a page needs {' and '.join(missing)}, which {verb} not installed",
            hint=how_to_install("report"),
        )
    check_replaceable(path)
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(to_bytes(folder)):
        raise OutputError(
            f"{path} cannot be written: there is no folder {folder}",
            hint="Name a file in a folder that exists.",
        )


def write_page(report: Report, path: str) -> None:
    """Write the page of a report: one HTML file, whole or not at all.

    Args:
        report: the report.
        path: the file; one that exists is replaced.

    Raises:
        OutputError: it cannot be written, or is a list that is reported, or its receipt.
        MissingPackageError: the extra ``report`` is not installed.
    """
    check_page(path)
    kept = [file for one in report.lists for file in one.files]
    if _real(path) in map(_real, kept):
        raise OutputError(
            f"{path} cannot be written: it is what is reported", hint="Name a different file."
        )
    from qumulo_changelist.report_page.page import render

    page = render(report)
    local = os.path.abspath(os.fsdecode(to_bytes(path)))
    remove_leftovers(local)
    with output_errors(path), AtomicFile(local) as file:
        file.lock()
        file.file.write(page)
        file.finish()
        file.place()
        sync_folder(os.path.dirname(local))


def _real(path: str) -> str:
    return os.path.realpath(os.fsdecode(to_bytes(path)))
