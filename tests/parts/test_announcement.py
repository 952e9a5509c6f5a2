"""What a run says before it asks for many folders through qq."""

import argparse
import contextlib

import pytest

from qumulo_changelist.cli.trees import Sources, announce
from qumulo_changelist.model import CREATE, DELETE, Change
from qumulo_changelist.scan.changeset import ChangeSet
from qumulo_changelist.scan.scope import Scope

THROUGH_QQ = Sources(contextlib.nullcontext, contextlib.nullcontext, through_qq=True)


def said(heard, sources: Sources, deleted: int, *, moves: bool = False, workers: int = 2) -> str:
    """Return what is said of one created and a number of deleted folders."""
    changes = ChangeSet(Scope("/"), limit=1000, folder="")
    changes.add([Change(CREATE, "/new/"), *(Change(DELETE, f"/{at}/") for at in range(deleted))])
    announce(sources, changes, argparse.Namespace(moves=moves, workers=workers), heard)
    return "".join(heard.warnings + heard.details)


@pytest.mark.parametrize(("count", "is_warning"), [(1, False), (19, False), (20, True)])
def test_who_waits_for_many_folders_is_warned_and_learns_what_is_quicker(heard, count, is_warning):
    message = said(heard, THROUGH_QQ, count)

    assert bool(heard.warnings) is is_warning
    assert f"about {count} folders are asked for through qq" in message
    assert "at most 4 at once" in message
    assert ".snapshot" in message
    assert "--transport rest" in message


def test_where_moves_are_wanted_created_folders_count_too_and_no_mount_helps(heard):
    message = said(heard, THROUGH_QQ, 3, moves=True)

    assert "about 4 folders" in message
    assert ".snapshot" not in message
    assert "--transport rest" in message


@pytest.mark.parametrize(
    ("sources", "deleted"),
    [
        (THROUGH_QQ, 0),
        (THROUGH_QQ._replace(through_qq=False), 30),
        (THROUGH_QQ._replace(older=None), 30),
    ],
    ids=["nothing is gone", "a mount or REST tells", "deletions are not wanted"],
)
def test_where_nothing_is_asked_through_qq_nothing_is_said(heard, sources, deleted):
    assert said(heard, sources, deleted) == ""


@pytest.mark.parametrize(("workers", "at_once"), [(1, 2), (4, 8), (8, 8), (16, 16)])
def test_there_are_two_for_each_process_but_not_many_more_than_those(heard, workers, at_once):
    assert f"at most {at_once} at once" in said(heard, THROUGH_QQ, 1, workers=workers)
