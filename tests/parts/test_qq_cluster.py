"""A cluster through qq: its commands, its answers, and a session that ends on the way."""

import json
import os
from functools import partial
from pathlib import Path

import pytest

from qumulo_changelist.cluster.qq import walk
from qumulo_changelist.cluster.qq.client import QqCluster
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import (
    AbsentError,
    ClusterPathError,
    IncompleteReplyError,
    LoginError,
    NotFoundError,
    QqFailedError,
    QqMissingError,
    ReplyError,
    SnapshotMissingError,
    UnclearOutcomeError,
    UnreachableError,
    UnreadableError,
)
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Change,
    Kind,
    ReadFailure,
    Snapshot,
)
from tests.parts.conftest import FakeQq

PASSWORD = "pässwörd 100%"

# A qq that plays a cluster: it accepts the sessions named in "accepted", and runs for each command
# the script of that name. It records its commands in "asked".
CLUSTER = f"""
import re
options = dict(part[2:].split("=", 1) for part in sys.argv[1:] if re.match("--.*=", part))
command = next(part for part in sys.argv[1:] if not part.startswith("--"))
with open(os.path.join(HERE, "asked"), "a") as file:
    json.dump([command, *sys.argv[sys.argv.index(command) + 1 :]], file)
    file.write("\\n")


def state(name, otherwise):
    try:
        return json.load(open(os.path.join(HERE, name)))
    except FileNotFoundError:
        return otherwise


def refuse(reason="unauthenticated: Need to log in first, establish credentials"):
    exec(state("before-refusing", ""))
    say("Error 401: " + reason + "\\n", on=2)
    sys.exit(1)


def accepted():
    try:
        token = json.load(open(options["credentials-store"]))["bearer_token"]
    except FileNotFoundError:
        token = None
    return token in state("accepted", [])


if command == "login":
    if failure := state("login-failure", ""):
        say(failure, on=2)
        sys.exit(1)
    if sys.stdin.readline() != {PASSWORD + chr(10)!r} or state("locked", False):
        refuse("unauthorized: Incorrect username or password.")
    count = state("logins", 0) + 1
    leave("logins", count)
    with open(options["credentials-store"], "w") as file:
        json.dump({{"version": 1, "bearer_token": f"token-{{count}}"}}, file)
elif not accepted():
    refuse()
else:
    exec(open(os.path.join(HERE, command)).read())
"""

ONE_CHANGE = 'say(\'{"entries": [{"op": "CREATE", "path": "/a"}], "paging": null}\')'


class FakeCluster:
    """The cluster that the fake qq plays, as a test uses it."""

    def __init__(self, qq: FakeQq) -> None:
        self._qq = qq
        qq.does(CLUSTER)
        self.accepts(*(f"token-{number}" for number in range(1, 9)))

    def answers(self, command: str, script: str) -> None:
        (self._qq.folder / command).write_text(script)

    def accepts(self, *tokens: str) -> None:
        (self._qq.folder / "accepted").write_text(json.dumps(tokens))

    def locks_the_user_out(self) -> None:
        (self._qq.folder / "locked").write_text("true")

    def fails_to_log_in(self, words: str) -> None:
        (self._qq.folder / "login-failure").write_text(json.dumps(words))

    def does_before_refusing(self, script: str) -> None:
        (self._qq.folder / "before-refusing").write_text(json.dumps(script))

    @property
    def asked(self) -> list[list[str]]:
        notes = self._qq.folder / "asked"
        return [json.loads(line) for line in notes.read_text().splitlines()]

    @property
    def commands(self) -> list[str]:
        return [command for command, *_ in self.asked]


@pytest.fixture
def fake(qq) -> FakeCluster:
    return FakeCluster(qq)


@pytest.fixture
def session(session_folder) -> QqSession:
    return QqSession("192.0.2.10", 8000, "archiver", folder=session_folder)


@pytest.fixture
def cluster(fake, listener, session) -> QqCluster:
    process = QqProcess("192.0.2.10", 8000, listener)
    return QqCluster(process, session, "archiver", Secret(PASSWORD))


def changes_of(cluster: QqCluster, older: int = 3, newer: int = 7) -> list[Change]:
    """Return all changes of a diff."""
    return [change for page in cluster.changes(older, newer) for change in page]


