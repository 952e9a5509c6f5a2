"""Keys on disk: all of them, each once, descending; with flat memory; and nothing remains."""

import itertools
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.changes.spill import Spill
from qumulo_changelist.errors import SpillError

# A few keys cross each of these limits.
BUNDLE_SIZE, BLOCK_SIZE = 3, 5

PATHS = st.text(st.characters(exclude_characters="\0"), max_size=4)
FEW_PATHS = st.sampled_from(["", "/", "/a", "/a/", "/a.mov", "/A\n", "/\u2028", "/\udcff", "/😀"])
KEYS = st.builds("{}\0{}".format, PATHS | FEW_PATHS, st.sampled_from("CMD"))


def descending(keys: set[str]) -> list[str]:
    return sorted(keys, key=lambda key: key.encode("utf-8", "surrogatepass"), reverse=True)


def open_small(folder: object) -> Spill:
    return Spill(str(folder), bundle_size=BUNDLE_SIZE, block_size=BLOCK_SIZE)


def drain(spill: Spill, *batches: list[str]) -> list[str]:
    """Return what comes out after batches were added."""
    with spill:
        for batch in batches:
            spill.add(list(batch))
        return list(itertools.chain.from_iterable(spill.descending()))


def numbered(numbers: range) -> list[str]:
    return [f"/reel/{number:06d}.mov\0M" for number in numbers]


# Order


@given(batches=st.lists(st.lists(KEYS, max_size=20), max_size=6))
def test_any_keys_come_once_each_in_descending_order_of_their_bytes(tmp_path_factory, batches):
    out = drain(open_small(tmp_path_factory.getbasetemp()), *batches)

    assert out == descending(set(itertools.chain.from_iterable(batches)))


@given(data=st.data(), block_size=st.integers(1, 7), bundle_size=st.integers(1, 7))
def test_the_sizes_do_not_change_what_comes_out(tmp_path_factory, data, block_size, bundle_size):
    keys = data.draw(st.permutations(numbered(range(30))))
    cuts = sorted(data.draw(st.lists(st.integers(0, 30), max_size=4)))
    batches = [keys[start:end] for start, end in itertools.pairwise([0, *cuts, 30])]
    folder = str(tmp_path_factory.getbasetemp())

    out = drain(Spill(folder, bundle_size=bundle_size, block_size=block_size), *batches)

    assert out == sorted(keys, reverse=True)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 6, 30, 31])
def test_blocks_are_neither_empty_nor_too_large(tmp_path, count):
    with open_small(tmp_path) as spill:
        spill.add(numbered(range(0, count, 2)))
        spill.add(numbered(range(1, count, 2)))
        blocks = list(spill.descending())

    assert sum(map(len, blocks)) == count
    assert all(1 <= len(block) <= BLOCK_SIZE for block in blocks)


def test_the_usual_sizes_work_as_well(tmp_path):
    keys = numbered(range(35_001))
    shuffled = random.Random(1).sample(keys, len(keys))

    out = drain(Spill(str(tmp_path)), shuffled[:12_345], shuffled[12_345:], shuffled[:5])

    assert out == keys[::-1]


def test_lone_surrogates_sort_between_their_neighbours(tmp_path):
    keys = ["/\ud7ff\0M", "/\udcff\0M", "/\ue000\0M", "/\U00010000\0M"]

    assert drain(open_small(tmp_path), keys[2:], keys[:2]) == keys[::-1]


def test_a_path_with_two_letters_has_two_keys(tmp_path):
    assert drain(open_small(tmp_path), ["/a\0C", "/a\0D"], ["/a\0D"]) == ["/a\0D", "/a\0C"]


def test_the_keys_can_be_read_repeatedly(tmp_path):
    with open_small(tmp_path) as spill:
        spill.add(numbered(range(20)))
        next(spill.descending())

        assert list(spill.descending()) == list(spill.descending()) != []


# Memory

