"""Runs that end without a list: why is told, and the earlier list stays."""

import os

from tests.end_to_end.site import Finished, Site

# Of a run before.
RECEIPT = "1-files.json"
EARLIER = b"<files>the earlier list</files>\n"


def keep_earlier_list(site: Site) -> None:
    site.list_path.parent.mkdir(parents=True, exist_ok=True)
    site.list_path.write_bytes(EARLIER)


def check_refused(site: Site, done: Finished, code: int, *told: str) -> None:
    """Check that a run ended with ``code``, said why, and left the earlier list alone."""
    assert done.code == code, done.messages
    assert done.output == ""
    for part in told:
        assert part in done.messages
    assert "Traceback" not in done.messages
    assert site.password not in done.messages
    if site.list_path.parent.exists():
        assert set(os.listdir(site.list_path.parent)) - {RECEIPT} == {site.list_path.name}
        assert site.list_path.read_bytes() == EARLIER


def fake_qq(site: Site, script: str) -> None:
    """Put a program of this text in the place of qq, once the real one has logged in."""
    site.snapshot_by_command()
    folder = site.folder / "bin"
    folder.mkdir()
    (folder / "qq").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8", errors="surrogatepass")
    (folder / "qq").chmod(0o755)
    site.qq = folder
