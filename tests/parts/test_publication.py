"""A list and its receipt take their places together or not at all, also if several runs do this."""

import contextlib
import errno
import fcntl
import hashlib
import itertools
import json
import os
import resource
import select
import signal
import stat
import tempfile
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from qumulo_changelist.errors import OutputError, ReceiptError, ResourceError
from qumulo_changelist.events import (
    Event,
    LeftoverRemoved,
    LeftoversKept,
    Listener,
    ListPublished,
    LockAwaited,
    LockUnavailable,
    PlacingBegun,
    ignore,
)
from qumulo_changelist.model import Totals
from qumulo_changelist.output import publication
from qumulo_changelist.output.atomic import check_replaceable
from qumulo_changelist.output.interface import ListFormat
from qumulo_changelist.output.list_file import WrittenList, list_file
from qumulo_changelist.output.ndjson import Ndjson
from qumulo_changelist.output.publication import FilledList, publish, receipt_path_of
from qumulo_changelist.output.scan_xml import ScanXml
from tests.parts.entries import present, write_piece

PAIR = ["1-files.json", "1-files.xml"]
TIMEOUT = 30
RANDOM = "0123456789abcdef"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "1-files.xml")


def make_receipt(written: WrittenList) -> bytes:
    return json.dumps(written._asdict()).encode()


def write(
    path: str,
    *names: str,
    make: Callable[[WrittenList], bytes] = make_receipt,
    listener: Listener = ignore,
) -> str:
    """Publish a list of some files, and its receipt; return the path of the receipt."""
    form = ScanXml("1", 0)
    with list_file(path, form) as file:
        file.add(write_piece(form, *map(present, names)).piece)
        publish([FilledList(file, Totals(files=len(names)), make)], listener)
    return receipt_path_of(path)


def content(path: str) -> bytes:
    return Path(path).read_bytes()


def has_its_receipt(path: str) -> bool | None:
    """Return whether the receipt beside a list is of that list; None if there is none."""
    try:
        receipt = json.loads(content(receipt_path_of(path)))
    except FileNotFoundError:
        return None
    return bool(receipt["sha256"] == hashlib.sha256(content(path)).hexdigest())


def files_beside(path: str) -> list[str]:
    return sorted(os.listdir(os.path.dirname(path)))


running: set[int] = set()
pipes: list[int] = []


def fork(work: Callable[[], object]) -> int:
    """Start a process that does some work; it ends with 0, or with 1 after an error."""
    child = os.fork()
    if child:
        running.add(child)
        return child
    signal.alarm(TIMEOUT)
    try:
        work()
    except BaseException:  # noqa: BLE001 - the process ends here
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def exit_code(child: int) -> int:
    """Wait for a process; return its exit code, or minus the number of the signal that ended it."""
    running.discard(child)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Pipe:
    """Lets one process wait until a different one has reached a point."""

    def __init__(self) -> None:
        self._out, self._into = os.pipe()
        pipes.extend((self._out, self._into))

    def signal_wait_for_lock(self, event: Event) -> None:
        """Signal that a run waits for the lock; a listener."""
        if isinstance(event, LockAwaited):
            self.signal()

    def signal(self) -> None:
        os.write(self._into, b"x")

    def wait(self) -> None:
        assert select.select([self._out], [], [], TIMEOUT)[0]
        os.read(self._out, 1)


@pytest.fixture(autouse=True)
def nothing_remains() -> Iterator[None]:
    """End the processes of a test that failed; make sure that no descriptor remains open."""
    before = os.listdir("/dev/fd")
    yield
    for child in tuple(running):
        os.kill(child, signal.SIGKILL)
        exit_code(child)
    for descriptor in pipes:
        os.close(descriptor)
    pipes.clear()
    assert os.listdir("/dev/fd") == before


# Both in their places


def test_a_list_and_its_receipt_are_all_that_is_published(path):
    events: list[Event] = []

    receipt_path = write(path, "/b", "/a", listener=events.append)

    assert files_beside(path) == PAIR
    assert has_its_receipt(path)
    assert json.loads(content(receipt_path)) == {
        "path": path,
        "size": len(content(path)),
        "sha256": hashlib.sha256(content(path)).hexdigest(),
    }
    assert events == [PlacingBegun(), ListPublished(path, receipt_path, Totals(files=2))]


