"""The page that ``run --report`` writes when everything else is done."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qumulo_changelist.cli.screen import Screen, say
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.events import Listener

if TYPE_CHECKING:
    from qumulo_changelist.operations.project.source_run import SourceRun
    from qumulo_changelist.operations.report.run_report import RunReport


class RunPage:
    """A page of all lists of a command line.

    Args:
        path: where it belongs.
        lists: what has listened to the runs.
    """

    def __init__(self, path: str, lists: "RunReport") -> None:
        self._path = path
        self._lists = lists

    @property
    def listener(self) -> Listener:
        """What has to receive the events of the runs."""
        return self._lists

    def add_result(self, project: str, sources: Sequence["SourceRun"]) -> None:
        """Take note of what a run did for each source."""
        self._lists.add_result(project, sources)

    def add_failure(self, project: str, error: ChangelistError) -> None:
        """Take note of a project that could not be run."""
        self._lists.add_failure(project, error)

    def write(self, state: str) -> dict[str, object]:
        """Write the page, and return what ``--json`` prints of it.

        The runs stand, whatever happens here: what fails is said, and changes no exit code.

        Args:
            state: the file that keeps what was committed; "" for this user's own.
        """
        from qumulo_changelist.report_page.file import write_page

        report = self._lists.report(state)
        if report is None:
            say("no report was written, since there is no list")
            return {"report": None}
        try:
            write_page(report, self._path)
        except ChangelistError as error:
            say(f"the run stands, but its report was not written: {error}")
            return {"report": None}
        return {"report": self._path}


def page_of(path: str | None, screen: Screen) -> RunPage | None:
    """Return the page that an option wants; None if it wants none.

    Args:
        path: where it belongs; None for no page.
        screen: receives the events of the runs.

    Raises:
        MissingPackageError: the extra ``report`` is not installed.
        OutputError: a page cannot be there.
    """
    if path is None:
        return None
    from qumulo_changelist.operations.report.run_report import RunReport
    from qumulo_changelist.report_page.file import check_page

    check_page(path)
    return RunPage(path, RunReport(screen))
