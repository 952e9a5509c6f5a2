"""Writes the table of exit codes into ``reference/exit-codes.md``, from the classes of errors.

``python docs/error_table.py`` writes it between two marks; ``make docs-picture`` runs it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from qumulo_changelist import errors
from qumulo_changelist.cli.cycle_hints import CYCLE_HINTS
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.errors import ChangelistError

PAGE = Path(__file__).resolve().parent / "reference" / "exit-codes.md"

BEGIN = "<!-- made by `make docs-picture`: do not edit -->"
END = "<!-- end of what `make docs-picture` makes -->"

# How a command ends without an error of the tree.
_WITHOUT_ERROR = {
    "0": "The list is complete.",
    "1": "The list was written, but something could not be read or named: see its `<bad-dir>` "
    "entries.",
    "129, 130, 143": "Interrupted by SIGHUP, SIGINT or SIGTERM.",
}
_OF_QQ = "other"
_BY_NUMBER = "see the message: it depends on what is lacking"
_BY_MESSAGE = "see the message"


def table() -> str:
    """Return the table in Markdown: the codes in their order, and of each its classes."""
    rows = [(code, f"| {code} | | {meaning} | | |") for code, meaning in _WITHOUT_ERROR.items()]
    for kind in _classes_below(ChangelistError):
        code = _OF_QQ if kind is errors.QqFailedError else str(kind.exit_code)
        again = "yes" if kind.transient else ""
        cells = (code, f"`{kind.__name__}`", _meaning(kind), again, _hint(kind))
        rows.append((code, f"| {' | '.join(cells)} |"))
    rows.sort(key=lambda row: int(row[0].partition(",")[0]) if row[0] != _OF_QQ else 999)
    head = ["| exit code | class | what it means | again | what to do |", "| --- " * 5 + "|"]
    return "\n".join([*head, *(row for _, row in rows)])


def embed(text: str) -> str:
    """Return the text of the page with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _classes_below(root: type[ChangelistError]) -> Iterator[type[ChangelistError]]:
    for kind in root.__subclasses__():
        if not kind.__module__.startswith(f"{errors.__name__}."):
            continue
        yield kind
        yield from _classes_below(kind)


def _meaning(kind: type[ChangelistError]) -> str:
    first = (kind.__doc__ or "").partition("\n\n")[0]
    return re.sub(r"\s+", " ", first).replace("``", "`").replace("|", r"\|")


def _hint(kind: type[ChangelistError]) -> str:
    if kind is errors.ResourceError:
        return _BY_NUMBER
    if issubclass(kind, errors.StatusError):
        error: ChangelistError = kind("", status=0, error_class="")
    else:
        error = kind("")
    hint = hint_for(error, makes_list=False, overrides=CYCLE_HINTS) or _BY_MESSAGE
    return hint.replace("|", r"\|")


def main() -> None:
    """Write the table into the page."""
    PAGE.write_text(embed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
