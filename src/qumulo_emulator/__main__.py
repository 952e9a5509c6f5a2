"""Runs the command `qumulo-emulator` for `python -m qumulo_emulator`."""

import sys

from qumulo_emulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
