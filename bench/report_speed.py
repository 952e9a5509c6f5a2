"""What a report of a long list takes: time, memory, and the size of its page.

    python -m bench.report_speed [--entries N] [--folder DIR]

For a list in each of some formats, it prints the seconds and the processor seconds of
`qumulo-changelist report`, its greatest memory, and the bytes of the page. The list has as many
folders and kinds of names as a share of a film production.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Batch, Entry, Kind, State
from qumulo_changelist.output.formats import FORMATS, ListParameters
from qumulo_changelist.output.list_file import list_file
from qumulo_changelist.runners.encode import EntryEncoder
from qumulo_changelist.scan.tally import Tally

MEASURED = ("xml", "ndjson", "csv", "null")

_NOW = 1_800_000_000
_FILES_IN_A_FOLDER = 160
_ENDINGS = ("dpx", "exr", "dpx", "mov", "wav", "R3D", "xml", "prproj", "jpg", "0001")
_SIZES = (50_000_000, 30_000_000, 49_000_000, 5 * 10**9, 2 * 10**7, 4 * 10**9, 9_000, 10**6)
_PROGRAM = "import sys; from qumulo_changelist.cli.main import main; sys.exit(main())"


def entries(number: int) -> Iterator[Batch]:
    """Yield a number of entries in the order of a list, a folder at a time."""
    folders = -(-number // _FILES_IN_A_FOLDER)
    for at in range(folders - 1, -1, -1):
        folder = f"/show{at // 2000:02}/reel{at // 100 % 20:02}/day{at // 10 % 10}/cam{at % 10}"
        first, last = at * _FILES_IN_A_FOLDER, min((at + 1) * _FILES_IN_A_FOLDER, number)
        yield [_entry(folder, each) for each in range(last - 1, first - 1, -1)]


def _entry(folder: str, at: int) -> Entry:
    name = f"{folder}/A{at:08}.{_ENDINGS[at % len(_ENDINGS)]}"
    size = _SIZES[at % len(_SIZES)] + at % 100_003
    known = Attributes(Kind.FILE, size, _NOW - at * 7 % 10**7, _NOW, 501, 20)
    if at % 20 == 0:
        return Entry(State.DELETED, name, known, DELETE)
    if at % 15 == 0:
        return Entry(State.PRESENT, name, known, CREATE, moved_from=f"/old{name}")
    return Entry(State.PRESENT, name, known, CREATE if at % 3 else MODIFY)


def write_list(path: str, list_format: str, number: int) -> None:
    """Write a list of a number of entries."""
    form, tally = FORMATS[list_format].make(ListParameters("1", _NOW)), Tally()
    with list_file(path, form) as file:
        encode = EntryEncoder((form,))
        for batch in entries(number):
            (counted,) = encode([batch])
            file.add(counted.piece)
            tally.merge(counted.tally)
        with open(path, "wb") as target:
            file.write(target, tally.totals)


def measure(path: str, page: str) -> str:
    """Return what a report of a list takes, as cells of a table."""
    command = [sys.executable, "-c", _PROGRAM, "report", path, "--output", page]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the report of {path} failed")
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    size = Path(page).stat().st_size
    processor = used.ru_utime + used.ru_stime
    return f"{wall:.1f} | {processor:.1f} | {peak / 1e6:.0f} | {size / 1e6:.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--folder", default=None, help="where to put the lists")
    options = parser.parse_args()
    print(f"{options.entries:,} entries")
    print("| format | list, MB | s | cpu s | peak MB | page, MB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for list_format in MEASURED:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            path = os.path.join(folder, f"1-files.{FORMATS[list_format].ending}")
            write_list(path, list_format, options.entries)
            size = Path(path).stat().st_size
            cells = measure(path, os.path.join(folder, "page.html"))
            print(f"| {list_format} | {size / 1e6:.0f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