# Commands and answers


def test_a_snapshot_is_taken_of_a_directory_under_a_name(fake, cluster):
    fake.answers(
        "snapshot_create_snapshot", "say(json.dumps({'id': 7, 'name': '7_a b-1'}, indent=4))"
    )

    assert cluster.create_snapshot("a b-1", "/proj/show 1") == Snapshot(7, "7_a b-1")
    assert fake.asked[-1] == [
        "snapshot_create_snapshot",
        "--name=a b-1",
        "--path=/proj/show 1",
    ]


def test_names_that_look_like_options_are_still_names(fake, cluster):
    fake.answers("snapshot_create_snapshot", "say('{\"id\": 7}')")

    cluster.create_snapshot("--id=8", "--path")

    assert fake.asked[-1] == ["snapshot_create_snapshot", "--name=--id=8", "--path=--path"]


@pytest.mark.parametrize("answer", ["{}", ""])
def test_an_answer_without_a_snapshot_is_refused(fake, cluster, answer):
    fake.answers("snapshot_create_snapshot", f"say({answer!r})")

    with pytest.raises(UnclearOutcomeError, match="not known whether") as caught:
        cluster.create_snapshot("a", "/a")
    assert not caught.value.connection_broke


@pytest.mark.parametrize(
    "broken",
    [
        "Connection error: Remote end closed connection without response",
        "Connection error: IncompleteRead(3 bytes read, 9 more expected)",
        "IncompleteRead(3 bytes read, 9 more expected)",
        "Connection error: The read operation timed out",
        "Error 502: bad_gateway: so it is",
    ],
)
def test_a_snapshot_may_have_been_taken_if_the_connection_broke(fake, cluster, broken):
    fake.answers("snapshot_create_snapshot", f"say({broken!r}, on=2); sys.exit(1)")

    with pytest.raises(UnclearOutcomeError, match="not known whether") as caught:
        cluster.create_snapshot("a", "/a")
    assert caught.value.exit_code == 1
    assert caught.value.connection_broke == ("closed" in broken or "error: Incom" in broken)


def test_the_changes_between_two_snapshots_are_returned(fake, cluster):
    fake.answers(
        "snapshot_diff",
        """
entries = [{"op": "DELETE", "path": "/a"}, {"op": "MODIFY", "path": "/b/"}]
say(json.dumps({"entries": entries, "paging": {"next": "x"}}, indent=4))
say(json.dumps({"entries": [{"op": "CREATE", "path": "/c"}], "paging": {}}, indent=4))
""",
    )

    assert changes_of(cluster) == [
        Change(DELETE, "/a"),
        Change(MODIFY, "/b/"),
        Change(CREATE, "/c"),
    ]
    assert fake.asked[-1] == ["snapshot_diff", "--older-snapshot=3", "--newer-snapshot=7"]


def test_the_page_size_of_qq_can_be_chosen(fake, listener, session):
    fake.answers("snapshot_diff", ONE_CHANGE)
    process = QqProcess("192.0.2.10", 8000, listener)
    cluster = QqCluster(process, session, "archiver", Secret(PASSWORD), page_size=5000)

    assert changes_of(cluster) == [Change(CREATE, "/a")]
    assert fake.asked[-1][-1] == "--page-size=5000"


@pytest.mark.parametrize("indent", [None, 4])
def test_one_malformed_change_spoils_the_diff(fake, cluster, indent):
    entries = [{"op": "CREATE", "path": path} for path in ("/a", "/a/../b", "/c")]
    fake.answers("snapshot_diff", f"say({json.dumps({'entries': entries}, indent=indent)!r})")

    with pytest.raises(ReplyError, match="not a change"):
        changes_of(cluster)


def test_changes_are_returned_while_qq_runs(fake, cluster, qq):
    os.mkfifo(qq.folder / "go-on")
    fake.answers(
        "snapshot_diff",
        """
say('{"entries": [{"op": "CREATE", "path": "/a"},')
open(os.path.join(HERE, "go-on")).read()
say('{"op": "CREATE", "path": "/b"}], "paging": null}')
""",
    )

    pages = cluster.changes(3, 7)

    assert next(pages) == [Change(CREATE, "/a")]
    (qq.folder / "go-on").write_text("go on")
    assert list(pages) == [[Change(CREATE, "/b")]]


