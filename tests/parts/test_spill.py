"""Keys on disk: all of them, each once, descending; flat in memory; and nothing stays behind."""

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
from qumulo_changelist.errors import OutputError

# Runs of 3 keys, handed out by at most 5: every limit is crossed by a few keys.
SMALL = {"run": 3, "most": 5}
PATHS = st.text(st.characters(exclude_characters="\0"), max_size=4)
FEW_PATHS = st.sampled_from(["", "/", "/a", "/a/", "/a.mov", "/A\n", "/\u2028", "/\udcff", "/😀"])
KEYS = st.builds("{}\0{}".format, PATHS | FEW_PATHS, st.sampled_from("CMD"))


def in_utf8(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def handed_out(folder: object, *batches: list[str], **limits: int) -> list[str]:
    with Spill(str(folder), **limits) as spill:
        for batch in batches:
            spill.add(list(batch))
        return list(itertools.chain.from_iterable(spill.descending()))


def numbered(numbers: range) -> list[str]:
    return [f"/reel/{number:06d}.mov\0M" for number in numbers]


# Order


@given(batches=st.lists(st.lists(KEYS, max_size=20), max_size=6))
def test_any_keys_come_once_each_in_descending_order_of_their_bytes(tmp_path_factory, batches):
    folder = tmp_path_factory.getbasetemp()

    expected = sorted(set(itertools.chain.from_iterable(batches)), key=in_utf8, reverse=True)

    assert handed_out(folder, *batches, **SMALL) == expected


@given(data=st.data(), most=st.integers(1, 7), run=st.integers(1, 7))
def test_neither_limit_shows_in_what_comes_out(tmp_path_factory, data, most, run):
    keys = data.draw(st.permutations(numbered(range(30))))
    cuts = sorted(data.draw(st.lists(st.integers(0, 30), max_size=4)))
    batches = [keys[start:end] for start, end in itertools.pairwise([0, *cuts, 30])]

    out = handed_out(tmp_path_factory.getbasetemp(), *batches, run=run, most=most)

    assert out == sorted(keys, reverse=True)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 6, 30, 31])
def test_no_block_is_empty_or_larger_than_asked_for(tmp_path, count):
    with Spill(str(tmp_path), **SMALL) as spill:
        spill.add(numbered(range(0, count, 2)))
        spill.add(numbered(range(1, count, 2)))
        blocks = list(spill.descending())

    assert sum(map(len, blocks)) == count
    assert all(1 <= len(block) <= 5 for block in blocks)


def test_the_usual_limits_hold_as_well(tmp_path):
    keys = numbered(range(35_001))
    shuffled = random.Random(1).sample(keys, len(keys))

    out = handed_out(tmp_path, shuffled[:12_345], shuffled[12_345:], shuffled[:5])

    assert out == keys[::-1]


def test_lone_surrogates_sort_between_their_neighbours_not_behind_all(tmp_path):
    keys = ["/\ud7ff\0M", "/\udcff\0M", "/\ue000\0M", "/\U00010000\0M"]

    assert handed_out(tmp_path, keys[2:], keys[:2], **SMALL) == keys[::-1]


def test_a_path_with_two_letters_is_two_keys(tmp_path):
    assert handed_out(tmp_path, ["/a\0C", "/a\0D"], ["/a\0D"]) == ["/a\0D", "/a\0C"]


def test_what_was_handed_out_can_be_had_again(tmp_path):
    with Spill(str(tmp_path), **SMALL) as spill:
        spill.add(numbered(range(20)))
        next(spill.descending())

        assert list(spill.descending()) == list(spill.descending()) != []


# Memory

