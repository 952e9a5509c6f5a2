"""A list does not depend on what the API leaves open: the order and the pages of answers."""

import shutil

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.lists import normalized
from tests.end_to_end.site import Site
from tests.qq import QQ

ANSWERS: list[dict[str, object]] = [
    {"order": "descending", "empty_pages": True, "last_page_next": None, "page_limit": 1000},
    {"order": "shuffled", "page_limit": 1, "escape": False},
]
WAYS = [("qq", name) for name in QQ] + [("rest", "qq of today")]


@pytest.mark.parametrize(("transport", "qq"), WAYS, ids=["qq of today", "qq before 6.2.2", "rest"])
def test_a_list_does_not_depend_on_how_the_cluster_answers(
    own_cluster: Emulator, own_site: Site, transport: str, qq: str
) -> None:
    own_site.qq = QQ[qq]
    for name in ("a.mov", "reel/b.mov", "reel/é\u2028.mov", "gone/c.mov", "gone/d.mov"):
        (own_site.mount / name).parent.mkdir(exist_ok=True)
        (own_site.mount / name).write_text("x")
    older = own_site.snapshot()
    shutil.rmtree(own_site.mount / "gone")
    for name in ("a.mov", "reel/b.mov", "reel/é\u2028.mov", "new.mov", "other.mov"):
        (own_site.mount / name).write_text("longer")
    newer = own_site.snapshot()
    options = (f"--transport={transport}", "--deletes")
    usual = own_site.scan_list(older, newer, *options)
    assert usual.count(b"\n") == 2 + 5 + 3
    _, ordinary = own_cluster.request("GET", "/emulator/settings")
    for answers in ANSWERS:
        own_cluster.settings(**ordinary | answers)
        assert normalized(own_site.scan_list(older, newer, *options)) == normalized(usual), answers
