"""Names: every name that a file system can hold is listed exactly, with each generation of qq."""

import os
import shutil
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.lists import deleted, file, folder, normalized, scan_list, unreadable
from tests.end_to_end.site import Site
from tests.qq import INSTALLED

# Names on disk, and as the list writes them.
NAMES = {
    "two  spaces ": "two  spaces ",
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
    "only \u2028 \u2028 spaces": "only \u2028 \u2028 spaces",
    "delete\x7f": "delete\x7f",
    "$(touch harm) `x` ; #": "$(touch harm) `x` ; #",
    "private \ue000 and far \U0010fffd": "private \ue000 and far \U0010fffd",
}
# Names that XML cannot hold.
NOT_XML = {
    "bell\x07": "bell%07",
    "no \udcff utf-8": "no %FF utf-8",
    "last \uffff of plane": "last %EF%BF%BF of plane",
}


def path(mount: Path, name: str) -> bytes:
    return os.fsencode(mount) + b"/" + name.encode("utf-8", "surrogateescape")


def touch(mount: Path, *names: str) -> None:
    for name in names:
        with open(path(mount, name), "wb") as new:
            new.write(b"x")


def descending(lines: dict[str, str]) -> list[str]:
    return [lines[name] for name in sorted(lines, key=str.encode, reverse=True)]


def test_created_and_deleted_files_with_names_of_all_kinds_are_listed(
    site: Site, any_qq: Path
) -> None:
    site.qq = any_qq
    for name in ("new", "old"):
        (site.mount / name).mkdir()
    touch(site.mount / "old", *NAMES)
    older = site.snapshot()
    touch(site.mount / "new", *NAMES)
    for name in NAMES:
        os.unlink(path(site.mount / "old", name))
    made = site.scan_list(older, site.snapshot(), "--deletes")
    old = {name: deleted(f"/old/{NAMES[name]}") for name in NAMES}
    new = {name: file(site.mount, f"/new/{name}", f"/new/{NAMES[name]}") for name in NAMES}
    lines = [*descending(old), folder(site.mount, "/old")]
    lines += [*descending(new), folder(site.mount, "/new")]
    assert normalized(made) == scan_list(lines)


def test_folders_with_names_of_all_kinds_are_read_in_both_snapshots(site: Site) -> None:
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
    # Below the source, the mount does not show snapshots: the cluster is asked for these names.
    made = site.scan_list(older, newer, "--deletes", base=f"{site.source}/show")
    lines = {}
    for number, (name, written) in enumerate(NAMES.items()):
        lines[f"{name}/new.mov"] = file(
            site.mount / "show", f"/{name}/new.mov", f"/{written}/new.mov"
        )
        lines[f"{name}/{number}.mov"] = deleted(f"/{written}/{number}.mov")
    assert normalized(made) == scan_list(descending(lines))


def test_a_name_that_xml_cannot_hold_is_reported_and_counted(site: Site) -> None:
    older = site.snapshot()
    touch(site.mount, *NOT_XML)
    done = site.generate(older, site.snapshot(), "--transport=rest")
    assert done.code == 1
    assert normalized(site.list_path.read_bytes()) == scan_list(
        unreadable(f"/{NOT_XML[name]}") for name in sorted(NOT_XML, reverse=True)
    )
    assert "'/bell\\x07'" in done.messages


def test_a_share_full_of_names_that_xml_cannot_hold_gets_its_list(site: Site) -> None:
    """As one from the time of Latin-1: more of them than may fail to be read."""
    older = site.snapshot()
    touch(site.mount, *(f"caf\udce9 {number}" for number in range(1_100)))

    done = site.generate(older, site.snapshot(), "--transport=rest", "--format=xml", "--format=csv")

    assert done.code == 1, done.messages
    assert b' bad_dir_count="1100" ' in site.list_path.read_bytes()


@pytest.mark.parametrize(
    ("metadata", "listed"),
    [
        ("mount", [unreadable("/no %FF utf-8/b.mov"), unreadable("/no %FF utf-8/a.mov")]),
        ("rest", [unreadable("/no %FF utf-8", "F_DIR")]),
    ],
)
def test_a_folder_that_the_cluster_cannot_be_asked_for_is_reported_instead_of_its_files(
    cluster: Emulator, site: Site, metadata: str, listed: list[str]
) -> None:
    older = site.snapshot()
    os.mkdir(path(site.mount, "no \udcff utf-8"))
    touch(site.mount, "no \udcff utf-8/a.mov", "no \udcff utf-8/b.mov")
    newer = site.snapshot()
    made = site.scan_list(older, newer, "--transport=rest", f"--metadata={metadata}", code=1)
    assert normalized(made) == scan_list(listed)


def test_a_list_does_not_depend_on_the_locale(site: Site) -> None:
    site.installed, site.qq = True, INSTALLED["qq of today"]
    site.environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    site.folder = site.folder / "Büro"
    site.folder.mkdir()
    site.configure()
    older = site.snapshot()
    touch(site.mount, "emoji 🎬.mov")
    (site.mount / "Müller").mkdir()
    touch(site.mount, "Müller/é.mov")
    newer = site.snapshot()
    for options in (("--transport=qq",), ("--transport=rest", "--spill-after=1")):
        made = site.scan_list(older, newer, "--deletes", *options)
        assert normalized(made) == scan_list(
            [file(site.mount, "/emoji 🎬.mov"), file(site.mount, "/Müller/é.mov")]
        )
    base = f"{site.source}/Müller"
    made = site.scan_list(older, newer, "--deletes", "--transport=rest", base=base)
    assert normalized(made) == scan_list([file(site.mount / "Müller", "/é.mov")])


def test_a_folder_comes_after_the_names_that_begin_with_its_own(site: Site) -> None:
    for name in ("reel", "reel!", "reel.d"):
        (site.mount / name).mkdir()
    older = site.snapshot()
    touch(site.mount, "reel/a", "reel!/a", "reel.d/a", "reel-x", "reel.mov", "reel copy", "reel0")
    newer = site.snapshot()
    made = normalized(site.scan_list(older, newer, "--transport=rest")).decode()
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
