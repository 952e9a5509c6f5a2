"""A few hours of a soak, and that its judge notices what is not as it has to be."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.soak.campaign import Campaign, campaign
from tests.soak.grounds import PLANS
from tests.soak.judge import Judge, WrongError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOURLY = PLANS[0]


@pytest.fixture(scope="module")
def soak() -> Iterator[Campaign]:
    """A soak in which the hourly project has run once."""
    with campaign(seed=1) as made:
        made.begin()
        made.run(HOURLY, is_calm=True)
        yield made


def judge_anew(soak: Campaign, **changes: object) -> None:
    """Judge what there is after the run; with changes, as if that were so."""
    found = soak.place.snapshots()
    given: dict[str, object] = {"before": {}, "after": found, "is_calm": True} | changes
    Judge(soak.place, HOURLY, soak.trees).judge(0, **given)  # type: ignore[arg-type]


def test_what_is_as_it_has_to_be_is_left_alone(soak: Campaign) -> None:
    judge_anew(soak)


@pytest.mark.parametrize("line", [1, 20, -2])
def test_a_list_that_lacks_an_entry_is_noticed(soak: Campaign, line: int) -> None:
    place = soak.place.place(HOURLY)
    written, receipt = place.read_bytes(), place.with_suffix(".json").read_bytes()
    lines = written.splitlines(keepends=True)
    assert b"<file " in lines.pop(line)
    changed = b"".join(lines)
    digest = hashlib.sha256(changed).hexdigest()
    facts = json.loads(receipt)
    facts["list"]["sha256"] = digest
    try:
        place.write_bytes(changed)
        place.with_suffix(".json").write_text(json.dumps(facts))
        with pytest.raises(WrongError, match="is wrong"):
            judge_anew(soak)
    finally:
        place.write_bytes(written)
        place.with_suffix(".json").write_bytes(receipt)


def test_a_list_with_the_receipt_of_another_one_is_noticed(soak: Campaign) -> None:
    place = soak.place.place(HOURLY)
    written = place.read_bytes()
    try:
        place.write_bytes(written + b"\n")
        with pytest.raises(WrongError, match="is of another one"):
            judge_anew(soak)
    finally:
        place.write_bytes(written)


def test_a_list_without_a_receipt_is_noticed_unless_a_run_was_killed(soak: Campaign) -> None:
    receipt = soak.place.place(HOURLY).with_suffix(".json")
    written = receipt.read_bytes()
    receipt.unlink()
    try:
        with pytest.raises(WrongError, match="without a receipt"):
            judge_anew(soak)
        with pytest.raises(WrongError, match="without a list that the archiver got"):
            judge_anew(soak, is_calm=False, is_harsh=True)
    finally:
        receipt.write_bytes(written)


def test_a_marker_that_is_gone_is_noticed(soak: Campaign) -> None:
    left = {n: one for n, one in soak.place.snapshots().items() if one.marks is None}
    with pytest.raises(WrongError, match="no marker"):
        judge_anew(soak, after=left)


def test_a_snapshot_that_should_be_gone_is_noticed(soak: Campaign) -> None:
    found = soak.place.snapshots()
    (run,) = [one for one in found.values() if one.project == "hourly" and not one.marks]
    with pytest.raises(WrongError, match="should be gone"):
        judge_anew(soak, after=found | {run.id - 1: run._replace(id=run.id - 1)})


def test_a_snapshot_that_is_needed_and_gone_is_noticed(soak: Campaign) -> None:
    found = soak.place.snapshots()
    left = {n: one for n, one in found.items() if one.project != "hourly" or one.marks}
    with pytest.raises(WrongError, match="is gone"):
        judge_anew(soak, after=left, is_calm=False)


def test_hours_pass_with_trouble_and_nothing_is_wrong(soak: Campaign) -> None:
    soak.go_through(hours=2, minutes=5)
    figures = soak.figures
    assert figures.lists >= figures.committed > len(PLANS)
    assert figures.troubled
    assert figures.end["the client"].open_files <= figures.start["the client"].open_files
