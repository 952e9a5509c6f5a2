"""Real programs that start at once: forked by a process that has loaded their modules.

What a program does is what it does if it is installed: its own code, in a process of its own, with
its own streams, arguments and environment. Different is how Python starts: take an installed
program where a test is about the process itself, the locale, or what Python does before ``main``.
"""

import atexit
import functools
import os
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import quick_server

REPOSITORY = Path(__file__).resolve().parents[1]

_COMMANDS = (
    "qumulo_changelist.cli.main:qumulo-changelist=main",
    "qumulo_changelist.cli.create_snap:qumulo_create_snap.py=main",
    "qumulo_changelist.cli.generate_changelist:qumulo_generate_changelist.py=main",
)
_LOADED_BY_COMMANDS = ("cli.commands", "cluster.rest", "operations.lists", "operations.project")


def quick_command(name: str) -> str:
    """Return the path of one of our own commands, such as ``qumulo-changelist``."""
    loaded = [
        module.name
        for package in _LOADED_BY_COMMANDS
        for module in pkgutil.walk_packages(
            [str(REPOSITORY / "src" / "qumulo_changelist" / package.replace(".", "/"))],
            f"qumulo_changelist.{package}.",
        )
    ]
    return str(quick_programs(sys.executable, *loaded, *_COMMANDS) / name)


@functools.cache
def quick_programs(python: str, *modules: str) -> Path:
    """Serve programs until this process ends; return the folder in which they are.

    Args:
        python: the Python that they belong to.
        modules: the modules to load; ``module:name=function`` is a program.
    """
    scratch = tempfile.TemporaryDirectory(prefix="quick-")
    folder = Path(scratch.name)
    address = str(folder / "server")
    server = subprocess.Popen(
        [python, quick_server.__file__, address, *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={"PATH": os.defpath},
    )

    @atexit.register
    def end() -> None:
        server.communicate()
        scratch.cleanup()

    assert server.stdout
    assert server.stdout.readline() == b"\n"
    text = quick_server.PROGRAM.format(python=sys.executable, address=address)
    for module in modules:
        _, _, named = module.partition(":")
        if named:
            program = folder / named.partition("=")[0]
            program.write_text(text)
            program.chmod(0o755)
    return folder
