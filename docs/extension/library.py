"""What programs may use, from the names that the package offers."""

import inspect
from collections.abc import Iterator
from typing import Any, NewType, get_args, get_type_hints

import qumulo_changelist
from qumulo_changelist import errors, events

_TITLES = {
    "operations.lists": "Lists",
    "operations.project": "The cycle of a project",
    "operations.snapshots": "Snapshots",
    "operations.report": "Reports",
    "report": "Reports",
    "operations.setup": "Setting up",
    "operations.doctor": "Checking",
    "projects": "Projects",
    "config": "Settings",
    "cluster": "A cluster",
    "checks": "Limits and proofs",
    "model": "Values",
    "output": "Formats",
    "filters": "Filters",
    "events": "Events",
}
_MORE = "More"
_MEMBERS = ("   :members:", "   :undoc-members:", "")


def describe_library() -> str:
    """Return directives for every public name, by subject; the builder reads the docstrings."""
    lines: list[str] = []
    placed: dict[str, list[str]] = {title: [] for title in (*_TITLES.values(), _MORE)}
    for name, module in qumulo_changelist._MODULES.items():
        if name != "ChangelistError":
            placed[_title(module)].append(name)
    for title, names in placed.items():
        if not names:
            continue
        lines += [f"## {title}", ""]
        if title == "Events":
            lines += _events()
        lines += _fence(one for name in sorted(names, key=_rank) for one in _directive(name))
    lines += ["## What these values contain", ""]
    lines += _fence(
        line for name in sorted(_inner_classes()) for line in (f".. autoclass:: {name}", *_MEMBERS)
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


def _inner_classes() -> set[str]:
    """Return the classes, by full names, that public names lead to and that are none themselves."""
    public = [getattr(qumulo_changelist, name) for name in qumulo_changelist._MODULES]
    public += [getattr(events, name) for name in events.__all__]
    seen = set(map(id, public))
    found: set[str] = set()
    while public:
        for kind in _annotations(public.pop()):
            is_own = inspect.isclass(kind) and kind.__module__.startswith("qumulo_changelist.")
            if is_own and id(kind) not in seen and not issubclass(kind, Exception):
                seen.add(id(kind))
                public.append(kind)
                found.add(f"{kind.__module__}.{kind.__qualname__}")
    return found


def _annotations(value: object) -> Iterator[Any]:
    """Yield the types of the fields of a class, and of what functions and methods take and return.

    Those that are known to type checkers alone are left out.
    """
    inner = vars(value).values() if inspect.isclass(value) else ()
    getters = [one.fget for one in inner if isinstance(one, property)]
    own = [one for one in inner if inspect.isfunction(one) and not one.__name__.startswith("_")]
    for one in (value, *own, *getters):
        try:
            kinds = list(get_type_hints(one).values())
        except (NameError, TypeError):
            continue
        while kinds:
            kind = kinds.pop()
            kinds += get_args(kind)
            yield kind


def _title(module: str) -> str:
    return next((title for prefix, title in _TITLES.items() if module.startswith(prefix)), _MORE)


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
