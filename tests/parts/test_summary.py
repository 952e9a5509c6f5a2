"""The last line of a run: what there is to report, and nothing else."""

from qumulo_changelist.checks.proof import Proof
from qumulo_changelist.cli.summary import summarize
from qumulo_changelist.filters.tally import FilterCount
from qumulo_changelist.model import Totals

TOTALS = Totals(
    files=60,
    size=6000,
    created=10,
    moved=20,
    moved_size=2000,
    directories=4,
    deleted_files=5,
    deleted_directories=6,
    unreadable=8,
    left_out=9,
)


def parts(totals: Totals, proof: Proof | None = None, *, moves: bool = False) -> list[str]:
    """Return the parts of a summary."""
    return summarize("Show 1", totals, proof, moves=moves).split("; ")


USUAL = [
    "Show 1: changed: 60 files (6000 bytes), 4 directories",
    "deleted: 5 files, 6 directories",
    "not readable or not nameable: 8",
    "left out, as links, pipes, sockets or devices: 9",
]


def test_what_changed_and_what_is_missing_is_always_reported() -> None:
    assert parts(TOTALS) == USUAL


def test_a_megabyte_and_more_is_also_said_in_a_size_that_can_be_read() -> None:
    def said(size: int) -> str:
        return parts(Totals(files=5, size=size))[0]

    assert "5 files (999999 bytes), 0" in said(999_999)
    assert "5 files (1000000 bytes, 1.00 MB), 0" in said(10**6)
    assert "5 files (6012116069981 bytes, 6.01 TB), 0" in said(6_012_116_069_981)


def test_numbers_of_one_are_followed_by_the_singular() -> None:
    one = Totals(
        files=1, size=1, directories=1, moved=1, moved_size=1, deleted_files=1,
        deleted_directories=1, changed_since=1,
    )  # fmt: skip

    assert parts(one, Proof(1, 1), moves=True) == [
        "Show 1: changed: 1 file (1 byte), 1 directory",
        "of these only moved: 1 file (1 byte)",
        "deleted: 1 file, 1 directory",
        "not readable or not nameable: 0",
        "left out, as links, pipes, sockets or devices: 0",
        "on the live share since the snapshot: 1 entry changed or disappeared "
        "(exact: --metadata snapshot or rest)",
        "proved: the list leads from the 1 file of the older snapshot to the 1 of the newer",
    ]


def test_moved_files_are_reported_if_moves_were_wanted_even_if_there_are_none() -> None:
    moved = "of these only moved: 20 files (2000 bytes)"

    assert parts(TOTALS, moves=True) == [USUAL[0], moved, *USUAL[1:]]
    assert "of these only moved: 0 files (0 bytes)" in parts(Totals(), moves=True)


def test_owners_without_a_numeric_id_are_reported_if_there_are_any() -> None:
    assert parts(TOTALS._replace(without_numeric_ids=3)) == [
        *USUAL,
        "with an owner or a group that has no numeric id: 3",
    ]


def test_changes_of_the_live_share_are_reported_with_what_would_have_been_exact() -> None:
    assert parts(TOTALS._replace(changed_since=3)) == [
        *USUAL,
        "on the live share since the snapshot: 3 entries changed or disappeared "
        "(exact: --metadata snapshot or rest)",
    ]


def test_a_proof_is_reported_if_there_is_one() -> None:
    assert parts(TOTALS, Proof(100, 105)) == [
        *USUAL,
        "proved: the list leads from the 100 files of the older snapshot to the 105 of the newer",
    ]
    assert parts(TOTALS, Proof(0, 105)) == [
        *USUAL,
        "proved: the cluster counts 105 files, which the list has",
    ]


def test_what_filters_left_out_is_reported_by_filter() -> None:
    filtered = {
        "exclude": FilterCount(files=3, directories=1),
        "older-than": FilterCount(files=1, bytes=70),
    }

    (said,) = [
        part
        for part in summarize("Show 1", TOTALS, None, moves=False, filtered=filtered).split("; ")
        if part not in USUAL
    ]
    proved = summarize("Show 1", TOTALS, Proof(0, 9), moves=False, filtered=filtered)

    assert said == (
        "left out by filters: --exclude 3 files and 1 directory, --older-than 1 file (70 bytes), "
        "which no later list has unless they change again"
    )
    assert proved.endswith("counts 9 files, which the list, with what filters left out, has")
