"""Who may know whom, and what every part says of itself."""

import ast
import os
from collections.abc import Iterator

import pytest

import qumulo_changelist
import qumulo_emulator
from qumulo_changelist import errors

PACKAGES = (qumulo_changelist, qumulo_emulator)


def modules_of(package) -> Iterator[tuple[str, ast.Module]]:
    """Yield each module of a package: its full name and its syntax tree."""
    root = os.path.dirname(package.__file__)
    for folder, _, files in os.walk(root):
        for file in sorted(files):
            if file.endswith(".py"):
                path = os.path.join(folder, file)
                name = os.path.relpath(path, os.path.dirname(root))[: -len(".py")]
                with open(path, encoding="utf-8") as source:
                    tree = ast.parse(source.read())
                yield name.replace(os.sep, ".").removesuffix(".__init__"), tree


MODULES = {name: tree for package in PACKAGES for name, tree in modules_of(package)}
CHANGELIST = sorted(name for name in MODULES if name.startswith("qumulo_changelist."))


def imported_by(tree: ast.Module) -> Iterator[str]:
    """Yield the full names of the modules that a module imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are written in full"
            module = node.module or ""
            inner = [f"{module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else module for name in inner)


def ours(name: str) -> set[str]:
    """Return what a module imports of its own package, without the package's name."""
    own = "qumulo_changelist."
    return {
        found.removeprefix(own) for found in imported_by(MODULES[name]) if found.startswith(own)
    }


def allowed(name: str) -> set[str]:
    """Return what a module may import: design, section "Who may import whom"."""
    layer = name.removeprefix("qumulo_changelist.").partition(".")[0]
    everyone = {"model", "location", "errors", "progress", "waiting", "wording"}
    siblings = {
        module.removeprefix("qumulo_changelist.")
        for module in CHANGELIST
        if module.startswith(f"qumulo_changelist.{layer}.")
    } | {layer}
    return {
        "cli": {module.removeprefix("qumulo_changelist.") for module in CHANGELIST},
        "scan": {*everyone, *siblings}
        | {"cluster.interface", "trees.interface", "output.interface"},
        "trees": {*everyone, *siblings, "cluster.interface"},
        "cluster": {*everyone, *siblings, "config"},
        "output": {*everyone, *siblings},
        "config": {*everyone, "config_file", "config_values"},
        "config_values": {"model"},
        "config_file": {"qt_settings"},
    }.get(layer, set())


@pytest.mark.parametrize("name", CHANGELIST)
def test_a_module_knows_only_those_that_it_may(name):
    assert ours(name) - allowed(name) == set()


def test_the_modules_of_this_test_are_really_there():
    assert {"qumulo_changelist.scan.resolve", "qumulo_changelist.cluster.qq"} <= set(CHANGELIST)
    assert "cluster.interface" in ours("qumulo_changelist.operations.changelist")
    assert "trees.interface" in ours("qumulo_changelist.runners.job")
    assert "output.interface" in ours("qumulo_changelist.operations.changelist")
    assert any(name.startswith("qumulo_emulator.api") for name in MODULES)


def test_the_rules_know_no_kind_of_cluster_tree_or_list():
    known = allowed("qumulo_changelist.scan.resolve")

    assert "trees.interface" in known
    assert not known & {"trees.mounted", "trees.snapshot", "cluster.qq", "output.scan_xml"}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_the_lists_and_the_emulator_do_not_know_each_other(name):
    own = name.partition(".")[0]
    known = {found.partition(".")[0] for found in imported_by(MODULES[name])}

    assert known & {"qumulo_changelist", "qumulo_emulator"} <= {own}


@pytest.mark.parametrize("name", CHANGELIST)
def test_a_module_needs_nothing_that_is_not_declared(name):
    known = {found.partition(".")[0] for found in imported_by(MODULES[name])}

    assert known & {"qumulo", "requests", "pytest", "tests"} == set()


def public(tree: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield what a module offers: itself, its classes and functions, and what these offer."""
    yield name, tree
    for node in ast.iter_child_nodes(tree):
        is_definition = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if is_definition and not node.name.startswith("_"):
            inner = f"{name}.{node.name}"
            yield from public(node, inner) if isinstance(node, ast.ClassDef) else [(inner, node)]


@pytest.mark.parametrize("name", CHANGELIST)
def test_whatever_is_public_says_what_it_is_for(name):
    silent = [what for what, node in public(MODULES[name], name) if not ast.get_docstring(node)]

    assert silent == []


# Errors


def error_classes(root: type = errors.ChangelistError) -> Iterator[type]:
    for kind in root.__subclasses__():
        yield kind
        yield from error_classes(kind)


ERRORS = sorted(error_classes(), key=lambda kind: kind.__name__)


def make(kind: type) -> errors.ChangelistError:
    if issubclass(kind, errors.QqFailedError):
        return kind("what is wrong", exit_code=3, said="")
    return kind("what is wrong")


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_carries_its_exit_code_and_a_hint(kind):
    error = make(kind)

    assert str(error) == "what is wrong"
    assert 1 < error.exit_code < 256
    assert isinstance(error.hint, str)


def test_the_exit_codes_are_those_of_the_contract():
    codes = {kind.__name__: make(kind).exit_code for kind in ERRORS}

    assert codes["UsageError"] == 2
    assert codes["OutputError"] == 4
    assert codes["ConfigurationError"] == 23
    assert codes["QqMissingError"] == 127
    assert codes["QqFailedError"] == 3


def test_a_hint_may_be_given_where_the_error_is_raised():
    assert errors.UsageError("a", hint="do b").hint == "do b"
    assert errors.UsageError("a").hint == errors.UsageError.hint != ""


def test_what_cannot_be_read_ends_no_run():
    assert not issubclass(errors.UnreadableError, errors.ChangelistError)