PEAK = """
import sys
from qumulo_changelist.changes.spill import Spill

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

# 120 batches of 0.5 MB.
order = {
    "consecutive": lambda batch, i: batch * 250 + i,
    "interleaved": lambda batch, i: i * 120 + batch,
    "repeated": lambda batch, i: i,
    "a single key": lambda batch, i: 0,
}[sys.argv[2]]
with Spill(sys.argv[1], bundle_size=25, block_size=250) as spill:
    before = peak()
    for batch in range(120):
        spill.add([f"/{order(batch, i):08d}" + "x" * 2000 + "\\0M" for i in range(250)])
    for block in spill.descending():
        pass
    print(peak() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux reports the peak")
@pytest.mark.parametrize("order", ["consecutive", "interleaved", "repeated", "a single key"])
def test_60_megabytes_of_keys_need_less_memory_than_that(tmp_path, order):
    grown = subprocess.check_output([sys.executable, "-c", PEAK, tmp_path, order], text=True)

    assert float(grown) < 40


# What remains


def open_files() -> set[int]:
    listed = map(int, os.listdir("/dev/fd"))  # also the descriptor that listed them, now closed
    return {descriptor for descriptor in listed if is_open(descriptor)}


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_the_folder_never_shows_the_file(tmp_path):
    shown = []
    with open_small(tmp_path) as spill:
        shown += os.listdir(tmp_path)
        for start in range(3):
            spill.add(numbered(range(start, 30)))
            shown += os.listdir(tmp_path)
        for _ in spill.descending():
            shown += os.listdir(tmp_path)
    shown += os.listdir(tmp_path)

    assert shown == []


def test_only_one_file_is_open_even_while_keys_are_sorted(tmp_path):
    before = open_files()
    with Spill(str(tmp_path)) as spill:
        for start in range(3):
            spill.add([f"/{number:06d}{'x' * 200}\0M" for number in range(start, 90_000, 3)])
        during = [open_files() for _ in spill.descending()]

    assert {len(files - before) for files in during} == {1}
    assert open_files() == before


def test_closing_again_changes_nothing(tmp_path):
    spill = Spill(str(tmp_path))

    spill.close()
    spill.close()

    assert os.listdir(tmp_path) == []


def test_nothing_remains_if_the_run_fails_meanwhile(tmp_path):
    before = open_files()

    with pytest.raises(ZeroDivisionError), Spill(str(tmp_path)) as spill:
        spill.add(numbered(range(10 // 0)))

    assert open_files() == before
    assert os.listdir(tmp_path) == []


BUSY = """
import sys, time
from qumulo_changelist.changes.spill import Spill

spill = Spill(sys.argv[1])
spill.add([f"/{i}{'x' * 500}\\0M" for i in range(40_000)])
if sys.argv[2] == "reading":
    next(spill.descending())
print("ready", flush=True)
while True:
    spill.add([f"/{i}\\0M" for i in range(1000)])
"""


@pytest.mark.parametrize("moment", ["adding", "reading"])
def test_nothing_remains_if_the_process_is_killed(tmp_path, moment):
    with subprocess.Popen(
        [sys.executable, "-c", BUSY, tmp_path, moment], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        printed = process.stdout.readline()
        process.kill()

    assert printed == b"ready\n"
    assert process.returncode == -signal.SIGKILL
    assert os.listdir(tmp_path) == []


# Errors

FULL = """
import os, resource, sys
from qumulo_changelist.errors import SpillError
from qumulo_changelist.changes.spill import Spill

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    with Spill(sys.argv[1]) as spill:
        for batch in range(100):
            spill.add([f"/{batch}/{i}{'x' * 500}\\0M" for i in range(1000)])
except SpillError as error:
    print(error.exit_code, error, os.listdir(sys.argv[1]), sep="\\n")
"""


@pytest.mark.parametrize("room", [0, 100_000, 20_000_000])
def test_a_full_disk_is_an_error_that_names_the_folder_and_nothing_remains(tmp_path, room):
    printed = subprocess.check_output([sys.executable, "-c", FULL, tmp_path, str(room)], text=True)

    code, message, remaining = printed.splitlines()
    assert code == "4"
    assert message.startswith(f"changes cannot be set aside in {tmp_path}: ")
    assert remaining == "[]"


def test_a_file_that_cannot_be_read_back_is_an_error_that_names_the_folder(tmp_path):
    before = open_files()
    with Spill(str(tmp_path)) as spill:
        spill.add([f"/{number}{'x' * 500}\0M" for number in range(40_000)])
        (file,) = open_files() - before
        os.ftruncate(file, 0)

        with pytest.raises(SpillError, match=str(tmp_path)):
            list(spill.descending())


@pytest.mark.parametrize(("name", "reason"), [("gone", "No such file"), ("file", "Not a dir")])
def test_a_path_that_is_no_folder_is_an_error_that_names_it(tmp_path: Path, name, reason):
    (tmp_path / "file").touch()

    with pytest.raises(SpillError, match=f"{tmp_path / name}: {reason}"):
        Spill(str(tmp_path / name))
