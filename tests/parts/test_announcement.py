"""What a run says before it asks for many folders through qq."""

import argparse
import contextlib

import pytest

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.cli.trees import Sources, announce
from qumulo_changelist.model import CREATE, DELETE, Change

THROUGH_QQ = Sources(contextlib.nullcontext, contextlib.nullcontext, through_qq=True)


def said(
    heard, sources: Sources, deleted: int, *wanted: str, workers: int = 2, created: int = 1
) -> str:
    """Return what is said of deleted and created folders, where something is wanted."""
    changes = ChangeSet(Scope("/"), limit=1000, folder="")
    changes.add([Change(CREATE, f"/new{at}/") for at in range(created)])
    changes.add([Change(DELETE, f"/{at}/") for at in range(deleted)])
    options = {one: one in wanted for one in ("deletes", "moves", "verify")}
    announce(sources, changes, argparse.Namespace(**options, workers=workers), heard)
    return "".join(heard.warnings + heard.details)


@pytest.mark.parametrize(("count", "is_warning"), [(1, False), (19, False), (20, True)])
def test_many_folders_are_announced_with_what_would_be_quicker(heard, count, is_warning):
    message = said(heard, THROUGH_QQ, count, "deletes")

    assert bool(heard.warnings) is is_warning
    assert f"about {count} folders are asked for through qq" in message
    assert "at most 4 at once" in message
    assert ".snapshot" in message
    assert "--transport rest" in message


def test_where_moves_are_wanted_created_folders_count_too_and_no_mount_helps(heard):
    message = said(heard, THROUGH_QQ, 3, "moves")

    assert "about 4 folders" in message
    assert ".snapshot" not in message
    assert "--transport rest" in message


@pytest.mark.parametrize(
    ("through_qq", "deleted", "created", "wanted"),
    [
        (True, 0, 1, "deletes"),
        (False, 30, 1, "deletes"),
        (True, 30, 1, ""),
        (True, 30, 0, "moves"),
        (True, 0, 30, "moves"),
    ],
    ids=["nothing is gone", "a mount tells", "nobody asks", "nothing came", "nothing went"],
)
def test_where_nothing_is_asked_through_qq_nothing_is_said(
    heard, through_qq, deleted, created, wanted
):
    sources = THROUGH_QQ._replace(through_qq=through_qq)
    assert said(heard, sources, deleted, wanted, created=created) == ""


def test_a_proof_asks_for_deleted_folders_too(heard):
    assert "about 5 folders" in said(heard, THROUGH_QQ, 5, "verify")


@pytest.mark.parametrize(("workers", "at_once"), [(1, 2), (4, 8), (8, 8), (16, 16)])
def test_there_are_two_for_each_process_but_not_many_more_than_those(heard, workers, at_once):
    assert f"at most {at_once} at once" in said(heard, THROUGH_QQ, 1, "deletes", workers=workers)
