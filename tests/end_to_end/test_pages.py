"""Every command in README.md and docs works, page by page, and prints what the page shows."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.conftest import site_on
from tests.end_to_end.files import write_files
from tests.end_to_end.page_commands import Command, commands_of, pages, run_commands, text_of
from tests.quick import quick_command

# Blocks that are not run, by their page and how they begin; and why.
NOT_RUN = {
    ("README.md", "make demo"): "test_the_demonstration_prints_what_its_page_shows does",
    ("docs/demo.md", "make demo"): "test_the_demonstration_prints_what_its_page_shows does",
    ("README.md", "python3 -m venv"): "asks a package index; make and CI install the same",
    ("docs/install.md", "pipx install"): "asks a package index; tests/packages does it",
    ("docs/install.md", "uv tool install"): "asks a package index; tests/packages does it",
    ("docs/install.md", "python3 -m venv"): "asks a package index; tests/packages does it",
    ("docs/install.md", "man --manpath"): "needs what `uv tool install` installs",
    ("docs/install.md", "uv build"): "asks a package index; tests/packages does it",
    ("docs/install.md", "docker"): "needs Docker",
    ("docs/install.md", "export QUMULO_EMULATOR_PASSWORD"): "needs Docker",
    ("docs/emulator.md", "python3 -m venv"): "asks a package index; test_demo runs the rest",
    ("docs/emulator.md", "mkdir /tmp/cluster"): "runs until it is stopped; test_serve does it",
    ("docs/emulator.md", "qq --host"): "asks for a password on a terminal; test_qq_and_sdk runs qq",
    ("docs/emulator.md", "qumulo-emulator serve"): "runs until it is stopped; test_serve does it",
    ("docs/report.md", "qumulo-changelist report"): "test_report does, in each of these ways",
    ("docs/tutorial.md", "python3 -m venv"): "asks a package index; make and CI install the same",
    ("docs/performance.md", "make bench"): "takes an hour; tests/bench runs parts of it",
    **{
        ("docs/formats-names.md", beginning): "test_tools does, with hostile names"
        for beginning in ("rsync -a", "rclone delete", "tar --null", "(cd /m")
    },
    ("docs/how-to/monitoring.md", "sudo "): "needs root and systemd, whose tool checks the units "
    "in test_examples",
    ("docs/how-to/dask.md", "python3 -m venv"): "asks a package index; tests/packages does it",
    ("docs/how-to/dask.md", "dask scheduler --host tcp"): "the same again, without TLS, as in "
    "test_other_machines",
    ("docs/how-to/tape.md", "mt -f"): "needs a tape drive",
}

# What a page needs that a machine may not have.
PROGRAMS = {
    "docs/how-to/rsync.md": "rsync",
    "docs/how-to/rclone.md": "rclone",
    "docs/logs.md": "jq",
}
# Pages that begin with nothing set up; on all others, there is a project show1.
FROM_NOTHING = ("README.md", "docs/commands.md", "docs/tutorial.md")

# For the emulator that the tutorial starts itself.
ANY_FREE_PORT = {
    "cluster --port 8000": "cluster --port 0",
    "--port 8000": "--port $(sed 's/.*\"port\": //; s/,.*//' emulator.json)",
}

DASK_PAGE = "docs/how-to/dask.md"
# Two machines are two sets of processes here, and the port is a free one.
ONE_MACHINE = {
    "10.0.0.7 --port 8786": "127.0.0.1 --port 0 --scheduler-file scheduler.json",
    # A worker that is killed stays away.
    "worker tls://10.0.0.7:8786 --nworkers 4": "worker --scheduler-file scheduler.json --no-nanny",
    # A page is read more slowly than a scheduler starts.
    "qumulo-changelist doctor": "until test -s scheduler.json; do sleep 0.05; done; "
    "qumulo-changelist doctor",
    "tls://10.0.0.7:8786": "scheduler.json",
}

PAGES = [page for page in pages() if commands_of(page)]


def reason_not_to_run(command: Command) -> str:
    return next(
        (
            reason
            for (page, beginning), reason in NOT_RUN.items()
            if page == command.page and command.text.startswith(beginning)
        ),
        "",
    )


class Reader:
    """Somebody who types what a page shows: with an empty home, and a project on a cluster."""

    def __init__(self, cluster: Emulator, folder: Path, page: str) -> None:
        self.page = page
        self.home = folder / "home"
        self.folder = self.home / "try"
        self.folder.mkdir(parents=True)
        source = f"/{re.sub(r'[^a-z]', '-', page.lower())}"
        Path(str(cluster.root), source[1:]).mkdir()
        self.site = site_on(cluster, folder, source)
        self.site.configure(QumuloTransport="rest")
        write_files(self.site.mount, "reel1/A001.mov", "reel1/A002.mov")
        (self.folder / "pw").write_text(cluster.password)
        self.has_project = page not in FROM_NOTHING
        if self.has_project:
            projects = self.home / ".config" / "qumulo-changelist" / "projects.toml"
            projects.parent.mkdir(parents=True)
            projects.write_text(
                f'[projects.show1]\npath = "{source}"\nmapped_path = "{self.site.mount}"\n'
                'guid = "5f1c9a52"\ndeletes = true\n'
            )

    def variables(self) -> dict[str, str]:
        # Programs start at once, but on the page where somebody sees them for the first time.
        is_quick = self.page != "docs/tutorial.md"
        with_dask = self.page == DASK_PAGE
        program = quick_command("qumulo-changelist", with_dask=with_dask) if is_quick else ""
        quick = f"{Path(program).parent}:" if program else ""
        own = {
            "HOME": str(self.home),
            "PATH": f"{quick}{Path(sys.executable).parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
        }
        if self.has_project:
            own["QUMULO_CHANGELIST_CONFIG"] = str(self.site.configuration)
        return own

    def replaced(self) -> dict[str, str]:
        """What a page shows of a site, and what it is here."""
        site = self.site
        init = (
            "qumulo-changelist init --yes --cluster 127.0.0.1 "
            f"--port {site.port} --user admin --fingerprint {site.fingerprint} --project show1 "
            f"--source {site.source} --mapped-path {site.mount} --guid 5f1c9a52 "
            f"--work-folder {site.folder}"
        )
        return {
            "qumulo-changelist init\n": f"QUMULO_CHANGELIST_PASSWORD={site.password} {init}\n",
            "--cluster 10.0.0.5 ": f"--cluster 127.0.0.1 --port {site.port} ",
            "--user archive ": "--user admin ",
            "9a3e…": str(site.fingerprint),
            "/projects/show1": site.source,
            "run show ": "run show1 ",
            "/mnt/show1": str(site.mount),
            "/backup": str(self.home / "backup"),
            "remote:bucket": str(self.home / "bucket"),
            "/dev/nst0": str(self.home / "tape"),
            "/var/lib/node_exporter": str(self.home),
            "start-archive.sh": "true",
            # A different machine has a state of its own.
            "adopt show1": "adopt show1 --state second.sqlite",
            "python qumulo_": "qumulo_",
            "--synthetic 10000 --port 8000": "--synthetic 10000 --port 0",
            "QumuloClusterPort=8000": "QumuloClusterPort="
            "$(sed 's/.*\"port\": //; s/,.*//' synthetic.json)",
        }


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_works_and_prints_what_the_page_shows(
    page: str, cluster: Emulator, tmp_path: Path
) -> None:
    program = PROGRAMS.get(page)
    if program and not shutil.which(program):
        pytest.skip(f"{program} is not installed (see tests/system-packages.txt)")
    commands = [one for one in commands_of(page) if not reason_not_to_run(one)]
    reader = Reader(cluster, tmp_path, page)
    own = reader.replaced()
    # A line of its own has nothing after it.
    replaced = own | {old.rstrip(): new.rstrip() for old, new in own.items() if old.endswith("\n")}
    if page == "docs/tutorial.md":  # it sets up everything itself
        replaced = ANY_FREE_PORT
    if page == DASK_PAGE:
        own_conf = {"/etc/qumulo-changelist/cluster.conf": str(reader.site.configuration)}
        replaced |= ONE_MACHINE | own_conf

    ended = run_commands(commands, reader.folder, reader.variables(), replaced)

    for command, code, output in ended:
        if command.shown is None:
            assert code == 0, f"{command.place}: {command.text}\n{output}"
        else:
            shown = comparable(command.shown, "/home/you")
            assert_same(comparable(output, str(reader.home)), shown, command.place)
    assert len(ended) == len(commands)


def comparable(text: str, home: str) -> str:
    """Return what a command prints, without what differs from day to day."""
    text = text.replace(home, "HOME").strip("\n")
    text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?", "TIME", text)
    text = re.sub(r"\b1\d{9}\b", "SECONDS", text)
    text = re.sub(r"\b[0-9a-f]{64}\b|9a3e…", "SHA256", text)
    text = re.sub(r'("port": |port )\d+', r"\1PORT", text)
    text = re.sub(r"\d+ seconds? old", "AGE old", text)
    text = re.sub(r"version \d+\.\d+\.\d+", "version N", text)
    text = re.sub(r"(type=\"F_DIR\".*?|\"F_REG\" )(owner=\"\d+\" group=\"\d+\")", r"\1OWNER", text)
    text = re.sub(r'size="\d+"( mode="0x777"  type="F_DIR")', r'size="SIZE"\1', text)
    text = re.sub(r'owner="\d+" group="\d+"', "OWNER", text)
    text = re.sub(r"file id \d+", "file id N", text)
    return re.sub(r"\d+\.\d GB", "SIZE", text)


def assert_same(output: str, shown: str, place: str) -> None:
    """Compare line by line; a line ``…`` of the page stands for any number of lines."""
    pattern = "\n".join(
        r"(?:.*\n)*?.*" if line.strip() == "…" else re.escape(line) for line in shown.split("\n")
    )
    if not re.fullmatch(pattern, output):
        assert output == shown, place


def test_the_blocks_that_are_not_run_are_in_the_pages() -> None:
    """So the list does not grow old; and a block that is new is run."""
    skipped = {
        (page, beginning)
        for page, beginning in NOT_RUN
        if any(one.text.startswith(beginning) for one in commands_of(page))
    }

    assert skipped == set(NOT_RUN)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_written_as_a_shell_reads_it(page: str) -> None:
    for command in commands_of(page):
        done = subprocess.run(["bash", "-n"], input=command.text, capture_output=True, text=True)
        assert done.returncode == 0, f"{command.place}: {done.stderr}"


@pytest.mark.parametrize("page", pages())
def test_what_is_typed_stands_in_a_block_that_is_run(page: str) -> None:
    """Nobody forgets a command in a block of another kind."""
    programs = r"qumulo-\w+|pipx?|uv|docker|make|python3?|qq|rsync|rclone|tar|systemctl"
    program = rf"(?:\$ )?(?:sudo )?(?:{programs})"
    text = re.sub(r"^ *```.*?^ *```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)

    assert re.findall(rf"^    {program}\b.*", text, re.MULTILINE) == []
