"""Writes tables into pages, from the code: of exit codes, and of the events of a log.

``python docs/tables.py`` writes each between two marks of its page, so that a reader of the files
sees it, too; ``make docs-picture`` runs it.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

from msgspec.structs import FieldInfo, fields

from qumulo_changelist import errors, events
from qumulo_changelist.cli.cycle_hints import CYCLE_HINTS
from qumulo_changelist.cli.log_lines import name_of, name_of_field
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.errors import ChangelistError

DOCS = Path(__file__).resolve().parent

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


def exit_codes() -> str:
    """Return a table in Markdown: the codes in their order, and of each its classes."""
    rows = [(code, f"| {code} | | {meaning} | | |") for code, meaning in _WITHOUT_ERROR.items()]
    for kind in _classes_below(ChangelistError):
        code = _OF_QQ if kind is errors.QqFailedError else str(kind.exit_code)
        again = "yes" if kind.transient else ""
        cells = (code, f"`{kind.__name__}`", _summary(kind), again, _hint(kind))
        rows.append((code, f"| {' | '.join(cells)} |"))
    rows.sort(key=lambda row: int(row[0].partition(",")[0]) if row[0] != _OF_QQ else 999)
    head = ["| exit code | class | what it means | again | what to do |", "| --- " * 5 + "|"]
    return "\n".join([*head, *(row for _, row in rows)])


def events_of_a_log() -> str:
    """Return a table in Markdown: what each event is called, and which fields its line has."""
    rows = [
        f"| `{name_of(kind)}` | {_summary(kind)} | {', '.join(map(_field, fields(kind)))} |"
        for kind in sorted(get_args(events.Event), key=name_of)
    ]
    return "\n".join(["| event | what happened | fields |", "| --- | --- | --- |", *rows])


TABLES: dict[Path, Callable[[], str]] = {
    DOCS / "reference" / "exit-codes.md": exit_codes,
    DOCS / "logs.md": events_of_a_log,
}
"""What each page has between its marks."""


def embed(text: str, table: str) -> str:
    """Return the text of a page with a table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def _field(field: FieldInfo) -> str:
    return f"`{name_of_field(field.name)}`"


def _classes_below(root: type[ChangelistError]) -> Iterator[type[ChangelistError]]:
    for kind in root.__subclasses__():
        if not kind.__module__.startswith(f"{errors.__name__}."):
            continue
        yield kind
        yield from _classes_below(kind)


def _summary(kind: type) -> str:
    first = (kind.__doc__ or "").partition("\n\n")[0]
    return re.sub(r"\s+", " ", first).replace("``", "`").replace("|", r"\|")


def _hint(kind: type[ChangelistError]) -> str:
    if kind is errors.ResourceError:
        return _BY_NUMBER
    if kind is errors.MissingPackageError:
        return _BY_MESSAGE  # it names the package
    if issubclass(kind, errors.StatusError):
        error: ChangelistError = kind("", status=0, error_class="")
    else:
        error = kind("")
    hint = hint_for(error, makes_list=False, overrides=CYCLE_HINTS) or _BY_MESSAGE
    return hint.replace("|", r"\|")


def main() -> None:
    """Write each table into its page."""
    for page, table in TABLES.items():
        page.write_text(embed(page.read_text(encoding="utf-8"), table()), encoding="utf-8")


if __name__ == "__main__":
    main()