def test_a_diff_that_is_not_wanted_any_more_ends_qq(fake, cluster, qq):
    fake.answers(
        "snapshot_diff",
        """
leave("pid", os.getpid())
say('{"entries": [{"op": "CREATE", "path": "/a"},')
time.sleep(20)
""",
    )
    pages = cluster.changes(3, 7)
    next(pages)

    pages.close()

    with pytest.raises(ProcessLookupError):
        os.kill(qq.left("pid"), 0)


def test_a_directory_is_listed_with_the_kinds_of_its_entries(fake, cluster):
    fake.answers(
        "fs_read_dir",
        """
files = [
    {"name": "a", "type": "FS_FILE_TYPE_FILE"},
    {"name": "b", "type": "FS_FILE_TYPE_DIRECTORY"},
    {"name": "c", "type": "FS_FILE_TYPE_SYMLINK"},
]
say(json.dumps({"files": files, "paging": {"next": ""}}))
""",
    )

    assert cluster.directory("/proj", 3) == {
        "a": Attributes(Kind.FILE),
        "b": Attributes(Kind.DIRECTORY),
        "c": Attributes(Kind.OTHER),
    }
    assert fake.asked[-1] == ["fs_read_dir", "--path=/proj", "--snapshot=3"]


def nodes(*entries: tuple[str, str, int]) -> str:
    """Return a script that lists what a tree holds: path, type, number of children."""
    tree = [
        {"path": path, "type": f"FS_FILE_TYPE_{kind}", "child_count": count}
        for path, kind, count in entries
    ]
    return f"say(json.dumps({{'tree_nodes': {tree!r}}}))"


def test_a_tree_is_listed_without_its_root(fake, cluster):
    fake.answers(
        "fs_walk_tree",
        nodes(
            ("/proj/", "DIRECTORY", 2),
            ("/proj/a", "FILE", 0),
            ("/proj/b/", "DIRECTORY", 1),
            ("/proj/b/c", "SYMLINK", 0),
        ),
    )

    assert cluster.walk("/proj", 3) == {
        "/proj/a": Attributes(Kind.FILE),
        "/proj/b/": Attributes(Kind.DIRECTORY),
        "/proj/b/c": Attributes(Kind.OTHER),
    }
    assert fake.asked[-1][:3] == ["fs_walk_tree", "--path=/proj", "--snapshot=3"]


def test_the_root_of_the_cluster_may_be_listed_as_an_entry_of_itself(fake, cluster):
    fake.answers("fs_walk_tree", nodes(("/", "DIRECTORY", 1), ("/a", "FILE", 0)))

    assert cluster.walk("/", 3) == {"/a": Attributes(Kind.FILE)}


@pytest.mark.parametrize(
    "listed",
    [
        [("/proj/", "DIRECTORY", 1)],
        [("/proj/", "DIRECTORY", 0), ("/proj/a", "FILE", 0)],
        [("/proj/", "DIRECTORY", 1), ("/proj/b/", "DIRECTORY", 1)],
    ],
)
def test_a_tree_with_missing_entries_is_an_incomplete_reply(fake, cluster, listed):
    fake.answers("fs_walk_tree", nodes(*listed))

    with pytest.raises(IncompleteReplyError, match=r"lists \d of the \d entr(y|ies) of /proj/"):
        cluster.walk("/proj", 3)


def nodes_in_parts(*parts: list[tuple[str, str, int]]) -> str:
    """Return a script that lists the tree of /proj, of /proj/b/c, of /proj/b/c/b/c and so on."""
    scripts = {f"/proj{'/b/c' * at}": nodes(*part) for at, part in enumerate(parts)}
    return f"exec({scripts!r}[options['path']])"


TOP = [("/proj/", "DIRECTORY", 1), ("/proj/b/", "DIRECTORY", 2), ("/proj/b/c/", "DIRECTORY", 1)]


