"""Runs that end without a list: they report why, and the earlier list stays as it was."""

import os

from tests.end_to_end.site import CommandResult, Site

RECEIPT = "1-files.json"
EARLIER = b"<files>the earlier list</files>\n"
NO_LIST = "No list was published; an earlier one is unchanged."

_FAKE_QQ = """\
#!/bin/sh
for argument; do
    case $argument in --credentials-store=*) store=${argument#*=} ;; esac
done
case " $* " in
    *" login "*) echo '{"version": 1, "bearer_token": "t"}' >"$store" ;;
"""


def keep_earlier_list(site: Site) -> None:
    site.list_path.parent.mkdir(parents=True, exist_ok=True)
    site.list_path.write_bytes(EARLIER)


def check_failed(site: Site, done: CommandResult, code: int, *texts: str) -> None:
    """Check the exit code and the messages of a failed run, and that the earlier list stays."""
    assert done.code == code, done.messages
    assert done.output == ""
    for text in texts:
        assert text in done.messages
    assert "Traceback" not in done.messages
    assert site.password not in done.messages
    if site.list_path.parent.exists():
        assert set(os.listdir(site.list_path.parent)) - {RECEIPT} == {site.list_path.name}
        assert site.list_path.read_bytes() == EARLIER


def fake_qq(site: Site, script: str, *cases: str) -> None:
    """Use a fake qq that can log in, and otherwise runs a script.

    Args:
        site: the site.
        script: what to run for every other command.
        cases: branches of the shell's `case` over the command line, for some commands.
    """
    folder = site.folder / "bin"
    folder.mkdir(exist_ok=True)
    branches = "".join(f"    {case} ;;\n" for case in (*cases, f"*) {script}"))
    text = f"{_FAKE_QQ}{branches}esac\n"
    (folder / "qq").write_text(text, encoding="utf-8", errors="surrogatepass")
    (folder / "qq").chmod(0o755)
    site.qq = folder