def test_they_replace_earlier_ones(path):
    write(path, "/earlier")
    write(path, "/new")

    assert b"/new" in content(path)
    assert b"/earlier" not in content(path)
    assert has_its_receipt(path)
    assert files_beside(path) == PAIR


@pytest.mark.parametrize(
    ("list_path", "receipt_path"),
    [
        ("/w/guid/1-files.xml", "/w/guid/1-files.json"),
        ("/w/guid/1-files.ndjson", "/w/guid/1-files.ndjson.json"),
        ("/w/a.xml/1-files.ndjson", "/w/a.xml/1-files.ndjson.json"),
    ],
)
def test_each_format_has_a_receipt_of_its_own(list_path, receipt_path):
    assert receipt_path_of(list_path) == receipt_path


def test_lists_of_several_formats_lie_side_by_side(tmp_path, path):
    other = str(tmp_path / "1-files.ndjson")
    write(other, "/other")
    write(path, "/a")
    write(other, "/new")

    assert files_beside(path) == [*PAIR[:1], "1-files.ndjson", "1-files.ndjson.json", *PAIR[1:]]
    assert has_its_receipt(path)
    assert has_its_receipt(other)


def test_both_are_on_disk_before_the_earlier_receipt_goes_and_the_list_comes_first(
    path, monkeypatch
):
    write(path, "/earlier")
    calls: list[str] = []

    def record(name: str) -> None:
        usual = getattr(os, name)

        def recorded(*given: object) -> object:
            calls.append(f"{name} {os.path.basename(str(given[-1]))}")
            return usual(*given)

        monkeypatch.setattr(os, name, recorded)

    monkeypatch.setattr(os, "fsync", lambda _: calls.append("fsync"))
    record("unlink")
    record("replace")
    write(path, "/new")

    assert calls == [
        "fsync", "fsync", "unlink 1-files.json", "fsync", "replace 1-files.xml", "fsync",
        "replace 1-files.json", "fsync", "unlink .1-files.lock",
    ]  # fmt: skip


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0, 0o666)])
def test_both_have_the_permissions_of_any_new_file(path, mask, mode):
    before = os.umask(mask)
    try:
        write(path, "/a")
    finally:
        os.umask(before)

    for name in PAIR:
        assert stat.S_IMODE(os.stat(os.path.join(os.path.dirname(path), name)).st_mode) == mode


def test_a_link_in_the_place_of_either_is_replaced_and_not_followed(tmp_path, path):
    foreign = tmp_path / "foreign"
    foreign.write_text("untouched")
    for name in PAIR:
        (tmp_path / name).symlink_to(foreign)

    write(path, "/a")

    assert foreign.read_text() == "untouched"
    assert has_its_receipt(path)


# Errors


@pytest.mark.parametrize("taken", PAIR)
def test_a_folder_in_the_place_of_either_is_an_error_and_nothing_else_remains(
    tmp_path, path, taken
):
    (tmp_path / taken / "inside").mkdir(parents=True)

    with pytest.raises(OutputError, match=f"{taken} cannot be written") as caught:
        write(path, "/a")

    assert caught.value.exit_code == 4
    assert not isinstance(caught.value, ReceiptError)
    assert files_beside(path) == [taken]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("full", [".xml", ".json"])
def test_without_room_for_either_both_remain_as_they_were(path, monkeypatch, full):
    write(path, "/earlier")
    before = content(path)
    usual = os.open

    def open_full(name: str, flags: int, *mode: int) -> int:
        if f"1-files{full}." in str(name):
            os.close(usual(name, flags, *mode))
            return usual("/dev/full", os.O_WRONLY)
        return usual(name, flags, *mode)

    monkeypatch.setattr(os, "open", open_full)
    with pytest.raises(OutputError, match=f"{full} cannot be written: No space left on device"):
        write(path, "/new")

    assert content(path) == before
    assert has_its_receipt(path)
    assert files_beside(path) == PAIR


