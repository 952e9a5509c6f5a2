"""Who else could replace a file of ours, in a folder where every user of the machine may write.

Whoever owns a folder can replace what is in it. In ``/tmp`` somebody else may have made the folder
of a project before its first run. What such a folder has could be anybody's, and is not used.
"""

import contextlib
import os
import pwd
import shlex
import stat
import tempfile
from collections.abc import Iterator

from qumulo_changelist.errors import ChangelistError, OutputError
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.names import to_bytes, to_text

_ROOT = 0
_MAX_LINKS = 40


def check_owners(path: str, kind: type[ChangelistError] = OutputError) -> None:
    """Make sure that only this user and root can replace a file in folders that all may write to.

    Folders in which not everybody may write are not looked at: they are as somebody wanted them.

    Args:
        path: the file, which need not exist, and neither do its folders; absolute.
        kind: the class of the error.

    Raises:
        ChangelistError: of that class: the file, a folder above it, or a link on the way is in a
            folder where everybody may write, and belongs to a different user.
    """
    try:
        for place in _exposed(os.fsdecode(to_bytes(path))):
            _check(place, path, kind)
    except (OSError, ValueError) as error:
        check_shortage(error)  # else writing there fails, or not, for a reason that is said then


def check_open_file(descriptor: int, path: str, kind: type[ChangelistError]) -> None:
    """Make sure that an open file is this user's or root's alone, if it is where all may write.

    Whoever may write to its folder may have put it there since its path was looked at, or may have
    given a second name to a file that is somewhere else.

    Args:
        descriptor: the file.
        path: where it was opened; absolute.
        kind: the class of the error.

    Raises:
        ChangelistError: of that class: it belongs to a different user, or has several names.
    """
    place = os.fsdecode(to_bytes(path))
    with contextlib.suppress(OSError):  # then nobody can write there
        if not os.stat(os.path.dirname(place)).st_mode & stat.S_IWOTH:
            return
    found = os.fstat(descriptor)
    _check_owner(found, place, path, kind)
    if found.st_nlink > 1:
        raise kind(
            f"{path} is not used: it is a file with several names, in a folder where every user "
            "may write",
            hint=f"Look what it is (`ls -li {_word(place)}`), and remove that name, or use a "
            "different file.",
        )


def _exposed(path: str) -> Iterator[str]:
    """Yield what is on the way to a path and directly in a folder where everybody may write."""
    left = [name for name in reversed(path.split("/")) if name]
    place, links = "/", 0
    while left:
        name = left.pop()
        if name == "..":
            place = os.path.dirname(place)
            continue
        is_exposed = bool(os.stat(place).st_mode & stat.S_IWOTH)
        place = os.path.join(place, name)
        if is_exposed:
            yield place
        if os.path.islink(place) and links < _MAX_LINKS:
            links += 1
            target = os.readlink(place)
            left += [name for name in reversed(target.split("/")) if name not in ("", ".")]
            place = "/" if target.startswith("/") else os.path.dirname(place)


def _check(place: str, path: str, kind: type[ChangelistError]) -> None:
    _check_owner(os.lstat(place), place, path, kind)


def _check_owner(found: os.stat_result, place: str, path: str, kind: type[ChangelistError]) -> None:
    if found.st_uid in (os.geteuid(), _ROOT) or _has_no_owners(place, found):
        return
    what = {stat.S_IFDIR: "the folder", stat.S_IFLNK: "the link"}.get(stat.S_IFMT(found.st_mode))
    raise kind(
        f"{path} is not used: {what or 'the file'} {to_text(os.fsencode(place))} belongs to "
        f"{_name_of(found.st_uid)}, and not to this user",
        hint=_hint(place),
    )


def _has_no_owners(place: str, found: os.stat_result) -> bool:
    """Return whether a file system gives every file to one user, as some shares do.

    NFS may give to nobody what root makes, and keep apart what belongs to the others.
    """
    folder = place if stat.S_ISDIR(found.st_mode) else os.path.dirname(place)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.fstat(file.fileno()).st_uid == found.st_uid
    except OSError:
        return False


def _hint(place: str) -> str:
    """Return what to type so that a place belongs to this user."""
    option = "-h " if os.path.islink(place) else ""
    return (
        "In a folder where every user may write, others can replace what is theirs. If you know "
        f"what is there: `chown {option}{_login(os.geteuid())} {_word(place)}` as root. Or use a "
        "folder where not everybody may write; for lists, FastScanWorkFolder in the archiver's "
        "configuration says which."
    )


def _word(place: str) -> str:
    return shlex.quote(to_text(os.fsencode(place)))


def _name_of(user: int) -> str:
    login = _login(user)
    return f"the user with the number {user}" if login == str(user) else f"the user {login}"


def _login(user: int) -> str:
    """Return the name of a user; the number if there is none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
