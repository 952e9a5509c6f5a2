"""A report of the lists that runs make: each is read while it is surely in its place."""

from collections.abc import Sequence

from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.events import Event, Listener, ListMade, Stage, StageBegun
from qumulo_changelist.operations.project.source_run import SourceRun
from qumulo_changelist.operations.report.listed import ListReport, report_list
from qumulo_changelist.operations.report.making import MissingList, Report, assemble


class RunReport:
    """A listener that reads each list as soon as it is made, before anybody takes it away.

    Args:
        listener: receives every event, too.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lists: list[ListReport] = []
        self._missing: list[MissingList] = []

    def __call__(self, event: Event) -> None:
        """Pass an event on, and read the list if it is about one."""
        self._listener(event)
        if isinstance(event, ListMade):
            self._listener(StageBegun(Stage.REPORTING, event.source))
            try:
                self._lists.append(report_list(event.path))
            except ChangelistError as error:
                self._missing.append(MissingList(event.project, event.source, str(error)))

    def add_result(self, project: str, sources: Sequence[SourceRun]) -> None:
        """Take note of the sources of a run that have no list.

        Args:
            project: the project.
            sources: what the run did for each source.
        """
        for one in sources:
            if one.result is None:
                reason = str(one.failure) if one.failure else "there is no newer snapshot to list"
                self._missing.append(MissingList(project, one.source, reason))

    def add_failure(self, project: str, error: ChangelistError) -> None:
        """Take note of a project that could not be run at all."""
        self._missing.append(MissingList(project, "", str(error)))

    def report(self, state: str) -> Report | None:
        """Return the report; None if there is no list.

        Args:
            state: the file that keeps what was committed; "" for this user's own.
        """
        if not self._lists:
            return None
        return assemble(self._lists, self._missing, None, state)
