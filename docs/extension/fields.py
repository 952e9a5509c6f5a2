"""The fields of values, with the docstrings after them, which Python itself does not keep."""

import ast
import inspect
import textwrap
from typing import Any

import msgspec


def field_docstrings(kind: type) -> dict[str, str]:
    """Return the docstring after each field of a class, as one line of Markdown; "" for none."""
    source = textwrap.dedent(inspect.getsource(kind))
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for node in definition.body:
        if isinstance(node, ast.AnnAssign | ast.Assign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            name = target.id if isinstance(target, ast.Name) else ""
            found[name] = ""
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[name] = plain(str(node.value.value))
            name = ""
        else:
            name = ""
    return found


def plain(docstring: str) -> str:
    """Return the text of a docstring as one line of Markdown, for a cell of a table."""
    text = " ".join(docstring.replace("``", "`").split()).replace("None", "null")
    return text.replace("|", "\\|").replace("<", "\\<")


def shown(value: Any) -> str:
    """Return a default as a page shows it."""
    if value is None or value is msgspec.NODEFAULT:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(shown, value))
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value != "" else ""
