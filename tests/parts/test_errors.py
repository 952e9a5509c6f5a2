"""Every error survives the way from a worker process to the one that tells of it."""

import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_changelist import errors

README = Path(__file__).resolve().parents[2] / "README.md"


def kinds(root: type[errors.ChangelistError]) -> Iterator[type[errors.ChangelistError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from kinds(kind)


def made(kind: type[errors.ChangelistError]) -> errors.ChangelistError:
    if issubclass(kind, errors.QqFailedError):
        return kind("what is wrong", exit_code=3, said="words", hint="do this")
    if issubclass(kind, errors.StatusError):
        return kind("what is wrong", status=418, error_class="fs_tea_error", hint="do this")
    return kind("what is wrong", hint="do this")


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", list(kinds(errors.ChangelistError)))
def test_an_error_comes_back_from_another_process_as_it_was(kind, protocol):
    error = made(kind)

    back = pickle.loads(pickle.dumps(error, protocol))

    assert type(back) is kind
    assert str(back) == "what is wrong"
    assert back.exit_code == error.exit_code
    assert vars(back) == vars(error)
    assert back.hint == "do this"


def test_so_does_what_ends_no_run():
    back = pickle.loads(pickle.dumps(errors.UnreadableError("it is not there")))

    assert isinstance(back, errors.UnreadableError)
    assert str(back) == "it is not there"


# The documentation


def documented_classes() -> dict[str, list[str]]:
    """Return the error classes in each row of the README's table of exit codes."""
    table = README.read_text(encoding="utf-8").partition("| exit code |")[2].partition("\n\n")[0]
    rows = [line.split(" | ") for line in table.splitlines()[2:]]
    return {row[0].strip("| "): re.findall(r"`(\w+)`", row[2]) for row in rows}


def test_the_readme_has_every_error_in_the_row_of_its_exit_code():
    rows: dict[str, set[str]] = {}
    for kind in kinds(errors.ChangelistError):
        # The exit code of qq itself can be any.
        row = "other" if kind is errors.QqFailedError else str(kind.exit_code)
        rows.setdefault(row, set()).add(kind.__name__)

    documented = documented_classes()

    assert {row: set(names) for row, names in documented.items() if names} == rows
    names = [name for row in documented.values() for name in row]
    assert len(names) == len(set(names))
