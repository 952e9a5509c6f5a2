"""Draws the architecture into ``design.md``, from the imports and docstrings of the code.

``python docs/picture.py`` writes the picture and the list of modules between two marks of
``docs/design.md``; ``make docs-picture`` runs it.
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[1]
DESIGN = REPOSITORY / "docs" / "design.md"
PACKAGE = "qumulo_changelist"

BEGIN = "<!-- made by `make docs-picture`: do not edit -->"
END = "<!-- end of what `make docs-picture` makes -->"

# Everyone may know these, so their arrows would hide the others.
VALUES = "values"
# A folder of values: what is in it counts as values, too.
VALUE_FOLDERS = {"errors", "events", "filters"}


class Module(NamedTuple):
    """A module, as far as the picture needs it."""

    name: str
    """Without the name of the package, such as ``cluster.rest.client``."""
    summary: str
    """The first line of its docstring."""
    imports: frozenset[str]
    """The modules of the package that it imports."""

    @property
    def folder(self) -> str:
        """The folder that it is drawn in: its role."""
        return _folder_of(self.name)


@functools.cache
def read_modules(package: str = PACKAGE) -> list[Module]:
    """Return the modules of a package, sorted by name; a package without code has none."""
    root = REPOSITORY / "src" / package
    trees = {
        _dotted(path.relative_to(root)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.py"))
    }
    return [
        Module(name, _summary(tree), frozenset(_imports(tree, package, trees)))
        for name, tree in sorted(trees.items())
    ]


def draw(modules: list[Module]) -> str:
    """Return the picture and the list of modules, in Markdown."""
    return "\n".join([*_chart(modules), "", *_list(modules)])


def arrows(modules: list[Module]) -> dict[tuple[str, str], bool]:
    """Return which folder imports from which, and whether from its ``interface.py`` alone."""
    found: dict[tuple[str, str], set[str]] = {}
    for module in modules:
        for imported in module.imports:
            to = _folder_of(imported)
            if module.folder not in (VALUES, to) and to != VALUES:
                found.setdefault((module.folder, to), set()).add(imported)
    return {arrow: found[arrow] == {f"{arrow[1]}.interface"} for arrow in sorted(found)}


def embed(text: str, drawing: str) -> str:
    """Return the text of the design with a drawing between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{drawing}\n\n{END}{after}"


def _folder_of(module: str) -> str:
    folder, dot, _ = module.partition(".")
    return folder if dot and folder not in VALUE_FOLDERS else VALUES


def _dotted(path: Path) -> str:
    return ".".join(part for part in path.with_suffix("").parts if part != "__init__")


def _summary(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").partition("\n")[0].replace("``", "`")


def _imports(tree: ast.Module, package: str, known: dict[str, ast.Module]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package):
            module = (node.module or "").removeprefix(package).removeprefix(".")
            for alias in node.names:
                inner = f"{module}.{alias.name}".removeprefix(".")
                yield inner if inner in known else module


def _chart(modules: list[Module]) -> Iterator[str]:
    """Yield a Mermaid flowchart of the folders; dashed arrows lead to an ``interface.py`` alone."""
    yield "```mermaid"
    yield "flowchart TD"
    for (source, to), is_role in arrows(modules).items():
        yield f"    {source} {'-.->' if is_role else '-->'} {to}"
    yield "```"


def _list(modules: list[Module]) -> Iterator[str]:
    """Yield a table of the folders, one of the modules of each, and one of the values."""
    roles = {module.folder for module in modules} - {VALUES}
    yield from _table("the folders", [module for module in modules if module.name in roles])
    for folder in sorted(roles):
        yield from _table(f"`{folder}/`", [each for each in modules if each.folder == folder])
    values = [each for each in modules if each.folder == VALUES and each.name not in roles]
    yield from _table("every module may import these", values)


def _table(title: str, modules: list[Module]) -> Iterator[str]:
    yield f"| {title} | |"
    yield "| --- | --- |"
    for module in modules:
        if module.name and module.summary:
            path = module.name if module.folder == VALUES else module.name.partition(".")[2]
            yield f"| `{path.replace('.', '/')}` | {module.summary} |"
    yield ""


def main() -> None:
    """Write the drawing into the design."""
    text = DESIGN.read_text(encoding="utf-8")
    DESIGN.write_text(embed(text, draw(read_modules())), encoding="utf-8")


if __name__ == "__main__":
    main()
