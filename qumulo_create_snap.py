"""Takes a snapshot of a project's folder: `python qumulo_create_snap.py -p PROJECT -s PATH`."""

import sys

from qumulo_changelist.cli.create_snap import main

if __name__ == "__main__":
    sys.exit(main())
