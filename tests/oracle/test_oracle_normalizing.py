"""The oracle: blanking what may differ between two correct lists."""

from __future__ import annotations

from tests.oracle import without_access_times, without_deleted_attributes, without_run_times

LIST = (
    b'<files scanned="1" selected="1" size="5" bad_dir_count="1" delete_count="1">\n'
    b'    <file name="/ mtime=&quot;3&quot;" size="5" mode="0x777"  type="F_REG" mtime="11"'
    b' atime="-12" owner="1" group="2" index="1"/>\n'
    b'    <delete-file name="/b" size="7" mode="0x777"  type="F_REG" mtime="-13" atime="14"'
    b' owner="3" group="4" index="1"/>\n'
    b'    <bad-dir name="/a" size="0" mode="0x777"  type="F_REG" mtime="15" atime="16"'
    b' owner="0" group="0" index="1"/>\n'
    b"</files>\n"
)


def changed_words(normalized: bytes) -> list[bytes]:
    pairs = zip(LIST.split(), normalized.split(), strict=True)
    return [new for old, new in pairs if old != new]


def test_times_of_deleted_and_bad_entries_can_be_blanked() -> None:
    zero = [b'mtime="0"', b'atime="0"']
    assert changed_words(without_run_times(LIST)) == zero + zero


def test_all_access_times_can_be_blanked() -> None:
    assert changed_words(without_access_times(LIST)) == [b'atime="0"'] * 3


def test_attributes_of_deleted_entries_can_be_blanked() -> None:
    assert changed_words(without_deleted_attributes(LIST)) == [
        b'size="0"',
        b'mtime="0"',
        b'atime="0"',
        b'owner="0"',
        b'group="0"',
    ]


def test_spaces_stay_as_they_are() -> None:
    for blank in (without_run_times, without_access_times, without_deleted_attributes):
        assert blank(LIST).count(b'mode="0x777"  type=') == 3
