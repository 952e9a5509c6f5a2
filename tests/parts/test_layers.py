"""Which part may import which, what every module says of itself, and how large it may be."""

import ast
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from docs import picture

SOURCE = Path(__file__).resolve().parents[2] / "src"
PACKAGES = ("qumulo_changelist", "qumulo_emulator")
MODULES = {module.name: module for module in picture.read_modules() if module.name}
FILES = sorted(path for package in PACKAGES for path in (SOURCE / package).rglob("*.py"))

MAX_MODULE_LINES = 350
MAX_FUNCTION_LINES = 60

# docs/design.md, section "Which part may import which". A folder stands for all in it.
VALUES = {
    *(f"filters.{name}" for name in ("files", "filters", "limits", "lines", "paths", "patterns")),
    "filters.presets",
    "filters.tally",
    "filters.widening",
    *(
        "bounds",
        "columns",
        "deadline",
        "durations",
        "errors",
        "events",
        "mistakes",
        "model",
        "names",
        "pending",
        "run_id",
        "secret",
        "snapshot_paths",
        "version",
    ),
    *(
        f"machine.{name}"
        for name in (
            "cores",
            "durable",
            "garbage",
            "lock_holder",
            "owners",
            "private_folder",
            "scratch",
            "shortages",
            "waiting",
        )
    ),
    "wording",
    *("errors.cluster", "errors.cycle", "errors.machine", "errors.request", "errors.result"),
    *("errors.root", "errors.scheduler"),
    *("events.cluster", "events.cycle", "events.lists", "events.progress", "under_way"),
}
MAY_IMPORT = {
    "cli": {
        *("operations", "checks", "config", "projects", "output.formats", "report"),
        *("report_page", "runners.scheduler"),
    },
    "report_page": {"operations", "report", "cycle.contents", "output.atomic"},
    "operations": {
        *("changes", "checks", "cluster", "config", "cycle", "output", "projects", "runners"),
        *("planning", "report", "scan", "trees"),
    },
    "report": {"output.interface"},
    "projects": {"checks", "output.formats", "runners.scheduler"},
    "cycle": set(),
    "checks": {"changes", "cluster.interface"},
    "planning": {"changes", "cluster.interface", "trees.interface"},
    "runners": {"changes", "scan", "output.atomic", "output.interface", "trees.interface"},
    "scan": {"changes", "trees.interface"},
    "changes": {"trees.interface"},
    "trees": {"cluster.interface"},
    "output": set(),
    "cluster": {"config.settings"},
    "config": set(),
}
# Opening a tree needs the way to the cluster.
MAY_ALSO_IMPORT = {"trees.sources": {"cluster", "config.settings", "config.worker"}}


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def wrong_files(mistakes: Callable[[Path], object]) -> dict[str, object]:
    """The mistakes of each file that has any."""
    found = {str(path.relative_to(SOURCE)): mistakes(path) for path in FILES}
    return {name: one for name, one in found.items() if one}


