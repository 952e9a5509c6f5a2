"""A campaign that looks for bytes which a reader cannot take: coverage-guided, with atheris.

`make fuzz-bytes` gives each target its time, and begins with the examples in `corpus/`. At the
first mistake it ends with 1, and leaves the bytes in a file of `.fuzz-bytes/`; once they are in
`corpus/`, `make test` tries them, too. `python -m tests.foreign TARGET FILE` reads a file again.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from tests.foreign.corpus import FOLDER

_FOUND = Path(".fuzz-bytes")
_SECONDS_FOR_ONE, _MEGABYTES = 5, 2048


def main() -> int:
    """Try all targets, or the one that is named; return the exit code."""
    options = _options()
    if options.guided:
        return _fuzz(options.target, options.arguments)
    if options.file:
        from tests.foreign.targets import TARGETS, run

        run(TARGETS[options.target], options.file.read_bytes())
        return 0
    names = [options.target] if options.target else sorted(p.name for p in FOLDER.iterdir())
    for name in names:
        print(f"{name}: {options.seconds} seconds", flush=True)
        found = _FOUND / name
        found.mkdir(parents=True, exist_ok=True)
        # A process for each: a mistake in C ends it.
        done = subprocess.run(
            [sys.executable, "-m", "tests.foreign", name, "--guided", "--",
             f"-max_total_time={options.seconds}", f"-timeout={_SECONDS_FOR_ONE}",
             f"-rss_limit_mb={_MEGABYTES}", f"-artifact_prefix={found}/", "-verbosity=0",
             "-print_final_stats=1", str(found), str(FOLDER / name)],
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            print(
                f"{_reason(done.stderr)}\n{name}: a mistake; the bytes are in {found}", flush=True
            )
            return 1
        print(_tried(done.stderr), flush=True)
    return 0


def _fuzz(name: str, arguments: list[str]) -> int:
    import atheris

    with atheris.instrument_imports(include=["qumulo_changelist"]):
        from tests.foreign.targets import TARGETS, run
    target = TARGETS[name]
    atheris.Setup(["tests.foreign", *arguments], lambda data: run(target, data))
    atheris.Fuzz()
    return 0


def _reason(said: str) -> str:
    return "\n".join(
        line for line in said.splitlines() if not line.startswith(("INFO: ", "WARNING: ", "stat::"))
    )


def _tried(statistics: str) -> str:
    wanted = ("number_of_executed_units", "new_units_added", "peak_rss_mb")
    lines = [line.removeprefix("stat::") for line in statistics.splitlines()]
    return "    " + ", ".join(" ".join(line.split()) for line in lines if line.startswith(wanted))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.foreign", description=__doc__)
    parser.add_argument("target", nargs="?", default="", help="the only target")
    parser.add_argument("file", nargs="?", type=Path, help="bytes to read once")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--guided", action="store_true", help=argparse.SUPPRESS)
    options, others = parser.parse_known_args()
    options.arguments = [one for one in others if one != "--"]
    if options.guided and options.file:
        options.arguments, options.file = [str(options.file), *options.arguments], None
    return options


if __name__ == "__main__":
    sys.exit(main())
