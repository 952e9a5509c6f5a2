"""What the API leaves open makes no difference to a list: order, empty pages, the last page."""

import shutil
from pathlib import Path

from qumulo_emulator.running import Emulator
from tests.end_to_end.site import Site

ANSWERS: list[dict[str, object]] = [
    {"empty_pages": True, "order": "descending"},
    {"last_page_next": None, "escape": False},
    {"order": "shuffled", "page_limit": 1},
    {"page_limit": 1000},
]


def test_a_list_is_the_same_however_the_cluster_answers(
    own_cluster: Emulator, own_site: Site, any_qq: Path
) -> None:
    own_site.qq = any_qq
    for name in ("a.mov", "reel/b.mov", "reel/é\u2028.mov", "gone/c.mov", "gone/d.mov"):
        (own_site.mount / name).parent.mkdir(exist_ok=True)
        (own_site.mount / name).write_text("x")
    older = own_site.snapshot_by_api(own_cluster)
    shutil.rmtree(own_site.mount / "gone")
    for name in ("a.mov", "reel/b.mov", "reel/é\u2028.mov", "new.mov", "other.mov"):
        (own_site.mount / name).write_text("longer")
    newer = own_site.snapshot_by_api(own_cluster)
    usual = own_site.scan_list(older, newer, "--deletes")
    assert usual.count(b"\n") == 2 + 5 + 3
    _, ordinary = own_cluster.request("GET", "/emulator/settings")
    for answers in ANSWERS:
        own_cluster.settings(**ordinary | answers)
        other = own_site.scan_list(older, newer, "--deletes")
        assert without_times(other) == without_times(usual), answers


def without_times(content: bytes) -> list[bytes]:
    """The lines, up to where the times begin."""
    return [line.split(b" mtime=")[0] for line in content.split(b"\n")]
