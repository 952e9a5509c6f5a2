"""How often Python searches for garbage that reference counting does not find."""

import gc

_NEW_OBJECTS = 100_000


def search_rarely() -> None:
    """Let this process search less often.

    Millions of small objects come and go with a list, and none of them refers to itself: a search
    after every few hundred finds nothing, and takes a tenth of the time of the run.
    """
    gc.set_threshold(_NEW_OBJECTS)
