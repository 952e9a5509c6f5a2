"""One of the lists that a run fills: its format, its file, and what it contains so far."""

import contextlib

from qumulo_changelist.operations.lists.places import ListPlace
from qumulo_changelist.output.formats import FORMATS, ListParameters
from qumulo_changelist.output.list_file import list_file
from qumulo_changelist.scan.tally import Tally


class OpenList:
    """A list that is being filled.

    Args:
        place: where it belongs, and its format.
        parameters: what its format has to know.
        stack: removes what is not published.
    """

    def __init__(
        self, place: ListPlace, parameters: ListParameters, stack: contextlib.ExitStack
    ) -> None:
        self.format = place.format
        self.list_format = FORMATS[place.format].make(parameters)
        self.file = stack.enter_context(list_file(place.path, self.list_format))
        self.tally = Tally()
