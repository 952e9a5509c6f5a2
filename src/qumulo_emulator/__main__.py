"""`python -m qumulo_emulator` is `qumulo-emulator`."""

import sys

from qumulo_emulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