@pytest.mark.parametrize(
    ("room", "files"),
    [(0, 1), (1_000_000, 10_000), (130, 1)],
    ids=["no room at all", "not for all entries", "not for the first line"],
)
def test_where_files_may_not_grow_both_remain_as_they_were(path, room, files):
    write(path, "/earlier")
    before = content(path)

    def write_in_little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        with pytest.raises(OutputError) as caught:
            write(path, *(f"/{number}" for number in range(files)))
        assert str(caught.value) == f"{path} cannot be written: File too large"

    assert exit_code(fork(write_in_little_room)) == 0
    assert content(path) == before
    assert has_its_receipt(path)
    assert files_beside(path) == PAIR


def test_it_is_a_different_error_if_only_the_receipt_cannot_take_its_place(path, monkeypatch):
    usual = os.replace

    def replace(aside: str, place: str) -> None:
        if place.endswith(".json"):
            raise OSError(errno.EIO, "Input/output error")
        usual(aside, place)

    write(path, "/earlier")
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(ReceiptError, match=r"xml is a new list, but .*json cannot be written: In"):
        write(path, "/new")

    assert b"/new" in content(path)
    assert files_beside(path) == ["1-files.xml"]


def test_a_file_that_has_the_random_name_already_is_never_overwritten(tmp_path, path, monkeypatch):
    foreign = tmp_path / ".1-files.xml.same"
    foreign.write_text("untouched")
    monkeypatch.setattr("secrets.token_hex", lambda _: "same")

    with pytest.raises(OutputError, match="File exists"):
        write(path, "/a")

    assert foreign.read_text() == "untouched"