def test_a_tree_that_is_too_deep_for_qq_is_walked_in_parts(fake, cluster, monkeypatch):
    monkeypatch.setattr(walk, "MAX_DEPTH", 2)
    fake.answers(
        "fs_walk_tree",
        nodes_in_parts(
            [*TOP, ("/proj/b/empty/", "DIRECTORY", 0)],
            [
                ("/proj/b/c/", "DIRECTORY", 1),
                ("/proj/b/c/b/", "DIRECTORY", 1),
                ("/proj/b/c/b/c/", "DIRECTORY", 2),
            ],
            [
                ("/proj/b/c/b/c/", "DIRECTORY", 2),
                ("/proj/b/c/b/c/a", "FILE", 0),
                ("/proj/b/c/b/c/link", "SYMLINK", 0),
            ],
        ),
    )

    found = cluster.walk("/proj", 3)

    directories = ["/proj/b/", "/proj/b/c/", "/proj/b/empty/", "/proj/b/c/b/", "/proj/b/c/b/c/"]
    assert found == {
        **dict.fromkeys(directories, Attributes(Kind.DIRECTORY)),
        "/proj/b/c/b/c/a": Attributes(Kind.FILE),
        "/proj/b/c/b/c/link": Attributes(Kind.OTHER),
    }
    walks = [command for command in fake.asked if command[0] == "fs_walk_tree"]
    assert [words[1] for words in walks] == [f"--path=/proj{'/b/c' * at}" for at in range(3)]
    assert all("--max-depth=2" in words for words in walks)


@pytest.mark.parametrize(
    "second",
    [
        "say('Error 404: fs_no_such_entry_error: gone\\n', on=2); sys.exit(1)",
        nodes(("/proj/b/c/", "DIRECTORY", 1)),
    ],
    ids=["the directory", "an entry"],
)
def test_a_missing_part_of_a_tree_is_an_incomplete_reply(fake, cluster, monkeypatch, second):
    monkeypatch.setattr(walk, "MAX_DEPTH", 2)
    first = nodes(*TOP[:1], ("/proj/b/", "DIRECTORY", 1), TOP[2])
    fake.answers("fs_walk_tree", f"exec({first!r} if options['path'] == '/proj' else {second!r})")

    with pytest.raises(IncompleteReplyError, match=r"lists .* of the .* of /proj/b/c/"):
        cluster.walk("/proj", 3)


def test_a_part_that_qq_cannot_be_asked_for_is_unreadable(fake, cluster, monkeypatch):
    monkeypatch.setattr(walk, "MAX_DEPTH", 1)
    tree = [("/proj/", "DIRECTORY", 2), ("/proj/a", "FILE", 0), ("/proj/\udcff/", "DIRECTORY", 1)]
    fake.answers("fs_walk_tree", nodes(*tree))

    found = cluster.walk("/proj", 3)

    assert found.keys() == {"/proj/a", "/proj/\udcff/"}
    assert isinstance(found["/proj/\udcff/"], ReadFailure)
    with pytest.raises(UnreadableError):
        cluster.walk("/proj/\udcff", 3)


def test_a_malformed_entry_concerns_itself_alone(fake, cluster):
    unknown = ReadFailure("the cluster sent it without a usable 'type'")
    fake.answers("fs_read_dir", "say(json.dumps({'files': [{'name': 'a'}]}))")
    fake.answers(
        "fs_walk_tree",
        """
say(json.dumps({"tree_nodes": [
    {"path": "/proj/", "type": "FS_FILE_TYPE_DIRECTORY", "child_count": 2},
    {"path": "/proj/a", "type": 7},
    {"path": "/proj/b", "type": "FS_FILE_TYPE_FILE"},
]}))
""",
    )

    assert cluster.directory("/proj", 3) == {"a": unknown}
    assert cluster.walk("/proj", 3) == {"/proj/a": unknown, "/proj/b": Attributes(Kind.FILE)}


def test_a_directory_without_its_number_of_entries_concerns_itself_alone(fake, cluster):
    fake.answers(
        "fs_walk_tree",
        """
directory = {"type": "FS_FILE_TYPE_DIRECTORY", "child_count": 1}
say(json.dumps({"tree_nodes": [
    directory | {"path": "/proj/", "child_count": 2},
    directory | {"path": "/proj/odd/", "child_count": "1"},
    directory | {"path": "/proj/odd/sub/"},
    {"path": "/proj/odd/sub/x", "type": "FS_FILE_TYPE_FILE"},
    {"path": "/proj/odd.mov", "type": "FS_FILE_TYPE_FILE"},
]}))
""",
    )

    assert cluster.walk("/proj", 3) == {
        "/proj/odd/": ReadFailure("the cluster sent it without a usable 'child_count'"),
        "/proj/odd.mov": Attributes(Kind.FILE),
    }


