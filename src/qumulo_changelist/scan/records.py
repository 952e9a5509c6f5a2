"""Entries as text that sorts by name, to be sent to other processes, sorted and set aside. Pure."""

from qumulo_changelist.changes import key
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, Op, State

_STATES = dict(zip(State, "PDUOGF", strict=True))
_KINDS = dict(zip(Kind, "FDO", strict=True))
_OPS: dict[Op, str] = {CREATE: "C", MODIFY: "M", DELETE: "D"}
_STATE_OF = {letter: state for state, letter in _STATES.items()}
_KIND_OF = {letter: kind for kind, letter in _KINDS.items()}
_OP_OF = {letter: op for op, letter in _OPS.items()}
_REPLACES = "R"
_NO_ID = "-"


def encode(entry: Entry) -> str:
    """Return an entry as a record: a key (``changes/key.py``) of its name and everything else.

    ``moved_from`` is kept only for an entry that is present, and ``reason`` only for all others.
    """
    known = entry.attributes
    owner = _NO_ID if known.owner is None else known.owner
    group = _NO_ID if known.group is None else known.group
    return key.join(
        entry.name,
        f"{_STATES[entry.state]}{_KINDS[known.kind]}{_OPS[entry.op]}"
        f"{_REPLACES if entry.replaces else ''} {known.size} {known.mtime} {known.atime} "
        f"{owner} {group} {known.id} {known.revision} {entry.moved_from or entry.reason}",
    )


def decode(record: str) -> Entry:
    """Return the entry of a record."""
    name, rest = key.split(record)
    letters, size, mtime, atime, owner, group, file_id, revision, text = rest.split(" ", 8)
    state = _STATE_OF[letters[0]]
    return Entry(
        state,
        name,
        Attributes(
            _KIND_OF[letters[1]],
            int(size),
            int(mtime),
            int(atime),
            None if owner == _NO_ID else int(owner),
            None if group == _NO_ID else int(group),
            file_id,
            revision,
        ),
        _OP_OF[letters[2]],
        "" if state is State.PRESENT else text,
        letters.endswith(_REPLACES),
        text if state is State.PRESENT else "",
    )