FLAT = """
import sys
from qumulo_changelist.changes.spill import Spill

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

# 60 batches of 2 MB: one behind the other, all over each other, or always the same.
order = {
    "one behind the other": lambda batch, i: batch * 1000 + i,
    "all over each other": lambda batch, i: i * 60 + batch,
    "always the same": lambda batch, i: i,
    "always one and the same key": lambda batch, i: 0,
}[sys.argv[2]]
with Spill(sys.argv[1], run=50, most=500) as spill:
    before = peak()
    for batch in range(60):
        spill.add([f"/{order(batch, i):08d}" + "x" * 2000 + "\\0M" for i in range(1000)])
    for block in spill.descending():
        pass
    print(peak() - before)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Linux tells the peak")
@pytest.mark.parametrize(
    "order",
    [
        "one behind the other",
        "all over each other",
        "always the same",
        "always one and the same key",
    ],
)
def test_120_megabytes_of_keys_cost_a_third_of_that_at_the_peak(tmp_path, order):
    grown = subprocess.check_output([sys.executable, "-c", FLAT, tmp_path, order], text=True)

    assert float(grown) < 40


# What stays


def open_files() -> set[int]:
    listed = map(int, os.listdir("/dev/fd"))  # with the one that listed them, closed by now
    return {descriptor for descriptor in listed if is_open(descriptor)}


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_the_folder_shows_nothing_at_any_time(tmp_path):
    shown = []
    with Spill(str(tmp_path), **SMALL) as spill:
        shown += os.listdir(tmp_path)
        for start in range(3):
            spill.add(numbered(range(start, 30)))
            shown += os.listdir(tmp_path)
        for _ in spill.descending():
            shown += os.listdir(tmp_path)
    shown += os.listdir(tmp_path)

    assert shown == []


def test_one_file_is_all_that_is_open_even_while_it_sorts(tmp_path):
    before = open_files()
    with Spill(str(tmp_path)) as spill:
        for start in range(3):
            spill.add([f"/{number:06d}{'x' * 200}\0M" for number in range(start, 90_000, 3)])
        during = [open_files() for _ in spill.descending()]

    assert {len(files - before) for files in during} == {1}
    assert open_files() == before


def test_closing_twice_is_closing_once(tmp_path):
    spill = Spill(str(tmp_path))

    spill.close()
    spill.close()

    assert os.listdir(tmp_path) == []


def test_nothing_stays_when_the_run_fails_meanwhile(tmp_path):
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
if sys.argv[2] == "handing out":
    next(spill.descending())
print("ready", flush=True)
while True:
    spill.add([f"/{i}\\0M" for i in range(1000)])
"""


@pytest.mark.parametrize("moment", ["taking in", "handing out"])
def test_nothing_stays_when_the_process_is_killed(tmp_path, moment):
    with subprocess.Popen(
        [sys.executable, "-c", BUSY, tmp_path, moment], stdout=subprocess.PIPE
    ) as process:
        said = process.stdout.readline()
        process.kill()

    assert said == b"ready\n"
    assert process.returncode == -signal.SIGKILL
    assert os.listdir(tmp_path) == []


# Errors

FULL = """
import os, resource, sys
from qumulo_changelist.errors import OutputError
from qumulo_changelist.changes.spill import Spill

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    with Spill(sys.argv[1]) as spill:
        for batch in range(100):
            spill.add([f"/{batch}/{i}{'x' * 500}\\0M" for i in range(1000)])
except OutputError as error:
    print(error.exit_code, error, error.hint, os.listdir(sys.argv[1]), sep="\\n")
"""


@pytest.mark.parametrize("room", [0, 100_000, 20_000_000])
def test_no_room_is_an_error_that_names_the_folder_and_leaves_nothing(tmp_path, room):
    said = subprocess.check_output([sys.executable, "-c", FULL, tmp_path, str(room)], text=True)

    code, message, hint, left = said.splitlines()
    assert code == "4"
    assert message.startswith(f"Changes cannot be set aside in {tmp_path}: ")
    assert hint.startswith("Make room there")
    assert left == "[]"


def test_a_file_that_cannot_be_read_back_is_an_error_that_names_the_folder(tmp_path):
    before = open_files()
    with Spill(str(tmp_path)) as spill:
        spill.add([f"/{number}{'x' * 500}\0M" for number in range(40_000)])
        (file,) = open_files() - before
        os.ftruncate(file, 0)

        with pytest.raises(OutputError, match=str(tmp_path)):
            list(spill.descending())


@pytest.mark.parametrize(("name", "reason"), [("gone", "No such file"), ("file", "Not a dir")])
def test_a_folder_that_is_none_is_an_error_that_names_it(tmp_path: Path, name, reason):
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=f"{tmp_path / name}: {reason}") as caught:
        Spill(str(tmp_path / name))

    assert caught.value.exit_code == 4
