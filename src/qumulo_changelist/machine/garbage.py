"""How often Python searches for garbage that reference counting does not find."""

import gc

_NEW_OBJECTS = 100_000


def search_rarely() -> None:
    """Let this process search less often.

    Millions of small objects come and go with a list, and none of them refers to itself. A search
    after every few hundred takes noticeable time, and finds nothing.
    """
    gc.set_threshold(_NEW_OBJECTS)
