"""Takes a snapshot of a project's folder: `python qumulo_create_snap.py -p PROJECT -s PATH`.

Even Python 2.7 can parse this file, so that a Python that is too old gets an explanation.
"""

import os
import sys

problem = ""
if sys.version_info < (3, 10):
    problem = "this is Python %d.%d, but 3.10 or later is needed" % sys.version_info[:2]
    problem += "; type, for example: python3.12 qumulo_create_snap.py"
else:
    try:
        from qumulo_changelist.cli.create_snap import main
    except ImportError as error:
        folder = os.path.dirname(os.path.abspath(__file__))
        python = sys.executable or "python3"
        problem = "the installation is incomplete (%s)" % error
        problem += '; type: cd "%s" && "%s" -m pip install -r requirements.txt' % (folder, python)
if problem:
    sys.stderr.write("qumulo_create_snap.py: %s\n" % problem)
    sys.exit(2)

if __name__ == "__main__":
    sys.exit(main())
