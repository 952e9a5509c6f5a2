"""Folders of this user that nobody else reaches into, among the state of this machine."""

import contextlib
import os
import stat

from platformdirs import user_state_dir


class ForeignFolderError(Exception):
    """A folder belongs to somebody else, is none, or lets others in; ``str()`` says so."""


def state_folder(name: str) -> str:
    """Return the path of a folder among this user's state; it need not exist."""
    return os.path.join(user_state_dir("qumulo-changelist"), name)


def make_private(folder: str) -> None:
    """Make a folder if it is missing, and keep everybody else out of it.

    If others could reach into it until now, its files may be theirs: they are removed. Locks of
    this user stay, since a process may hold them; nobody reads what is in one.

    Raises:
        ForeignFolderError: it is not a folder of this user, or its path is not absolute, or its
            file system keeps nobody out.
        OSError: it cannot be made.
    """
    if not os.path.isabs(folder):
        raise ForeignFolderError("this user has no home directory")
    os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    if others_reach(folder):
        os.chmod(folder, 0o700)
        if others_reach(folder):  # as on CIFS, where that may do nothing
            raise ForeignFolderError(
                f"others can reach into {folder}, and its file system does not let this user "
                "change that"
            )
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False) and not _is_own_lock(entry):
                    os.unlink(entry.path)


def _is_own_lock(entry: "os.DirEntry[str]") -> bool:
    is_ours = entry.stat(follow_symlinks=False).st_uid == os.geteuid()
    return is_ours and entry.name.endswith(".lock") and entry.is_file(follow_symlinks=False)


def others_reach(folder: str) -> bool:
    """Return whether others can reach into a folder of this user.

    Raises:
        ForeignFolderError: it is not a folder of this user; a link to one is none.
        OSError: it cannot be looked at.
    """
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ForeignFolderError(f"{folder} is not a folder of this user")
    return bool(stat.S_IMODE(found.st_mode) & 0o077)
