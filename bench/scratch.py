"""Where trees and lists are written to be measured."""

import os
import tempfile

# A tree of a million files is made quickly here. So no way is measured with its disk.
_MEMORY_FOLDER = "/dev/shm"


def scratch_folder() -> str:
    """Return a folder in memory if this machine has one, else the usual folder for such files."""
    return _MEMORY_FOLDER if os.access(_MEMORY_FOLDER, os.W_OK) else tempfile.gettempdir()
