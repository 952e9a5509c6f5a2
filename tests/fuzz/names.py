"""What entries are called: whatever a file system takes, and most of all what is hard to sort."""

from __future__ import annotations

from hypothesis import strategies as st

# They sort around the slash, differ in little, begin each other. Few, so that they meet again.
NEIGHBOURS = (
    *(b"a", b"b", b"a!", b"a b", b"a-", b"a.", b"a.mov", b"a0", b"a~", b"aa", b"A", b"A.MOV"),
    *(b"!", b"-", b"~", b"0", b" ", b"...", b".snapshots"),
    *("é".encode(), "e\u0301".encode(), "É".encode(), "ß".encode(), b"SS"),
)
# XML, JSON, URLs, lines and shells dislike them; the second row no list can write as they are.
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
NO_UNICODE = (b"\xff", b"a\xff", b"\xed\xa0\x80", b"\xc3", b"\xf4\x90\x80\x80")

_LONGEST = 255
_NO_NAMES = (b"", b".", b"..", b".snapshot")


def _is_name(name: bytes) -> bool:
    return name not in _NO_NAMES and len(name) <= _LONGEST and not {0, ord("/")} & set(name)


_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).map(str.encode)
NAMES: st.SearchStrategy[bytes] = st.one_of(
    st.sampled_from(NEIGHBOURS),
    st.sampled_from(NEIGHBOURS),
    st.sampled_from(ODD),
    st.sampled_from(NO_UNICODE),
    _TEXT.filter(_is_name),
    st.binary(min_size=1, max_size=6).filter(_is_name),
)
