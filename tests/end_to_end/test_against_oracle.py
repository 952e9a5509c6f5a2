"""Bursts of random work on a tree, each held against the oracle, by each way to a list."""

import errno
import os
import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.conftest import QQ
from tests.end_to_end.site import Site
from tests.oracle import capture, expected_list, without_access_times, without_run_times

# Names that sort around the slash, that differ in little, that begin each other, that XML dislikes.
NAMES = [
    *(b"a", b"a!", b"a b", b"a-1", b"a.mov", b"a0", b"A", b"~", b"b&b", b"x\ny", b"%2F"),
    *("é".encode(), "e\u0301".encode(), "\u2028".encode(), "🎬".encode(), b"\x01"),
]
# No cluster can be asked for it, so a folder of this name is read on a mount alone.
NO_UNICODE = b"\xff\xfe"

# What the kernel says to a drawn action that makes no sense, such as a folder moved into itself.
IMPOSSIBLE = {
    *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOENT, errno.EINVAL, errno.ENOTEMPTY),
    *(errno.EPERM, errno.ENXIO, errno.ELOOP),
}


class Worker:
    """Does random work below a folder, reproducibly."""

    def __init__(self, root: Path, draws: random.Random, names: Sequence[bytes]) -> None:
        self.root = os.fsencode(root)
        self.random = draws
        self.names = names

    def burst(self, actions: int) -> None:
        kinds = [self.write] * 4 + [self.make_folder] * 2 + [self.delete] * 2 + [self.rename] * 3
        kinds += [self.link, self.symlink, self.pipe, self.chmod, self.touch, self.truncate]
        for _ in range(actions):
            action = self.random.choice(kinds)
            try:
                action()
            except OSError as error:
                if error.errno not in IMPOSSIBLE:
                    raise

    def place(self) -> bytes:
        """A path, existing or not, in one of the folders."""
        folders = [self.root]
        for folder, names, _ in os.walk(self.root):
            names[:] = [name for name in names if name != b".snapshot"]
            folders += [os.path.join(folder, name) for name in names]
        return os.path.join(self.random.choice(folders), self.random.choice(self.names))

    def existing(self) -> bytes:
        return self.random.choice(
            [
                os.path.join(folder, name)
                for folder, names, files in os.walk(self.root)
                if b".snapshot" not in folder
                for name in [*names, *files]
                if name != b".snapshot"
            ]
            or [self.place()]
        )

    def write(self) -> None:
        # O_NOFOLLOW: a link leads to a file that another action may not expect to change.
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self.place(), flags)
        os.write(descriptor, b"x" * self.random.randrange(1, 999))
        os.close(descriptor)

    def make_folder(self) -> None:
        os.mkdir(self.place())

    def delete(self) -> None:
        place = self.existing()
        if os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place)
        else:
            os.unlink(place)

    def rename(self) -> None:
        os.rename(self.existing(), self.place())

    def link(self) -> None:
        os.link(self.existing(), self.place(), follow_symlinks=False)

    def symlink(self) -> None:
        os.symlink(self.random.choice(self.names), self.place())

    def pipe(self) -> None:
        os.mkfifo(self.place())

    def chmod(self) -> None:
        place = self.existing()
        if not os.path.islink(place):
            os.chmod(place, self.random.choice([0o700, 0o750, 0o755]))

    def touch(self) -> None:
        os.utime(self.existing(), (1, self.random.randrange(10**9)), follow_symlinks=False)

    def truncate(self) -> None:
        place = self.existing()
        if os.path.isfile(place) and not os.path.islink(place):
            os.truncate(place, self.random.randrange(99))


WAYS = {
    "qq of today, mount": (QQ["qq of today"], ["--metadata=mount"]),
    "qq before 6.2.2, mount": (QQ["qq before 6.2.2"], ["--metadata=mount"]),
    "qq, snapshot": (QQ["qq of today"], ["--metadata=snapshot"]),
    "REST, mount": (Path(), ["--transport=rest", "--metadata=mount"]),
    "REST, snapshot": (Path(), ["--transport=rest", "--metadata=snapshot"]),
    "REST alone": (Path(), ["--transport=rest", "--metadata=rest"]),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("way", WAYS)
def test_random_work_is_listed_as_the_oracle_says(
    cluster: Emulator, site: Site, way: str, seed: int
) -> None:
    site.qq, options = WAYS[way]
    draws = random.Random(f"{way} {seed}")
    # The emulator shows a snapshot in the directory that it was taken of, and nowhere below.
    of_a_part = seed % 2 == 1 and "snapshot" not in way
    on_disk = not of_a_part and way != "REST alone"
    worker = Worker(site.mount, draws, [*NAMES, NO_UNICODE] if on_disk else NAMES)
    for name in ("a", "a.mov", "é"):
        (site.mount / name).mkdir()
    worker.burst(40)
    for _ in range(2):
        before, older = capture(str(site.mount)), site.snapshot_by_api(cluster)
        worker.burst(12)
        base = site.source
        if of_a_part:
            base += draws.choice(["/a", "/a.mov", "/é"])
            if not site.mounted(base).is_dir() or site.mounted(base).is_symlink():
                base = site.source
        after, newer = capture(str(site.mount)), site.snapshot_by_api(cluster)
        deletes = draws.random() < 0.8
        expected = expected_list(
            before, after, source=site.source, base=base, deletes=deletes, run_time=int(time.time())
        )
        drawn = [*options, *limits(draws), *["--deletes"] * deletes]
        done = site.generate(older, newer, *drawn, base=base)
        assert done.code == (b'bad_dir_count="0"' not in expected), (drawn, done.messages)
        assert settled(site.list_path.read_bytes()) == settled(expected), drawn


def limits(draws: random.Random) -> list[str]:
    """Limits small enough to be crossed, or none, of each kind."""
    return [
        f"{option}={draws.choice(['1', '2', '3'])}"
        for option in ("--workers", "--slice-size", "--spill-after", "--page-size")
        if draws.random() < 0.6
    ]


def settled(content: bytes) -> list[bytes]:
    """The lines of a list without what cannot be foreseen."""
    return without_run_times(without_access_times(content)).split(b"\n")
