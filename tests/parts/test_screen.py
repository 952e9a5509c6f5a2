"""What the commands print: events in words, byte for byte, and nothing that controls a terminal."""

import typing

import pytest
from msgspec.structs import fields

from qumulo_changelist import events
from qumulo_changelist.cli import screen
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.events import Event
from qumulo_changelist.model import Totals

# Progress is shown, and not printed: see test_progress.py.
PROGRESS = (events.StageBegun, events.Progressed)
KINDS = [kind for kind in typing.get_args(Event) if kind not in PROGRESS]

WARNINGS: list[Event] = [
    events.NodeSkipped("n1", "it took too long"),
    events.NodeChosen("n2", ("n1 (refused)",)),
    events.CertificateUnchecked(),
    events.QqSpoke("login", "a warning", failed=False),
    events.SnapshotsUnknown("why"),
    events.ChangesCollected("/p", in_scope=0, out_of_scope=3),
    events.MountUnverified("/mnt", "/p"),
    events.QqFoldersCounted(20, 4, mount_helps=True),
    events.EntryUnreadable("/a", "why"),
    events.MoreUnreadable(7),
    events.WorkersUnavailable("why"),
    events.WorkersAwaited("tls://host:8786"),
    events.WorkerLeftOut("why"),
    events.SliceLate("tls://host:4001", 20.5),
    events.ProcessesLeft((17,)),
    events.LockAwaited("/list"),
    events.LockUnavailable("/list", "/lock", "why"),
    events.PiecesPerishable("the live share can change"),
    events.PiecesReused(3, 4),
    events.PieceDamaged("/pieces/set/1.piece", "why"),
    events.PagesReused(30),
    events.PagesDropped("why"),
    events.KeepingStopped("/kept/1.pages", "why"),
    events.PiecesLeft("/pieces/set", "why"),
]
WARNINGS += [
    events.ProjectAwaited("show1", "process 7 since noon"),
    events.RunRecovered("show1", "/p", 7, is_committed=False),
    events.RunContinued("show1", "/p", 7, "show1-7"),
    events.CommitLost("show1", "/p", 7),
    events.CommitsDisagree("show1", "/p", 7, 9),
    events.BaseChosen("/p", 7, "show1-7", 0),
    events.BaseExpires("/p", 7, 0),
    events.FullListNeeded("show1", "/p", "nothing was committed yet", None),
    events.FiltersWidened("show1", "/p", 7),
    events.NothingNewer("/p", "Nightly", 7),
    events.ListMade(
        "show1", "/p", "/list", Totals(files=3), deletes=True, moves=False, proof=(1, 4)
    ),
    events.CommitWithheld("show1", "/p", 7, 3),
    events.ListCommitted("show1", "/p", 7),
    events.SnapshotKept(7, "show1-7", "it is locked"),
    events.NotificationFailed("https://example.com", "no answer"),
    events.MetricsUnwritten("/m.prom", "/m.prom cannot be written: full"),
]
DETAILS: list[Event] = [
    events.SnapshotTaken("/p", 7, "show1-7"),
    events.ListHanded(("archive.sh", "a b")),
    events.SnapshotRemoved(7, "show1-7"),
    events.RequestRetried("GET /v1", "Error 503", 2.0),
    events.CommandStarted(("qq", "a b")),
    events.QqSpoke("login", "an error", failed=True),
    events.ChangesCollected("/p", in_scope=1, out_of_scope=3),
    events.ChangesCollected("/p", in_scope=0, out_of_scope=0),
    events.FullListChosen("/p", 7),
    events.QqFoldersCounted(19, 4, mount_helps=False),
    events.EntryLeftOut("/a"),
    events.LeftoverRemoved("/aside"),
    events.LeftoversKept("/list", "why"),
    events.OldPiecesRemoved("/pieces/set"),
    events.ListPublished("/list", "/receipt"),
]


def name_of(event: Event) -> str:
    return type(event).__name__


@pytest.mark.parametrize("event", WARNINGS, ids=name_of)
def test_what_a_user_should_know_is_always_printed(
    event: Event, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    Screen(verbose=False)(event)

    assert capfdbinary.readouterr().err == screen.describe(event).encode() + b"\n"


@pytest.mark.parametrize("event", DETAILS, ids=name_of)
def test_how_a_run_works_is_printed_only_if_details_are_wanted(
    event: Event, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    Screen(verbose=False)(event)
    assert capfdbinary.readouterr().err == b""

    Screen(verbose=True)(event)
    assert capfdbinary.readouterr().err == screen.describe(event).encode() + b"\n"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_has_words_with_its_facts(kind: type) -> None:
    event = next(one for one in [*WARNINGS, *DETAILS] if type(one) is kind)

    words = screen.describe(event)

    facts = [getattr(event, field.name) for field in fields(kind)]
    texts = [fact for fact in facts if isinstance(fact, str)]
    is_short = kind in (
        *(events.LockAwaited, events.ListPublished, events.ChangesCollected),
        *(
            events.CommitLost,
            events.FullListNeeded,
            events.RunRecovered,
            events.ListCommitted,
            events.ListMade,
        ),
    )
    assert is_short or all(text in words for text in texts)


def test_a_run_that_will_take_long_through_qq_says_what_would_be_quicker() -> None:
    words = screen.describe(events.QqFoldersCounted(20, 4, mount_helps=True))

    assert "about 20 folders will be read through qq" in words
    assert "at most 4 at once" in words
    assert ".snapshot" in words
    assert "--transport rest" in words
    assert ".snapshot" not in screen.describe(events.QqFoldersCounted(20, 4, mount_helps=False))


def test_a_name_in_a_message_cannot_control_a_terminal(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    screen.say("of /a\x1b]0;title\x07\r\x9b2J: not there")

    written = rb"of /a\x1b]0;title\x07\x0d\x9b2J: not there"
    assert capfdbinary.readouterr().err == written + b"\n"


def test_other_bytes_of_a_message_are_written_as_they_are(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    screen.say("\udcff ü\tone\ntwo")

    assert capfdbinary.readouterr().err == b"\xff \xc3\xbc\tone\ntwo\n"


def test_a_user_learns_which_commit_counts_and_how_to_adopt_the_other() -> None:
    newer = screen.describe(events.CommitsDisagree("show1", "/p", 7, 9))
    none = screen.describe(events.CommitsDisagree("show1", "/p", 7, None))

    assert "the older one, 7, is used" in newer
    assert "`qumulo-changelist adopt show1`" in newer
    assert "does not show that snapshot 7 was committed" in none


def test_a_full_list_is_said_loudly_with_the_reason() -> None:
    words = screen.describe(events.FullListNeeded("show1", "/p", "nothing was committed yet", 9))

    assert "FULL LIST" in words
    assert "nothing was committed yet" in words
    assert "committed snapshot 9" in words


def test_a_user_learns_that_deletions_are_not_listed() -> None:
    made = events.ListMade("show1", "/p", "/list", Totals(), deletes=False, moves=False, proof=None)

    assert "what was deleted is not listed (--deletes)" in screen.describe(made)
