"""The sub-commands of ``qumulo-changelist``, a module each; this table names them.

To add one, add its module and its line here. A module has:

- ``DESCRIPTION``: what it does, for ``--help``;
- ``EXAMPLES``: command lines, each with a comment, for the end of ``--help``;
- ``add_options(parser)``;
- ``execute(options, screen)``: does it, prints the result, and returns the exit code;
- ``ASKS = True`` if it asks on the terminal, so that no progress is shown there.

It imports what loads slowly only in ``execute``.
"""

COMMANDS = {
    "run": "the whole cycle: snapshot, list, and, if wanted, archive and commit",
    "commit": "remember that the archive has what a list contains",
    "status": "what is committed, how old it is, and what is pending",
    "history": "every run, the newest first",
    "adopt": "take over what another machine committed",
    "diff": "list what changed between two snapshots",
    "scan": "list everything that one snapshot has",
    "explain": "why one path is on a list, or why not",
    "verify": "compare a list with its receipt, and with the cluster",
    "report": "a page to look at: what changed, where, and what it takes to archive it",
    "snapshot": "create, list, show and delete snapshots",
    "init": "set up a project: five questions, checked as they are answered",
    "doctor": "check everything that runs need, and say what to do about it",
    "projects": "check or show projects.toml",
    "completion": "print the completion of the shell: bash, zsh or fish",
}
"""What each sub-command does, in one line, in the order of ``--help``."""
