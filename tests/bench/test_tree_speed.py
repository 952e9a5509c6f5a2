"""``python -m bench.tree_speed`` lists a tree in every way, also a small one."""

import subprocess
import sys

from tests.quick import REPOSITORY


def test_the_speed_over_a_real_tree_is_measured_in_every_way() -> None:
    arguments = ["--files", "20", "--folders", "2", "--rounds", "1"]
    process = subprocess.run(
        [sys.executable, "-m", "bench.tree_speed", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert process.stderr == ""
    assert [line.split("  ")[0] for line in process.stdout.splitlines()] == [
        "scandir and lstat",
        "live tree, first time",
        "live tree, again",
        "taking a snapshot",
        "snapshot",
    ]
