"""Names: whatever a file system holds comes out exactly, with each qq."""

import os
import shutil
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.lists import deleted, file, scan_list, settled, unreadable
from tests.end_to_end.site import Site

# What a name is on disk, and how the list writes it.
NAMES = {
    "two  blanks ": "two  blanks ",
    "&<>\"'.mov": "&amp;&lt;&gt;&quot;'.mov",
    "new\nline": "new&#10;line",
    "tab\tand\rreturn": "tab&#9;and&#13;return",
    "emoji 🎬.mov": "emoji 🎬.mov",
    "composed \u00e9": "composed \u00e9",
    "combined e\u0301": "combined e\u0301",
    "n" * 255: "n" * 255,
    "é" * 127: "é" * 127,
    "-leading dash": "-leading dash",
    "%2F in the text": "%2F in the text",
    "back\\slash": "back\\slash",
    '{"op": "DELETE"}': "{&quot;op&quot;: &quot;DELETE&quot;}",
    "line\u2028separator": "line\u2028separator",
    "paragraph\u2029        separator": "paragraph\u2029        separator",
    "next\x85line": "next\x85line",
    "only \u2028 \u2028 blanks": "only \u2028 \u2028 blanks",
    "delete\x7f": "delete\x7f",
    "$(touch harm) `x` ; #": "$(touch harm) `x` ; #",
    "private \ue000 and far \U0010fffd": "private \ue000 and far \U0010fffd",
}
# Names that XML cannot hold.
UNHEARD_OF = {
    "bell\x07": "bell%07",
    "no \udcff utf-8": "no %FF utf-8",
    "last \uffff of plane": "last %EF%BF%BF of plane",
}


def path(mount: Path, name: str) -> bytes:
    return os.fsencode(mount) + b"/" + name.encode("utf-8", "surrogateescape")


def touch(mount: Path, *names: str) -> None:
    for name in names:
        with open(path(mount, name), "wb") as made:
            made.write(b"x")


def descending(lines: dict[str, str]) -> list[str]:
    return [lines[name] for name in sorted(lines, key=str.encode, reverse=True)]


def test_a_file_of_any_name_is_listed(site: Site, any_qq: Path) -> None:
    site.qq = any_qq
    older = site.snapshot()
    touch(site.mount, *NAMES)
    made = site.scan_list(older, site.snapshot())
    lines = {name: file(site.mount, f"/{name}", f"/{NAMES[name]}") for name in NAMES}
    assert settled(made) == scan_list(descending(lines))


def test_a_deleted_file_of_any_name_is_listed(site: Site, any_qq: Path) -> None:
    site.qq = any_qq
    touch(site.mount, *NAMES)
    older = site.snapshot()
    for name in NAMES:
        os.unlink(path(site.mount, name))
    made = site.scan_list(older, site.snapshot(), "--deletes")
    lines = {name: deleted(f"/{NAMES[name]}") for name in NAMES}
    assert settled(made) == scan_list(descending(lines))


def test_folders_of_any_name_are_read_before_and_after(site: Site) -> None:
    (site.mount / "show").mkdir()
    for number, name in enumerate(NAMES):
        os.mkdir(path(site.mount, f"show/{name}"))
        touch(site.mount, f"show/{name}/{number}.mov")
    older = site.snapshot()
    shutil.rmtree(site.mount / "show")
    (site.mount / "show").mkdir()
    for name in NAMES:
        os.mkdir(path(site.mount, f"show/{name}"))
        touch(site.mount, f"show/{name}/new.mov")
    newer = site.snapshot()
    # Below the snapshots' source: what was deleted is asked of the cluster by these names.
    made = site.scan_list(older, newer, "--deletes", base=f"{site.source}/show")
    lines = {}
    for number, (name, written) in enumerate(NAMES.items()):
        lines[f"{name}/new.mov"] = file(
            site.mount / "show", f"/{name}/new.mov", f"/{written}/new.mov"
        )
        lines[f"{name}/{number}.mov"] = deleted(f"/{written}/{number}.mov")
    assert settled(made) == scan_list(descending(lines))


def test_a_name_that_xml_cannot_hold_is_told_and_counted(site: Site, any_qq: Path) -> None:
    site.qq = any_qq
    older = site.snapshot()
    touch(site.mount, *UNHEARD_OF)
    done = site.generate(older, site.snapshot())
    assert done.code == 1
    assert settled(site.list_path.read_bytes()) == scan_list(
        unreadable(f"/{UNHEARD_OF[name]}") for name in sorted(UNHEARD_OF, reverse=True)
    )
    assert "'/bell\\x07'" in done.messages


@pytest.mark.parametrize(
    ("metadata", "listed"),
    [
        ("mount", [unreadable("/no %FF utf-8/b.mov"), unreadable("/no %FF utf-8/a.mov")]),
        ("rest", [unreadable("/no %FF utf-8", "F_DIR")]),
    ],
)
def test_a_folder_that_cannot_be_asked_for_is_told_in_place_of_what_is_in_it(
    cluster: Emulator, site: Site, metadata: str, listed: list[str]
) -> None:
    older = site.snapshot_by_api(cluster)
    os.mkdir(path(site.mount, "no \udcff utf-8"))
    touch(site.mount, "no \udcff utf-8/a.mov", "no \udcff utf-8/b.mov")
    newer = site.snapshot_by_api(cluster)
    made = site.scan_list(older, newer, f"--metadata={metadata}", code=1)
    assert settled(made) == scan_list(listed)


def test_a_locale_that_is_not_utf_8_changes_nothing(site: Site) -> None:
    site.environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    site.folder = site.folder / "Büro"
    site.folder.mkdir()
    site.configure()
    older = site.snapshot()
    touch(site.mount, "emoji 🎬.mov")
    (site.mount / "Müller").mkdir()
    touch(site.mount, "Müller/é.mov")
    newer = site.snapshot()
    for option in ("--spill-after=1000", "--spill-after=1"):
        made = site.scan_list(older, newer, "--deletes", option)
        assert settled(made) == scan_list(
            [file(site.mount, "/emoji 🎬.mov"), file(site.mount, "/Müller/é.mov")]
        )
    made = site.scan_list(older, newer, "--deletes", base=f"{site.source}/Müller")
    assert settled(made) == scan_list([file(site.mount / "Müller", "/é.mov")])


def test_folders_sort_after_the_names_that_begin_with_theirs(site: Site) -> None:
    for name in ("reel", "reel!", "reel.d"):
        (site.mount / name).mkdir()
    older = site.snapshot()
    touch(site.mount, "reel/a", "reel!/a", "reel.d/a", "reel-x", "reel.mov", "reel copy", "reel0")
    newer = site.snapshot()
    made = settled(site.scan_list(older, newer, "--transport=rest")).decode()
    names = [line.split('"')[1] for line in made.splitlines()[1:-1]]
    assert names == [
        "/reel0",
        "/reel/a",
        "/reel.mov",
        "/reel.d/a",
        "/reel.d",
        "/reel-x",
        "/reel!/a",
        "/reel!",
        "/reel copy",
        "/reel",
    ]
