"""What the commands print: events in words, byte for byte, and nothing that controls a terminal."""

import argparse
import io
import json
import typing
from pathlib import Path
from types import ModuleType

import pytest
from msgspec.structs import fields

from qumulo_changelist import events, wording
from qumulo_changelist.cli import answer, common, create_snap, generate_changelist, screen
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.events import Event
from qumulo_changelist.model import Totals

# Progress is shown, and not printed: see test_progress.py.
PROGRESS = (events.StageBegun, events.Progressed)
KINDS = [kind for kind in typing.get_args(Event) if kind not in PROGRESS]

WARNINGS: list[Event] = [
    events.ClusterAwaited("Connection refused", 300),
    events.ClusterAwaited("Error 503", 300, is_failing=True),
    events.SnapshotSought("show1-7", "why"),
    events.NodeSkipped("n1", "it took too long"),
    events.NodeChosen("n2", ("n1 (refused)",)),
    events.CertificateUnchecked(),
    events.SecretExposed("/conf", "every user can read it"),
    events.QqSpoke("login", "a warning", failed=False),
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
    events.LockAwaited("/list", "process 17"),
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
    events.SnapshotExpires(7, 0),
    events.FullListNeeded("show1", "/p", "nothing was committed yet", None),
    events.FiltersWidened("show1", "/p", 7),
    events.NothingNewer("/p", "Nightly", 7),
    events.ListMade(
        "show1", "/p", "/list", Totals(files=3), deletes=True, moves=False, proof=(1, 4)
    ),
    events.PartFailed("show1: /p", "LoginError", "refused", "", 77),
    events.CommitWithheld("show1", "/p", 7, 3),
    events.ListCommitted("show1", "/p", 7),
    events.SnapshotKept(7, "show1-7", "it is locked"),
    events.NotificationFailed("https://example.com", "no answer"),
    events.MetricsUnwritten("/m.prom", "/m.prom cannot be written: full"),
]
DETAILS: list[Event] = [
    events.SourceBegun("show1", "/p"),
    events.PlacingBegun(),
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
            events.PartFailed,
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


HOSTILE = {
    "/a\x1b]0;title\x07\r\x9b2J": rb"/a\x1b]0;title\x07\x0d\x9b2J",
    "a raw byte that is CSI \udc9b": rb"a raw byte that is CSI \x9b",
    "a byte that is no UTF-8 \udcff": rb"a byte that is no UTF-8 \xff",
    "a surrogate of no byte \ud800": rb"a surrogate of no byte \ud800",
    "turned \u202egnp.exe\u2066": rb"turned \u202egnp.exe\u2066",
    "separators \u2028 \u2029 \x85": rb"separators \u2028 \u2029 \x85",
    "NUL \0 and delete \x7f": rb"NUL \x00 and delete \x7f",
    "a tag \U000e0001": rb"a tag \ue0001",
}
"""Texts, and the bytes that may reach a terminal."""


@pytest.mark.parametrize(("text", "written"), HOSTILE.items())
def test_a_name_in_a_message_cannot_control_a_terminal(
    capfdbinary: pytest.CaptureFixture[bytes], text: str, written: bytes
) -> None:
    screen.say(f"of {text}: not there")

    assert capfdbinary.readouterr().err == b"of " + written + b": not there\n"


def test_a_line_end_in_a_name_begins_no_message_of_its_own(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    screen.say("ü\tone/\nqumulo-changelist: all is well\n  and more\n\nend")

    written = "ü\tone/\n  qumulo-changelist: all is well\n  and more\n\n  end\n".encode()
    assert capfdbinary.readouterr().err == written


def test_a_result_is_exact_for_a_program_and_harmless_on_a_terminal(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = b"/a\x1b[2J\xff\x9b/\xe2\x80\xae.xml"

    screen.print_result(path)
    assert capfdbinary.readouterr().out == path + b"\n"

    monkeypatch.setattr(screen, "is_terminal", lambda stream: True)
    screen.print_result(path)
    assert capfdbinary.readouterr().out == rb"/a\x1b[2J\xff\x9b/\u202e.xml" + b"\n"
    monkeypatch.setattr(screen, "_CHUNK", 1)  # a character of several bytes is read in parts
    screen.print_content(io.BytesIO("<é\x1b>\n".encode()))
    assert capfdbinary.readouterr().out == "<é".encode() + rb"\x1b>" + b"\n"


def test_json_is_the_same_value_with_nothing_that_controls_a_terminal(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    names = [*HOSTILE, "ü 🎬"]

    answer.print_answer({"names": names}, "", as_json=True)

    written = capfdbinary.readouterr().out
    assert json.loads(written) == {"names": names}
    assert all(character.isprintable() or character == "\n" for character in written.decode())
    assert "ü 🎬" in written.decode()


@pytest.mark.parametrize("command", [create_snap, generate_changelist])
def test_a_wrong_command_line_is_named_without_what_controls_a_terminal(
    capfd: pytest.CaptureFixture[str], command: ModuleType
) -> None:
    with pytest.raises(SystemExit):
        command.make_parser().parse_args(["--transport=\x1b[2J\n\x9b"])

    assert "'\\x1b[2J\\n\\x9b'" in capfd.readouterr().err

    with pytest.raises(SystemExit):
        command.make_parser().parse_args(["--transport=rest", "--\x1b[2J\nforged"])
    printed = capfd.readouterr().err
    assert "\x1b" not in printed
    assert "\nforged" not in printed


def test_completion_offers_no_project_whose_name_controls_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "projects.toml"
    names = ["fine", "turned \u202e", "8-bit \x9b2J"]
    tables = [
        f'[projects.{json.dumps(name)}]\npath = "/p"\nguid = "{number}"\n'
        for number, name in enumerate(names)
    ]
    file.write_text("".join(tables), encoding="utf-8")

    offered = common.complete_project(parsed_args=argparse.Namespace(projects=str(file)))

    assert offered == ["fine"]


def test_each_line_for_people_stays_one_line() -> None:
    assert wording.join_lines(["a\nb", "c\x1b[1m"]) == "a\\x0ab\nc\\x1b[1m"


def test_it_is_said_once_that_others_can_read_a_secret(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    shown = Screen(verbose=False)
    for path in ("/a.conf", "/a.conf", "/b.conf"):
        shown(events.SecretExposed(path, "every user can read it"))

    lines = capfdbinary.readouterr().err.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["/a.conf", "/b.conf"]
    assert "chmod 600" in lines[0]
    assert "chown" in lines[0]


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
