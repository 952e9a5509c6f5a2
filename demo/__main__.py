"""Runs the main job: snapshot, a day's work, snapshot, scan list. No file of it remains."""

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

from demo.media import make_project, work_for_a_day

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
        with emulated_cluster(root, password) as port:
            print(f"# A Qumulo cluster is emulated over files of this machine, on port {port}.\n")
            os.environ["QUMULO_CHANGELIST_CONFIG"] = write_configuration(folder, port, password)
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
            print(Path(scan_list).read_text(encoding="utf-8"), end="")
    return 0


@contextlib.contextmanager
def emulated_cluster(root: Path, password: str) -> Iterator[int]:
    """Serve ``root`` as a cluster for a ``with`` block, which gets its port."""
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
            yield json.loads(ready)["port"]
        finally:
            server.send_signal(signal.SIGTERM)


def write_configuration(folder: str, port: int, password: str) -> str:
    """Write a configuration as the archiver has it; return its path."""
    path = Path(folder, "DNAClientServices.conf")
    path.touch(0o600)
    path.write_text(
        "[General]\n"
        "QumuloClusterIP=127.0.0.1\n"
        f"QumuloClusterPort={port}\n"
        "QumuloUsername=admin\n"
        f"QumuloPassword={password}\n"
        f"FastScanWorkFolder={folder}\n",
        encoding="utf-8",
    )
    return str(path)


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
