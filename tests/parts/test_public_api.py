"""What a program may use: documented, complete, loaded when it is used; and what it may catch."""

import ast
import contextlib
import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

import qumulo_changelist
from qumulo_changelist import errors, events
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.lists import changelist
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.snapshots import creation as snapshots
from qumulo_changelist.operations.snapshots.creation import SnapshotRequest

SOURCE = Path(qumulo_changelist.__file__).parent
ERRORS = {name for name in vars(errors) if name.endswith("Error")}


@pytest.mark.parametrize("name", sorted(set(qumulo_changelist.__all__) - {"__version__"}))
def test_every_public_name_can_be_imported_and_is_documented(name: str) -> None:
    value = getattr(qumulo_changelist, name)

    # A type alias has no docstring of its own.
    assert getattr(value, "__doc__", "") or name in ("Event", "Listener", "Metadata", "Transport")


def test_nothing_else_can_be_imported_from_the_package() -> None:
    with pytest.raises(AttributeError, match="no attribute 'ScanXml'"):
        _ = qumulo_changelist.ScanXml
    assert set(qumulo_changelist.__all__) == {
        "__version__", "errors", "events", *qumulo_changelist._MODULES
    }  # fmt: skip


def test_the_types_are_known_to_a_type_checker() -> None:
    """What is imported for type checkers alone must be what is loaded at run time."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    typed = {
        alias.name: (node.module or "").removeprefix("qumulo_changelist.")
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    del typed["errors"], typed["events"]

    assert typed == qumulo_changelist._MODULES


def test_importing_the_package_loads_none_of_its_parts() -> None:
    script = "import sys, qumulo_changelist; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    loaded = [name for name in done.stdout.split() if name.startswith("qumulo_changelist")]
    assert loaded == ["qumulo_changelist", "qumulo_changelist.version"]


def test_every_event_has_a_docstring() -> None:
    for kind in events.Event.__args__:
        assert kind.__doc__


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "x"), MemoryError()])
def test_a_shortage_of_this_machine_reaches_a_program_as_an_error_of_the_tree(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> NoReturn:
        raise error

    for module in (changelist, snapshots):
        monkeypatch.setattr(module, "open_cluster", fail)
    settings = Settings(("localhost",), 1, "a", Secret("b"))
    request = ChangelistRequest(
        project="p", guid="g", source_index="1", base_path="/", older=1, newer=2, metadata="rest"
    )

    with pytest.raises(errors.ResourceError):
        changelist.generate_changelist(request, settings)
    with pytest.raises(errors.ResourceError):
        snapshots.create_snapshot(SnapshotRequest(project="p", source_path="/"), settings)


@pytest.mark.usefixtures("time_passes")
def test_a_snapshot_that_may_have_been_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def open_cluster(*_arguments: object) -> Iterator[object]:
        class BrokenCluster:
            def create_snapshot(self, name: str, path: str, expires: int) -> NoReturn:
                raise errors.UnclearOutcomeError("the connection broke", exit_code=3)

            def all_snapshots(self) -> list[Snapshot]:
                return []

        yield BrokenCluster()

    monkeypatch.setattr(snapshots, "open_cluster", open_cluster)
    settings = Settings(("localhost",), 1, "a", Secret("b"))

    with pytest.raises(errors.UnclearOutcomeError, match=r"broke: .* named show-\d+$") as caught:
        snapshots.create_snapshot(SnapshotRequest(project="show", source_path="/"), settings)
    assert caught.value.exit_code == 3


# What is raised for the use of a module by its neighbours, which handle it: (module, class).
INTERNAL = {
    ("__init__", "AttributeError"),
    ("cli/arguments", "ArgumentError"),
    ("cli/arguments", "ArgumentTypeError"),
    ("cli/deadline", "TimeOver"),
    ("cli/common", "ArgumentTypeError"),
    ("cli/filter_options", "ArgumentTypeError"),
    ("cli/program", "SystemExit"),
    ("cluster/wire", "ValidationError"),
    ("cluster/rest/connection", "OSError"),
    ("cluster/rest/connection", "TimeoutError"),
    ("cluster/rest/http1", "MalformedAnswerError"),
    ("cluster/rest/http1", "OversizedAnswerError"),
    ("cluster/rest/node", "NoAnswerError"),
    ("cluster/rest/node", "NotConnectedError"),
    ("cluster/rest/node", "SendError"),
    ("operations/lists/keeping/folder", "NoRoomError"),
    ("operations/lists/keeping/page_file", "OSError"),
    ("machine/waiting", "TimeoutError"),
    ("output/csv_list", "ValueError"),
    ("output/csv_list_reader", "MalformedListError"),
    ("output/csv_list_reader", "ValueError"),
    ("output/name_list_reader", "MalformedListError"),
    ("output/ndjson_reader", "MalformedListError"),
    ("output/parquet_reader", "MalformedListError"),
    ("output/parquet_reader", "ValueError"),
    ("output/reading", "MalformedListError"),
    ("output/scan_xml_classic_reader", "MalformedListError"),
    ("output/scan_xml_reader", "MalformedListError"),
    ("machine/private_folder", "ForeignFolderError"),
    ("runners/dask_worker", "_JobEnded"),
    ("runners/piece_codec", "ValueError"),
    ("runners/piece_file", "DamagedPieceError"),
    ("runners/processes", "_TerminationExit"),
    ("scan/sides", "ValueError"),
    ("secret", "TypeError"),
}


def test_a_module_raises_only_errors_of_the_tree() -> None:
    foreign = {path: foreign_errors(path) for path in sorted(SOURCE.rglob("*.py"))}

    assert {path: names for path, names in foreign.items() if names} == {}


def foreign_errors(path: Path) -> set[str]:
    """What a module raises that it may not: a ``ValueError`` says only within a package that text
    is malformed."""
    module = str(path.relative_to(SOURCE).with_suffix(""))
    raised = {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and (name := name_of(node.exc))
    }

    foreign = {name for name in raised - ERRORS if (module, name) not in INTERNAL}
    is_parser = module.startswith(("cluster/", "config/", "projects/", "filters/", "durations"))
    return foreign - ({"ValueError", "MalformedError", "AssertionError"} if is_parser else set())


def name_of(raised: ast.expr | None) -> str:
    """Return the name of the class that is raised; "" if a function or a variable has the error."""
    function = raised.func if isinstance(raised, ast.Call) else raised
    name = getattr(function, "attr", getattr(function, "id", ""))
    return name if name.lstrip("_")[:1].isupper() else ""
