"""No name leads out of a work folder, or of a directory, whatever is configured or answered.

Each place where such a name comes in has its line here. What a request refuses is held in detail by
``test_requests.py`` and ``test_projects_file.py``, what a reply may contain by ``test_wire.py``,
``test_rest_decoding.py`` and ``test_qq_diff.py``.
"""

import os
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from qumulo_changelist.checks.request import check_guid, check_source_index, normalize_cluster_path
from qumulo_changelist.cluster.attributes import check_names
from qumulo_changelist.cluster.changes import read_change
from qumulo_changelist.cluster.qq.walk import WalkedTree
from qumulo_changelist.cluster.shapes import NodeJson
from qumulo_changelist.errors import (
    OutputError,
    ReplyError,
    UsageError,
)
from qumulo_changelist.operations.lists.places import LISTS_FOLDER, list_places
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.project.handover import _replace
from qumulo_changelist.output.formats import FORMATS, ListParameters
from qumulo_changelist.output.list_file import list_file
from qumulo_changelist.projects.file import parse_projects
from qumulo_changelist.projects.project import check_name

REQUEST = ChangelistRequest(
    project="show", guid="5f1c", source_index="1", base_path="/show", older=1, newer=2,
    mapped_path="/mnt",
)  # fmt: skip

OUT = ["..", ".", "", "../x", "/etc", "a/b", "a/../../b", "a\0b"]
"""Names that would lead elsewhere."""


def in_a_file_of_projects(key: str) -> Callable[[str], object]:
    """The value of a key, in a project that is right otherwise."""

    def parse(value: str) -> object:
        keys = {"path": "/p", "guid": "g"} | {key: value}
        escaped = {name: one.replace("\0", "\\u0000") for name, one in keys.items()}
        lines = [f'{name} = "{one}"' for name, one in escaped.items()]
        _, problems = parse_projects("\n".join(["[projects.a]", *lines]), "projects.toml")
        if problems:
            raise UsageError(str(problems[0]))
        return None

    return parse


def in_a_walk(name: str) -> None:
    node = NodeJson(path=f"/show/new/{name}", type="FS_FILE_TYPE_FILE", id="7", size="1")
    WalkedTree("/show/new", 3).add(node)


# What each place refuses besides, or allows, since it leads nowhere.
PLACES: dict[str, tuple[Callable[[str], object], set[str]]] = {
    "--projectguid": (check_guid, set()),
    "--sourceindex": (check_source_index, set()),
    "guid in projects.toml": (in_a_file_of_projects("guid"), set()),
    "index in projects.toml": (in_a_file_of_projects("index"), set()),
    "name of an entry": (lambda name: check_names([name], "a reply"), {"a\0b"}),
    "path in a walk": (in_a_walk, {"a/b", "", "/etc", "a\0b"}),
    "path of a change": (
        lambda name: read_change({"op": "CREATE", "path": f"/show/{name}"}),
        {"a/b", "", "a\0b"},
    ),
    "base path, source": (
        lambda name: normalize_cluster_path(f"/show/{name}"), {".", "", "/etc", "a/b", "a\0b"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_leads_elsewhere_is_refused_wherever_it_comes_in(place: str) -> None:
    take, allowed = PLACES[place]
    for name in OUT:
        if name not in allowed:
            with pytest.raises((UsageError, ReplyError)):
                take(name)


@pytest.mark.parametrize("name", ["../x", "/etc", "a/b", "", "a\0b", "a\nb", "x" * 300])
def test_a_project_has_no_name_that_a_snapshot_cannot_have(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


NAMES = st.text(st.sampled_from("./a\n \0\udcff-~$"), max_size=8)


@given(NAMES, st.sampled_from(list(FORMATS)))
@example("..", "xml")
@example("~", "csv")
def test_the_list_of_whatever_guid_is_accepted_is_two_folders_below_the_work_folder(
    guid: str, form: str
) -> None:
    request = replace(REQUEST, guid=guid)
    try:
        check_guid(guid)
    except UsageError:
        return

    (path, *_) = [place.path for place in list_places("/work", request)]

    assert os.path.normpath(path) == path
    assert os.path.dirname(os.path.dirname(path)) == f"/work/{LISTS_FOLDER}"


def test_a_name_that_no_folder_can_have_ends_the_run_in_words(tmp_path: object) -> None:
    (place,) = list_places(str(tmp_path), replace(REQUEST, guid="x" * 300))

    with (
        pytest.raises(OutputError, match="File name too long"),
        list_file(place.path, FORMATS["xml"].make(ListParameters("1", 0))),
    ):
        pass


def test_what_is_put_into_a_command_line_stays_one_argument_and_is_not_looked_at_again() -> None:
    values = {"list": "/w/{project}; rm -rf /\n$(id)", "project": "show"}

    assert _replace("--of={list}", values) == f"--of={values['list']}"
