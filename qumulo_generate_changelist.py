"""Lists what changed between two snapshots: `python qumulo_generate_changelist.py --help`."""

import sys

from qumulo_changelist.cli.generate_changelist import main

if __name__ == "__main__":
    sys.exit(main())
