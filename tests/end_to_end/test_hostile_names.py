"""Names that try to control a terminal: nothing of them but text reaches one, whatever is run."""

import json
import os
import pty
import re
import subprocess

import pytest

from tests.end_to_end.site import GUID, Site, make_policy
from tests.quick import quick_command

# What the commands themselves may send: colours, and the lines of progress.
OURS = re.compile(r"\x1b\[(?:[0-9;]*m|\d*A|K|J)")
HOSTILE = {
    "title": "\x1b]0;owned\x07",
    "clear": "\x1b[2J",
    "8-bit": "\x9b2J",
    "raw 8-bit": "\udc9b2J",
    "no UTF-8": "\udcff\udc85",
    "turned": "\u202efdp.exe\u2066",
    "line": "a\nshow: committed\r",
    "erase": "b\x08\x08\x7f",
}
"""Parts of names."""


class Terminal:
    """Runs ``qumulo-changelist`` on a terminal, and keeps what it sent."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.environment |= {
            "TERM": "xterm",
            "QUMULO_CHANGELIST_PROJECTS": str(site.folder / "projects.toml"),
        }
        self.seen = ""

    def type(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command, make sure that nothing else controls the terminal, return its text."""
        ours, theirs = pty.openpty()
        sent = b""
        with subprocess.Popen(
            [quick_command("qumulo-changelist"), *arguments],
            env=self._site.variables(),
            cwd=self._site.folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            try:
                while chunk := os.read(ours, 65536):
                    sent += chunk
            except OSError:  # nobody has the terminal open any more
                pass
        os.close(ours)
        text = OURS.sub("", sent.decode("utf-8"))  # what is no UTF-8 is an error here
        assert process.returncode in codes, text
        wrong = {one for one in text if not one.isprintable()} - set("\n\r\t")
        assert not wrong, (arguments, wrong)
        forged = [line for line in text.splitlines() if line.startswith("show: committed")]
        assert not forged, (arguments, forged)
        self.seen += text
        return text


def on_disk(site: Site, name: str) -> bytes:
    return os.fsencode(site.mount) + b"/" + name.encode("utf-8", "surrogateescape")


@pytest.fixture
def terminal(site: Site) -> Terminal:
    """A project whose source, files, folders and policy have hostile names."""
    assert site.cluster
    plain = "".join(part for part in HOSTILE.values() if part.isascii())
    site.source = f"{site.source}/{plain}"
    site.mount.mkdir()
    for part in HOSTILE.values():
        os.mkdir(on_disk(site, f"d{part}"))
        with open(on_disk(site, f"d{part}/f{part}"), "wb") as file:
            file.write(b"x")
    site.configure(QumuloTransport="rest")
    make_policy(site.cluster, site.source, f"nightly {plain}")
    (site.folder / "projects.toml").write_text(
        f'[projects.hostile]\npath = {json.dumps(site.source)}\nguid = "{GUID}"\n'
        f"mapped_path = {json.dumps(str(site.mount))}\nformat = 'csv'\n"
    )
    return Terminal(site)


def test_nothing_but_text_of_a_hostile_name_reaches_a_terminal(
    terminal: Terminal, site: Site
) -> None:
    own = ("hostile", "--verbose")
    # Names in lists, in messages about what cannot be read, and in the lines of progress.
    terminal.type("run", *own, "--metadata", "rest", "--format", "xml", codes=(1,))
    for name in HOSTILE.values():
        os.unlink(on_disk(site, f"d{name}/f{name}"))
    assert site.cluster
    newest = max(one["id"] for one in site.cluster.request("GET", "/v3/snapshots/")[1]["entries"])
    terminal.type("commit", "hostile", "--snapshot", str(newest), "--verbose")
    terminal.type("run", *own, "--deletes", "--metadata", "mount", codes=(0, 1))
    diff = ("diff", "committed", "latest", "-", "--project", "hostile", "--deletes")
    for words in (
        (*diff, "--format", "xml"),
        (*diff, "--format", "null"),
        ("explain", f"{site.source}/d\x9b2J", "--project", "hostile"),
        ("explain", f"{site.source}/d\x1b[2J/none\u202e", "--project", "hostile", "--json"),
        ("report", "hostile", "--terminal"),
        ("history",), ("status",), ("projects", "list"), ("doctor", "hostile"),
        ("snapshot", "list"), ("run", "nowhere\x1b[2J\u202e"), ("verify", str(site.list_path)),
        ("diff", "no\x9b2J", "latest", "--project", "hostile"),
    ):  # fmt: skip
        terminal.type(*words, codes=tuple(range(100)))

    for written in (
        r"\x1b]0;owned\x07",
        r"\x9b2J",
        r"\u202efdp.exe",
        r"\xff\x85",
        r"\x0d",
        r"\x7f",
    ):
        assert written in terminal.seen
