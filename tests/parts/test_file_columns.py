"""Many files of a reply at once: the outcome for each is that of describing it alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from qumulo_changelist.cluster.attributes import described, identified
from qumulo_changelist.cluster.file_columns import describe_files, identify_files
from qumulo_changelist.cluster.shapes import FileJson, IdentityJson
from qumulo_changelist.columns import is_plain
from qumulo_changelist.model import Attributes

TIMES = ["2026-11-26T08:41:55.123456789Z", "1969-12-31T23:59:59Z", "12020-01-01T00:00:00Z"]
DETAILS = [None, IdentityJson("NFS_UID", "501"), IdentityJson("NFS_GID", "20")]
NAMELESS = [IdentityJson("SMB_SID", "S-1-5-32"), IdentityJson("NFS_UID", "x")]


def files(*unusual: bool) -> st.SearchStrategy[FileJson]:
    """Regular files as a cluster sends them; also malformed ones, if asked for."""
    bad = any(unusual)
    times = st.sampled_from([*TIMES, *(["", "yesterday", "2026-13-01T00:00:00Z"] if bad else [])])
    ids = st.sampled_from(
        ["12884901888", "17179869184", *(["", "-1", "²", "9" * 41] if bad else [])]
    )
    return st.builds(
        FileJson,
        type=st.just("FS_FILE_TYPE_FILE"),
        id=st.sampled_from(["7", "", "x"]),
        size=st.sampled_from(["0", "12", *(["", "1.5", "\u0661"] if bad else [])]),
        modification_time=times,
        access_time=times,
        owner=ids,
        group=ids,
        owner_details=st.sampled_from([*DETAILS, *(NAMELESS if bad else [])]),
        group_details=st.sampled_from([*DETAILS, *(NAMELESS if bad else [])]),
        data_revision=st.sampled_from([None, "3", "x"]),
    )


@given(st.lists(files(True), min_size=1))
def test_columns_have_what_each_file_has_alone_or_are_refused(sent):
    alone = [described(file) for file in sent]

    if all(isinstance(one, Attributes) and is_plain(one) for one in alone):
        assert list(describe_files(sent).attributes()) == alone
    else:
        with pytest.raises(ValueError):  # noqa: PT011
            describe_files(sent)


@given(st.lists(files(), min_size=1))
def test_well_formed_files_with_numeric_owners_fit_into_columns(sent):
    plain = [
        replace(
            file, owner_details=None, group_details=None, owner="12884901893", group="17179869185"
        )
        for file in sent
    ]

    assert list(describe_files(plain).attributes()) == [described(file) for file in plain]


@given(st.lists(files(True), min_size=1))
def test_identities_are_those_of_each_file_alone_or_are_refused(sent):
    alone = [identified(file) for file in sent]

    try:
        found = identify_files(sent)
    except ValueError:
        assert any(
            file.size not in ("0", "12") or file.modification_time not in TIMES for file in sent
        )
    else:
        assert list(found.attributes()) == alone
