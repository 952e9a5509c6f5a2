"""Names of entries: any that a file system accepts, and most often those that are hard to sort."""

from __future__ import annotations

from hypothesis import strategies as st

# They sort around the slash, look alike, or begin with each other. There are few of them, so that
# the same name is drawn again.
NEIGHBOURS = (
    *(b"a", b"b", b"a!", b"a b", b"a-", b"a.", b"a.mov", b"a0", b"a~", b"aa", b"A", b"A.MOV"),
    *(b"!", b"-", b"~", b"0", b" ", b"...", b".snapshots"),
    *("é".encode(), "e\u0301".encode(), "É".encode(), "ß".encode(), b"SS"),
)
# They need care in XML, JSON, URLs, lines and shells; XML cannot hold most of the second row.
ODD = (
    *(b"b&<>\"'", b"x\ny\tz\r", b"%01", b"%2F", b"-m", b"back\\slash", b'{"op": "DELETE"}'),
    *(
        b"bell\x07",
        b"bell%07",
        b"bell%07\x07",
        b"bell\x07\x07",
        b"a%FF",
        "\uffff".encode(),
        "\ufffe".encode(),
    ),
    *("\u2028\x85".encode(), "🎬".encode(), "\ue000".encode(), "\U0010ffff".encode()),
    *(b"n" * 255, "é".encode() * 127),
)
NOT_UTF8 = (b"\xff", b"a\xff", b"\xed\xa0\x80", b"\xc3", b"\xf4\x90\x80\x80")

_MAX_BYTES = 255
_NOT_NAMES = (b"", b".", b"..", b".snapshot")


def _is_name(name: bytes) -> bool:
    return name not in _NOT_NAMES and len(name) <= _MAX_BYTES and not {0, ord("/")} & set(name)


_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).map(str.encode)
NAMES: st.SearchStrategy[bytes] = st.one_of(
    st.sampled_from(NEIGHBOURS),
    st.sampled_from(NEIGHBOURS),
    st.sampled_from(ODD),
    st.sampled_from(NOT_UTF8),
    _TEXT.filter(_is_name),
    st.binary(min_size=1, max_size=6).filter(_is_name),
)