def imports(path: Path) -> set[str]:
    """Return the full names of the modules that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written in full"
            found.add(node.module or "")
    return found


def is_allowed(importing: str, imported: str) -> bool:
    folder = importing.partition(".")[0]
    if imported in VALUES:
        return True
    if folder in MAY_IMPORT and imported.partition(".")[0] == folder:
        return True
    allowed = MAY_IMPORT.get(folder, set()) | MAY_ALSO_IMPORT.get(importing, set())
    return imported in allowed or imported.partition(".")[0] in allowed


def test_a_module_imports_only_what_it_may() -> None:
    forbidden = {
        name: {one for one in module.imports if not is_allowed(name, one)}
        for name, module in MODULES.items()
    }

    assert {name: imported for name, imported in forbidden.items() if imported} == {}


def test_the_rules_know_no_kind_of_cluster_tree_or_format() -> None:
    assert not is_allowed("scan.sides", "trees.mounted")
    assert not is_allowed("scan.sides", "output.interface")
    assert not is_allowed("output.scan_xml", "scan.tally")
    assert not is_allowed("checks.proof", "cluster.rest.client")
    assert is_allowed("scan.sides", "trees.interface")


def test_operations_on_lists_know_no_project_and_projects_know_no_setup() -> None:
    order = ["lists", "project", "report", "snapshots", "doctor", "setup"]
    for name, module in MODULES.items():
        if name.startswith("operations."):
            above = order[order.index(name.split(".")[1]) + 1 :]
            known = {one.split(".")[1] for one in module.imports if one.startswith("operations.")}
            assert not known & set(above), name


def test_values_know_nothing_but_values() -> None:
    for name in VALUES:
        assert MODULES[name].imports <= VALUES


def test_the_emulator_knows_its_kinds_of_cluster_only_where_it_starts() -> None:
    """Its API serves any cluster; the local cluster knows neither the API nor the other kind."""
    kinds = {"api", "local", "synthetic"}
    for module in picture.read_modules("qumulo_emulator"):
        own = module.name.partition(".")[0]
        known = {one.partition(".")[0] for one in module.imports} & kinds
        if own in kinds - {"synthetic"}:
            assert known <= {own}, module.name


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = {name: {one for one in module.imports if one} for name, module in MODULES.items()}
    while free := [name for name, imported in left.items() if not imported & left.keys()]:
        for name in free:
            del left[name]

    assert left == {}


def test_the_client_and_the_emulator_do_not_know_each_other() -> None:
    def foreign(path: Path) -> set[str]:
        own = path.relative_to(SOURCE).parts[0]
        known = {one.partition(".")[0] for one in imports(path)}
        return known & ({*PACKAGES, "qumulo", "requests", "pytest", "tests"} - {own})

    assert wrong_files(foreign) == {}


def test_no_function_is_too_long() -> None:
    def long(path: Path) -> list[str]:
        return [
            node.name
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
        ]

    assert wrong_files(long) == {}


def test_no_module_is_too_long() -> None:
    def lines_too_many(path: Path) -> int:
        return max(0, len(path.read_text(encoding="utf-8").splitlines()) - MAX_MODULE_LINES)

    assert wrong_files(lines_too_many) == {}


def is_setter(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a method sets a property, whose docstring is that of its getter."""
    return any(getattr(one, "attr", "") == "setter" for one in node.decorator_list)


def public(tree: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield what a module offers: itself, its classes and functions, and their methods."""
    yield name, tree
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("_") and not is_setter(node):
            inner = f"{name}.{node.name}"
            yield from public(node, inner) if isinstance(node, ast.ClassDef) else [(inner, node)]


def test_everything_public_has_a_docstring() -> None:
    def silent(path: Path) -> list[str]:
        definitions = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        return [
            what
            for what, node in public(tree_of(path), path.stem)
            if isinstance(node, definitions) and not ast.get_docstring(node)
        ]

    assert wrong_files(silent) == {}


def test_no_value_is_a_dataclass() -> None:
    assert wrong_files(lambda path: imports(path) & {"dataclasses"}) == {}


def test_the_design_lists_each_module_once_and_folders_apart_from_values() -> None:
    text = picture.draw(picture.read_modules())
    tables = re.findall(r"^\| ([^|]+) \| \|\n\| --- \| --- \|\n((?:\| .+\n)*)", text, re.MULTILINE)
    rows = {title: re.findall(r"^\| `([^`]+)` ", lines, re.MULTILINE) for title, lines in tables}
    folders, values = rows["the folders"], rows["every module may import these"]

    assert next(iter(rows)) == "the folders"
    assert folders == sorted([*MAY_IMPORT, "machine"])
    assert {name.replace("/", ".") for name in values} - VALUES == {"filters"}
    assert sum(map(len, rows.values())) == len(MODULES)


def test_the_picture_in_the_design_is_current() -> None:
    text = picture.DESIGN.read_text(encoding="utf-8")

    assert text == picture.embed(text, picture.draw(picture.read_modules()))
