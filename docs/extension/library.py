"""What programs may use, from the names that the package offers."""

import inspect
from collections.abc import Iterator
from typing import NewType

import qumulo_changelist
from qumulo_changelist import errors, events

_TITLES = {
    "operations.lists": "Lists",
    "operations.project": "The cycle of a project",
    "operations.snapshots": "Snapshots",
    "operations.setup": "Setting up",
    "operations.doctor": "Checking",
    "projects": "Projects",
    "config": "Settings",
    "cluster": "A cluster",
    "checks": "Limits and proofs",
    "model": "Values",
    "events": "Events",
}
# What is in the values above, and is not made by a program itself.
_INNER = (
    "changes.mentions.Mentions",
    "cluster.interface.DiffPage",
    "cycle.journal.RunState",
    "operations.lists.explained.SnapshotSight",
    "operations.lists.receipt.DirectoryCounts",
    "operations.lists.receipt.Count",
    "operations.lists.receipt.FileCount",
    "operations.lists.receipt.FileCounts",
    "operations.lists.receipt.LeftOut",
    "operations.lists.receipt.ListFacts",
    "operations.lists.receipt.ProofFacts",
    "operations.lists.receipt.SnapshotFacts",
    "operations.lists.receipt.UnreadableEntries",
    "operations.lists.receipt.UnreadableEntry",
    "scan.verdict.Facts",
    "scan.verdict.Verdict",
)


_MEMBERS = ("   :members:", "   :undoc-members:", "")


def describe_library() -> str:
    """Return directives for every public name, by subject; the builder reads the docstrings."""
    lines: list[str] = []
    placed: dict[str, list[str]] = {title: [] for title in _TITLES.values()}
    for name, module in qumulo_changelist._MODULES.items():
        if name != "ChangelistError":
            placed[_title(module)].append(name)
    for title, names in placed.items():
        lines += [f"## {title}", ""]
        if title == "Events":
            lines += _events()
        lines += _fence(one for name in sorted(names, key=_rank) for one in _directive(name))
    lines += ["## What these values contain", ""]
    lines += _fence(
        line for name in _INNER for line in (f".. autoclass:: qumulo_changelist.{name}", *_MEMBERS)
    )
    return "\n".join([*lines, *_errors()])


def name_listeners() -> None:
    """Let signatures name ``Listener``; else they show every event that it can receive."""
    Listener = NewType("Listener", object)
    Listener.__module__ = "qumulo_changelist"
    for name in qumulo_changelist.__all__:
        value = getattr(qumulo_changelist, name)
        if inspect.isfunction(value) and "listener" in value.__annotations__:
            value.__annotations__["listener"] = Listener


def _title(module: str) -> str:
    return next(title for prefix, title in _TITLES.items() if module.startswith(prefix))


def _rank(name: str) -> tuple[bool, str]:
    return not inspect.isfunction(getattr(qumulo_changelist, name)), name


def _directive(name: str) -> Iterator[str]:
    value = getattr(qumulo_changelist, name)
    full = f"qumulo_changelist.{name}"
    if inspect.isfunction(value):
        yield from (f".. autofunction:: {full}", "")
    elif inspect.isclass(value):
        yield from (f".. autoclass:: {full}", *_MEMBERS)
    else:
        yield from (f".. py:data:: {full}", "", f"   {_alias(name, value)}", "")


def _alias(name: str, value: object) -> str:
    if name == "Event":
        return "Any of the events below."
    return f"``{str(value).replace('typing.', '').replace('collections.abc.', '')}``"


def _events() -> list[str]:
    kinds = [name for name in events.__all__ if name not in ("Event", "Listener")]
    return _fence(
        line
        for name in kinds
        for line in (f".. autoclass:: qumulo_changelist.events.{name}", *_MEMBERS)
    )


def _errors() -> list[str]:
    lines = [f".. autoexception:: qumulo_changelist.errors.{name}" for name in errors.__all__]
    drawing = (errors.__doc__ or "").partition("\n\n")[2].partition("\n\nThe exit codes")[0]
    return ["## Errors", "", "```text", inspect.cleandoc(drawing), "```", "",
            *_fence(line for one in lines for line in (one, ""))]  # fmt: skip


def _fence(lines: Iterator[str]) -> list[str]:
    return ["```{eval-rst}", *lines, "```", ""]
