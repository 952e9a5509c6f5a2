"""Runs the vendor's walk, qumulo-filesystem-walk, and reports how long it worked.

It writes name, size, times and owner of everything below a directory. When there is nothing left
to do, each of its processes waits for another 5 seconds: its time is that until the last line was
written. Its password is expected in WALK_PASSWORD. Prints JSON, as ``bench.floor`` does.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

COLUMNS = "name,size,modification_time,change_time,creation_time,owner"


def main() -> None:
    """Run it in a folder of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.walk", description=__doc__)
    for option in ("checkout", "host", "username", "directory", "snapshot"):
        parser.add_argument(f"--{option}", required=True)
    options = parser.parse_args()
    command = [sys.executable, os.path.join(os.path.abspath(options.checkout), "qwalk.py")]
    command += ["-s", options.host, "-u", options.username, "-p", os.environ["WALK_PASSWORD"]]
    command += ["-d", options.directory, "--snap", options.snapshot, "-l", "lines.txt"]
    command += ["-c", "Search", "--re", ".", "--cols", COLUMNS]
    environment = os.environ | {"QOVERRIDEIPS": options.host, "QWAITSECONDS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        began = time.time()
        with open(os.path.join(folder, "printed"), "wb") as printed:
            subprocess.run(command, cwd=folder, env=environment, stdout=printed, check=True)
        lines = os.path.join(folder, "lines.txt")
        wall = os.stat(lines).st_mtime - began
        with open(lines, "rb") as file:
            number = sum(1 for _ in file)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {"wall": wall, "processor": used.ru_utime + used.ru_stime, "lines": number}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