def test_a_tree_without_the_number_of_its_entries_is_unreadable(fake, cluster):
    fake.answers(
        "fs_walk_tree",
        "say(json.dumps({'tree_nodes': [{'path': '/proj/', 'type': 'FS_FILE_TYPE_DIRECTORY'}]}))",
    )

    with pytest.raises(UnreadableError, match="'child_count'"):
        cluster.walk("/proj", 3)


# Failures


def test_only_error_401_is_a_refused_session(fake, cluster):
    fake.answers("snapshot_diff", "say('Error 404: no Error 401: here', on=2); sys.exit(1)")

    with pytest.raises(NotFoundError):
        changes_of(cluster)
    assert fake.commands == ["login", "snapshot_diff"]


def test_half_an_answer_is_never_returned_as_a_whole(fake, cluster):
    fake.answers("snapshot_diff", f"{ONE_CHANGE}; sys.exit(1)")

    with pytest.raises(QqFailedError):
        changes_of(cluster)


@pytest.mark.parametrize("printed", ["", '{"files": []}'])
def test_malformed_output_is_not_an_empty_diff(fake, cluster, printed):
    fake.answers("snapshot_diff", f"say({printed!r})")

    with pytest.raises(ReplyError):
        changes_of(cluster)


def test_the_exit_code_of_qq_counts_more_than_its_malformed_output(fake, cluster):
    fake.answers("snapshot_diff", "say('usage: qq'); say('no such command', on=2); sys.exit(2)")

    with pytest.raises(QqFailedError, match="no such command") as caught:
        changes_of(cluster)
    assert caught.value.exit_code == 2


def test_malformed_output_without_an_end_is_not_awaited(fake, cluster):
    fake.answers("snapshot_diff", "while True: say('nonsense' * 100_000)")

    with pytest.raises(ReplyError):
        changes_of(cluster)


def test_without_qq_nothing_can_be_asked(cluster, qq):
    qq.path.unlink()

    with pytest.raises(QqMissingError):
        changes_of(cluster)


@pytest.mark.parametrize("name", ["/a\udcff", "/a\0"])
def test_no_snapshot_is_taken_with_a_name_that_no_command_can_carry(cluster, name):
    for given in (("x", name), (name, "/a")):
        with pytest.raises(ClusterPathError, match="not Unicode"):
            cluster.create_snapshot(*given)


def test_nothing_can_be_asked_while_the_login_fails(fake, cluster):
    fake.fails_to_log_in("Error 503: busy")

    with pytest.raises(UnreachableError, match="Error 503") as caught:
        cluster.snapshots(7)
    assert type(caught.value) is UnreachableError
    assert caught.value.exit_code == 1


# Sessions


def test_the_first_command_logs_in(fake, cluster, session):
    fake.answers("snapshot_diff", ONE_CHANGE)

    assert changes_of(cluster) == [Change(CREATE, "/a")]
    assert fake.asked[0] == ["login", "--username=archiver"]
    assert fake.commands == ["login", "snapshot_diff"]
    assert session.token() == "token-1"


def test_later_commands_use_the_same_session(fake, cluster):
    fake.answers("snapshot_diff", ONE_CHANGE)

    changes_of(cluster)
    changes_of(cluster, 7, 9)

    assert fake.commands == ["login", "snapshot_diff", "snapshot_diff"]


def test_after_a_refusal_it_logs_in_and_runs_the_command_again(fake, cluster, session):
    fake.answers("snapshot_diff", ONE_CHANGE)
    changes_of(cluster)
    fake.accepts("token-2")

    assert changes_of(cluster) == [Change(CREATE, "/a")]
    assert fake.commands[2:] == ["snapshot_diff", "login", "snapshot_diff"]
    assert session.token() == "token-2"