def test_an_error_is_reported_even_if_what_was_written_cannot_be_removed(path, monkeypatch):
    def fail(_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    monkeypatch.setattr(os, "unlink", fail)
    with pytest.raises(OutputError, match=r"1-files\.xml cannot be written: Input/output error"):
        write(path, "/a")

    assert not os.path.exists(path)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_leaves_both_as_they_were(path, error):
    def interrupt(_: WrittenList) -> bytes:
        raise error

    write(path, "/earlier")
    with pytest.raises(error):
        write(path, "/new", make=interrupt)

    assert b"/earlier" in content(path)
    assert has_its_receipt(path)
    assert files_beside(path) == PAIR


# Runs that are killed


def die_before(step: int) -> None:
    """Let this process be killed right before one of the calls that change something."""
    calls = itertools.count(1)

    def count(name: str) -> None:
        usual = getattr(os, name)

        def counted(*given: object) -> object:
            if next(calls) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return usual(*given)

        setattr(os, name, counted)

    for name in ("fsync", "unlink", "replace"):
        count(name)


def test_wherever_a_run_is_killed_a_receipt_is_of_its_list_and_the_next_run_tidies_up(path):
    without_receipt = 0
    for step in itertools.count(1):
        write(path, "/earlier")

        def work(step: int = step) -> None:
            die_before(step)
            write(path, "/new")

        code = exit_code(fork(work))
        listed = content(path)
        assert (b"/earlier" in listed) != (b"/new" in listed)
        assert has_its_receipt(path) is not False
        without_receipt += has_its_receipt(path) is None
        if code == 0:
            break
        assert code == -signal.SIGKILL
        write(path, "/next")
        assert b"/next" in content(path)
        assert files_beside(path) == PAIR
    # Both on disk, the receipt removed, list and receipt in place, each on disk, the lock removed;
    # and the end.
    assert step == 10
    assert without_receipt == 4


def test_what_killed_runs_left_is_removed_and_nothing_else(tmp_path, path):
    leftovers = [f".1-files.xml.{RANDOM}", f".1-files.json.{RANDOM}"]
    others = [
        f".11-files.xml.{RANDOM}", f".2-files.json.{RANDOM}", ".2-files.lock",
        f"1-files.xml.{RANDOM}", f".1-files.xml.{RANDOM}0", f".1-files.xml.{RANDOM.upper()}",
        ".1-files.xml.mine", ".1-files.xml", f".1-filesxxml.{RANDOM}",
        f".1-files.ndjson.{RANDOM}", f".1-files.ndjson.json.{RANDOM}",
    ]  # fmt: skip
    for name in (*leftovers, ".1-files.lock", *others):
        (tmp_path / name).touch()
    events: list[Event] = []

    write(path, "/a", listener=events.append)

    assert files_beside(path) == sorted([*others, *PAIR])
    assert events[:2] == [LeftoverRemoved(str(tmp_path / name)) for name in leftovers]


def test_a_leftover_that_cannot_be_removed_does_not_stop_a_list(tmp_path, path):
    (tmp_path / f".1-files.xml.{RANDOM}").mkdir()
    events: list[Event] = []

    write(path, "/a", listener=events.append)

    assert has_its_receipt(path)
    (kept,) = [event for event in events if isinstance(event, LeftoversKept)]
    assert kept.path == path
    assert kept.reason in ("Is a directory", "Operation not permitted")  # of Linux and macOS


# Several runs at the same time


def test_a_run_waits_for_a_different_run_and_removes_none_of_its_files(path):
    inside, waiting, go_on = Pipe(), Pipe(), Pipe()

    def pause(written: WrittenList) -> bytes:
        inside.signal()
        go_on.wait()
        return make_receipt(written)

    def check_holder(event: Event) -> None:
        if isinstance(event, LockAwaited):
            assert event.holder.startswith(f"process {first} since ")
        waiting.signal_wait_for_lock(event)

    first = fork(lambda: write(path, "/first", make=pause))
    inside.wait()
    second = fork(lambda: write(path, "/second", listener=check_holder))
    waiting.wait()
    assert [name[: len(".1-files.json")] for name in files_beside(path)] == [
        ".1-files.json", ".1-files.lock", ".1-files.xml.",
    ]  # fmt: skip
    go_on.signal()

    assert (exit_code(first), exit_code(second)) == (0, 0)
    assert b"/second" in content(path)
    assert has_its_receipt(path)
    assert files_beside(path) == PAIR


def test_a_run_that_waits_for_a_different_run_reports_it(path, monkeypatch):
    usual = fcntl.flock
    events: list[Event] = []

    def lock(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", usual)
        raise BlockingIOError

    monkeypatch.setattr(fcntl, "flock", lock)

    receipt_path = write(path, "/a", listener=events.append)

    published = ListPublished(path, receipt_path, Totals(files=1))
    assert events == [LockAwaited(path, "another process"), PlacingBegun(), published]


def test_a_run_whose_lock_was_removed_leaves_that_of_a_different_run(path, tmp_path):
    lock = tmp_path / ".1-files.lock"

    def replace_lock(written: WrittenList) -> bytes:
        lock.unlink()
        lock.write_text("of a different run")
        return make_receipt(written)

    write(path, "/a", make=replace_lock)

    assert lock.read_text() == "of a different run"
    lock.unlink()


def test_a_run_that_is_killed_while_it_publishes_holds_up_no_other_run(path):
    inside, waiting = Pipe(), Pipe()

    def stop(_: WrittenList) -> bytes:
        inside.signal()
        signal.pause()
        return b""

    first = fork(lambda: write(path, "/first", make=stop))
    inside.wait()
    second = fork(lambda: write(path, "/second", listener=waiting.signal_wait_for_lock))
    waiting.wait()
    os.kill(first, signal.SIGKILL)

    assert (exit_code(first), exit_code(second)) == (-signal.SIGKILL, 0)
    assert b"/second" in content(path)
    assert files_beside(path) == PAIR


def test_a_receipt_is_of_its_list_also_if_many_runs_publish_at_once(path):
    write(path, "/begin")

    def publish_often(number: int) -> None:
        for turn in range(8):
            write(path, f"/{number}", f"/{turn}")

    def check_often() -> None:
        for _ in range(20):
            with publication._lock_lists(publication._lock_path(path), [path], ignore):
                assert has_its_receipt(path) is True

    runs = [fork(partial(publish_often, number)) for number in range(5)]
    runs.append(fork(check_often))

    assert [exit_code(run) for run in runs] == [0] * 6
    assert has_its_receipt(path)
    assert files_beside(path) == PAIR


def publish_several(folder: Path, name: str, make: Callable[[WrittenList], bytes]) -> None:
    """Publish two lists of one file, in two formats."""
    forms: dict[str, ListFormat] = {"1-files.xml": ScanXml("1", 0), "1-files.ndjson": Ndjson()}
    with contextlib.ExitStack() as stack:
        lists = []
        for file_name, form in forms.items():
            file = stack.enter_context(list_file(str(folder / file_name), form))
            file.add(write_piece(form, present(name)).piece)
            lists.append(FilledList(file, Totals(files=1), make))
        publish(lists, ignore)


def test_the_lists_of_a_run_are_published_together_or_not_at_all(tmp_path):
    places = ["1-files.json", "1-files.ndjson", "1-files.ndjson.json", "1-files.xml"]
    publish_several(tmp_path, "/first", make_receipt)
    before = {name: content(str(tmp_path / name)) for name in places}

    def refuse_second(written: WrittenList) -> bytes:
        if written.path.endswith(".ndjson"):
            raise KeyboardInterrupt
        return make_receipt(written)

    with pytest.raises(KeyboardInterrupt):
        publish_several(tmp_path, "/second", refuse_second)
    after = {name: content(str(tmp_path / name)) for name in places}
    publish_several(tmp_path, "/second", make_receipt)

    assert after == before
    assert sorted(os.listdir(tmp_path)) == places
    assert b"/second" in content(str(tmp_path / "1-files.xml"))
    assert b"/second" in content(str(tmp_path / "1-files.ndjson"))


def test_an_earlier_list_of_what_was_deleted_does_not_stay_beside_a_new_list(tmp_path, monkeypatch):
    """Somebody could delete by it what the new list has."""
    form = ScanXml("1", 0)

    def publish_both(name: str) -> None:
        with contextlib.ExitStack() as stack:
            lists = []
            for file_name, is_beside in (("1-files.null", False), ("1-files.null-deleted", True)):
                file = stack.enter_context(list_file(str(tmp_path / file_name), form))
                file.add(write_piece(form, present(name)).piece)
                lists.append(FilledList(file, Totals(files=1), make_receipt, is_beside))
            publish(lists, ignore)

    publish_both("/first")
    rename = os.replace

    def interrupt(source: str, place: str) -> None:
        rename(source, place)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        publish_both("/second")

    assert sorted(os.listdir(tmp_path)) == ["1-files.null"]
    assert b"/second" in content(str(tmp_path / "1-files.null"))


# Without locks


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_without_locks_a_list_is_published_with_a_warning_and_nothing_is_removed(
    path, tmp_path, monkeypatch, number
):
    def lock(*_given: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", lock)
    leftover = f".1-files.xml.{RANDOM}"
    (tmp_path / leftover).touch()
    events: list[Event] = []

    receipt_path = write(path, "/a", listener=events.append)

    assert has_its_receipt(path)
    assert leftover in files_beside(path)
    assert events == [
        LockUnavailable(path, str(tmp_path / ".1-files.lock"), os.strerror(number)),
        PlacingBegun(),
        ListPublished(path, receipt_path, Totals(files=1)),
    ]


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path, path):
    foreign = tmp_path / "foreign"
    (tmp_path / ".1-files.lock").symlink_to(foreign)

    with pytest.raises(OutputError, match=r"its lock .*/\.1-files\.lock cannot be opened: "):
        write(path, "/a")

    assert files_beside(path) == [".1-files.lock"]


GROUP, FIRST, SECOND = 65_531, 65_533, 65_532


@contextlib.contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder in which a group may write, and that every user reaches."""
    with tempfile.TemporaryDirectory(prefix="shared-") as name:
        os.chmod(name, 0o711)
        folder = Path(name, "lists")
        folder.mkdir()
        os.chown(folder, 0, GROUP)
        folder.chmod(0o2770)
        yield folder


def fork_as(user: int, umask: int, work: Callable[[], object]) -> int:
    def change_user() -> None:
        os.setgroups([GROUP])
        os.setgid(GROUP)
        os.setuid(user)
        os.umask(umask)
        work()

    return fork(change_user)


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


@only_root
@pytest.mark.parametrize("umask", [0o002, 0o022, 0o027])
def test_two_users_of_a_group_publish_one_after_the_other(umask):
    placed, waiting = Pipe(), Pipe()

    def stop_between(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
        usual, synced = publication._sync, itertools.count()

        def sync(folders: list[str]) -> None:
            if next(synced) == 1:  # the list is in its place, and its receipt is not
                placed.signal()
                waiting.wait()
            usual(folders)

        monkeypatch.setattr(publication, "_sync", sync)
        write(path, "/first")

    with shared_folder() as folder, pytest.MonkeyPatch.context() as patch:
        path = str(folder / "1-files.xml")
        first = fork_as(FIRST, umask, lambda: stop_between(patch, path))
        placed.wait()
        second = fork_as(
            SECOND, umask, lambda: write(path, "/second", listener=waiting.signal_wait_for_lock)
        )

        assert (exit_code(first), exit_code(second)) == (0, 0)
        assert b"/second" in content(path)
        assert has_its_receipt(path)
        assert files_beside(path) == PAIR


@only_root
def test_a_lock_that_this_user_cannot_open_ends_the_run():
    with shared_folder() as folder:
        path = str(folder / "1-files.xml")
        (folder / ".1-files.lock").touch(mode=0o600)

        def publish_here() -> None:
            with pytest.raises(OutputError, match=r"its lock .* cannot be opened: Permission"):
                write(path, "/a")

        assert exit_code(fork_as(SECOND, 0o002, publish_here)) == 0
        assert files_beside(path) == [".1-files.lock"]


def test_temporary_files_of_a_run_that_has_no_lock_stay_while_it_is_alive(path, monkeypatch):
    """As over NFS, where the lock of another user, which can only be read, cannot be locked."""

    def refuse(_path: str) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    usual = publication._open_lock
    monkeypatch.setattr(publication, "_open_lock", refuse)

    def write_another(written: WrittenList) -> bytes:
        monkeypatch.setattr(publication, "_open_lock", usual)
        write(path, "/inner")
        return make_receipt(written)

    write(path, "/outer", make=write_another)

    assert b"/outer" in content(path)
    assert has_its_receipt(path)
    assert files_beside(path) == PAIR


def test_a_file_of_others_in_the_place_of_the_lock_is_not_written_to(tmp_path, path):
    (tmp_path / "foreign").write_text("untouched")
    os.link(tmp_path / "foreign", tmp_path / ".1-files.lock")

    write(path, "/a")

    assert (tmp_path / "foreign").read_text() == "untouched"
    assert has_its_receipt(path)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_folder_that_goes_while_its_list_is_written_is_an_error(tmp_path, is_replaced):
    folder, elsewhere = tmp_path / "lists", tmp_path / "elsewhere"
    folder.mkdir()
    path = str(folder / "1-files.xml")
    write(path, "/earlier")

    def move(written: WrittenList) -> bytes:
        folder.rename(elsewhere)
        if is_replaced:
            folder.mkdir()
        return make_receipt(written)

    with pytest.raises(OutputError, match=r"/lists.* cannot be written: No such file") as caught:
        write(path, "/new", make=move)

    assert not isinstance(caught.value, ReceiptError)
    assert b"/earlier" in content(str(elsewhere / "1-files.xml"))
    assert has_its_receipt(str(elsewhere / "1-files.xml"))
    assert not is_replaced or os.listdir(folder) == []


def test_without_a_descriptor_for_the_lock_nothing_is_published(path, monkeypatch):
    def lock(*_given: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(fcntl, "flock", lock)

    with pytest.raises(ResourceError):
        write(path, "/a")
    assert not os.path.exists(path)


def test_only_a_regular_file_or_nothing_at_all_can_be_replaced(tmp_path):
    """A link to a regular file is, but not one that stands for what a process has open."""
    (tmp_path / "file").write_text("1")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "pipe", "nowhere"):
        (tmp_path / f"link to {name}").symlink_to(name)
    with (tmp_path / "file").open() as file:
        (tmp_path / "stdout").symlink_to(f"/proc/self/fd/{file.fileno()}")
        for name in ("pipe", "link to pipe", "folder", "stdout"):
            with pytest.raises(OutputError, match="cannot be written: it "):
                check_replaceable(str(tmp_path / name))
    for name in ("file", "link to file", "link to nowhere", "nowhere", "no/where", "a\0b"):
        check_replaceable(str(tmp_path / name))
