"""Runs the main job: snapshot, a day's work, snapshot, scan list. Only the report of it remains."""

import contextlib
import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demo.media import make_project, work_for_a_day, work_for_another_day

PROJECT = "/projects/show1"
REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the whole job, as an administrator would type it."""
    with tempfile.TemporaryDirectory(prefix="qumulo-demo-") as folder:
        root, password = Path(folder, "cluster"), secrets.token_urlsafe(12)
        mapped = root / PROJECT[1:]
        make_project(mapped)
        # qq was installed beside this Python.
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # The session that the commands keep is of no use after the demonstration.
        os.environ["XDG_STATE_HOME"] = folder
        with emulated_cluster(root, password) as cluster:
            port = cluster["port"]
            print(f"# A Qumulo cluster is emulated over files of this machine, on port {port}.\n")
            os.environ["QUMULO_CHANGELIST_CONFIG"] = write_configuration(folder, cluster, password)
            show_the_two_commands(mapped)
            show_the_cycle(folder, mapped)
            show_the_report()
    return 0


def show_the_two_commands(mapped: Path) -> None:
    """Take two snapshots, with a day's work in between, and list what changed."""
    older = run_command("qumulo_create_snap.py", "-p", "show1", "-s", PROJECT)
    print("# A day's work:", *work_for_a_day(mapped), sep="\n#   ", end="\n\n")
    newer = run_command("qumulo_create_snap.py", "-p", "show1", "-s", PROJECT)
    scan_list = run_command(
        "qumulo_generate_changelist.py",
        *("-p", "show1", "-b", PROJECT, "-m", str(mapped)),
        *("-g", "5f1c9a52", "-i", "1"),
        *("--prevsnapshotid", older, "--newsnapshotid", newer, "--deletes"),
    )
    print(f"$ cat {shlex.quote(scan_list)}")
    print(Path(scan_list).read_text(encoding="utf-8"))


def show_the_cycle(folder: str, mapped: Path) -> None:
    """Do the same by one command, which remembers what the archive has."""
    archive = Path(folder, "archive")
    archive.mkdir()
    os.environ["QUMULO_CHANGELIST_PROJECTS"] = write_projects(folder, mapped)
    print(
        "# The same by one command: nobody types a snapshot's id. `cp` stands for the archiver.\n"
    )
    run = ("run", "show1", "--", "cp", "{list}", str(archive))
    run_changelist(*run)
    print("# Another day's work:", *work_for_another_day(mapped), sep="\n#   ", end="\n\n")
    run_changelist(*run)
    print(f"$ cat {shlex.quote(str(archive / '1-files.xml'))}")
    print((archive / "1-files.xml").read_text(encoding="utf-8"))
    run_changelist("status")
    run_changelist("history")
    run_changelist("explain", f"{PROJECT}/reel3/A003_C001.mov")


def show_the_report() -> None:
    """Write a report of the last list, which stays, and say where it is."""
    page = Path(tempfile.mkdtemp(prefix="qumulo-demo-report-"), "show1.html")
    run_changelist("report", "show1", "--output", str(page))
    print(f"# Open it in a browser: {page.as_uri()}")


@contextlib.contextmanager
def emulated_cluster(root: Path, password: str) -> Iterator[dict[str, Any]]:
    """Serve ``root`` as a cluster for a ``with`` block, which gets how to reach it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "qumulo_emulator", "serve", str(root), "--port", "0"],
        stdout=subprocess.PIPE,
        env=os.environ | {"QUMULO_EMULATOR_PASSWORD": password},
    )
    with server:
        assert server.stdout
        ready = server.stdout.readline()
        if not ready:
            raise SystemExit("the emulator did not start")
        try:
            yield json.loads(ready)
        finally:
            server.send_signal(signal.SIGTERM)


def write_configuration(folder: str, cluster: dict[str, Any], password: str) -> str:
    """Write a configuration as the archiver has it; return its path."""
    path = Path(folder, "DNAClientServices.conf")
    path.touch(0o600)
    path.write_text(
        "[General]\n"
        "QumuloClusterIP=127.0.0.1\n"
        f"QumuloClusterPort={cluster['port']}\n"
        "QumuloUsername=admin\n"
        f"QumuloPassword={password}\n"
        f"FastScanWorkFolder={folder}\n"
        f"QumuloCertificateFingerprint={cluster['certificate_sha256']}\n",
        encoding="utf-8",
    )
    return str(path)


def write_projects(folder: str, mapped: Path) -> str:
    """Write and print a file of projects; return its path."""
    path = Path(folder, "projects.toml")
    text = (
        "[projects.show1]\n"
        f"path = {json.dumps(PROJECT)}\n"
        f"mapped_path = {json.dumps(str(mapped))}\n"
        'guid = "5f1c9a52"\n'
        "deletes = true\n"
        'transport = "rest"\n'
    )
    path.write_text(text, encoding="utf-8")
    print(f"$ cat {shlex.quote(str(path))}\n{text}")
    return str(path)


def run_changelist(*arguments: str) -> None:
    """Print and run ``qumulo-changelist``."""
    print(f"$ qumulo-changelist {shlex.join(arguments)}", flush=True)
    program = Path(sys.executable).parent / "qumulo-changelist"
    finished = subprocess.run([program, *arguments])
    print(flush=True)
    if finished.returncode:
        raise SystemExit(finished.returncode)


def run_command(script: str, *arguments: str) -> str:
    """Print and run one of the two commands; return what it printed."""
    print(f"$ python {script} {shlex.join(arguments)}", flush=True)
    finished = subprocess.run(
        [sys.executable, str(REPOSITORY / script), *arguments], stdout=subprocess.PIPE, text=True
    )
    print(finished.stdout, flush=True)
    if finished.returncode:
        raise SystemExit(finished.returncode)
    return finished.stdout.rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