@pytest.mark.parametrize(
    "refused",
    [
        "say('Error 401: unauthenticated\\n', on=2)",
        "say('Error 401: unauthenticated\\n')",
        "say('\\nError 401: unauthenticated\\n')",
    ],
)
def test_a_session_may_end_in_the_middle_of_an_answer(fake, cluster, refused):
    fake.answers(
        "snapshot_diff",
        f"{ONE_CHANGE}\nif state('logins', 0) < 2: {refused}; sys.exit(1)\n{ONE_CHANGE}",
    )

    changes = changes_of(cluster)

    assert changes == [Change(CREATE, "/a")] * 3  # the first one came before the session ended
    assert fake.commands == ["login", "snapshot_diff", "login", "snapshot_diff"]


def test_a_second_refusal_ends_the_run(fake, cluster):
    fake.answers("snapshot_diff", "refuse()")

    with pytest.raises(LoginError, match="Error 401") as caught:
        changes_of(cluster)

    assert fake.commands == ["login", "snapshot_diff", "login", "snapshot_diff"]
    assert caught.value.exit_code == 1


def test_a_refused_login_ends_the_run_and_keeps_the_session(fake, cluster, session):
    fake.answers("snapshot_diff", ONE_CHANGE)
    changes_of(cluster)
    fake.accepts("token-2")
    fake.locks_the_user_out()

    with pytest.raises(LoginError, match=r"`qq login` failed .*Incorrect username or password"):
        changes_of(cluster)

    assert fake.commands[2:] == ["snapshot_diff", "login"]
    assert session.token() == "token-1"


def test_a_session_that_another_run_renewed_is_used(fake, cluster, session):
    fake.answers("snapshot_diff", ONE_CHANGE)
    changes_of(cluster)
    fake.accepts("theirs")
    fake.does_before_refusing(
        f"""
with open({session.path!r}, "w") as file:
    json.dump({{"version": 1, "bearer_token": "theirs"}}, file)
"""
    )

    assert changes_of(cluster) == [Change(CREATE, "/a")]
    assert fake.commands[2:] == ["snapshot_diff", "snapshot_diff"]


def test_a_damaged_session_is_replaced(fake, cluster, session):
    fake.answers("snapshot_diff", ONE_CHANGE)
    with open(session.path, "w") as file:
        file.write("{")

    assert len(changes_of(cluster)) == 1
    assert fake.commands == ["login", "snapshot_diff"]


def test_the_password_appears_nowhere(fake, cluster, listener, session):
    fake.answers("snapshot_diff", "refuse()")

    with pytest.raises(LoginError) as caught:
        changes_of(cluster)

    folder = os.path.dirname(session.path)
    kept = [Path(folder, name).read_text() for name in os.listdir(folder)]
    assert any("token-2" in text for text in kept)
    for shown in (fake.asked, listener.events, kept, caught.value, vars(cluster)):
        assert PASSWORD not in f"{shown} {shown!r}"


# Absent entries

NOT_THERE = "say('Error 404: fs_no_such_entry_error: not in the snapshot\\n', on=2); sys.exit(1)"


def test_an_entry_that_a_snapshot_does_not_have_is_absent(fake, cluster):
    for command in ("fs_read_dir", "fs_walk_tree", "fs_read_dir_aggregates", "fs_file_get_attr"):
        fake.answers(command, NOT_THERE)

    for ask in (cluster.directory, cluster.walk):
        with pytest.raises(AbsentError, match="snapshot 7 holds no such directory"):
            ask("/a", 7)
    for ask in (cluster.inspect_entry, partial(cluster.first_entries, limit=9)):
        with pytest.raises(AbsentError, match="snapshot 7 does not hold it"):
            ask("/a", 7)
        with pytest.raises(AbsentError, match="the live tree does not hold it"):
            ask("/a", None)
    assert cluster.count_files_below("/a", 7) == 0


def test_a_missing_snapshot_ends_the_run(fake, cluster):
    for command in ("fs_read_dir", "fs_walk_tree", "fs_read_dir_aggregates", "fs_file_get_attr"):
        fake.answers(command, NOT_THERE.replace("fs_no_such_entry", "snapshot_not_found"))

    for ask in (cluster.directory, cluster.walk, cluster.inspect_entry, cluster.count_files_below):
        with pytest.raises(SnapshotMissingError):
            ask("/a", 7)
