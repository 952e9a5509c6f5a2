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

_COMMANDS = {
    "qumulo-changelist": "qumulo_changelist.cli.main",
    "qumulo_create_snap.py": "qumulo_changelist.cli.create_snap",
    "qumulo_generate_changelist.py": "qumulo_changelist.cli.generate_changelist",
}
_LOADED_BY_COMMANDS = ("cli.commands", "cluster.rest", "operations.lists", "operations.project")


# With Dask, which takes a second to load.
_DASK = (
    *("distributed.cli.dask_scheduler", "distributed.cli.dask_worker"),
    *("qumulo_changelist.runners.dask", "dask.cli:dask=run_cli"),
)


def quick_command(name: str, *, with_dask: bool = False) -> str:
    """Return the path of one of our own commands, such as ``qumulo-changelist``.

    Args:
        name: its name.
        with_dask: whether ``dask`` is beside it, and has been loaded.
    """
    loaded = [
        module.name
        for package in _LOADED_BY_COMMANDS
        for module in pkgutil.walk_packages(
            [str(REPOSITORY / "src" / "qumulo_changelist" / package.replace(".", "/"))],
            f"qumulo_changelist.{package}.",
        )
    ]
    programs = [f"{module}:{program}=main" for program, module in _COMMANDS.items()]
    names = tuple(_COMMANDS)
    if with_dask:
        names, programs = (*names, "dask"), [*_DASK, *programs]
    return str(quick_programs(sys.executable, "quick_server", names, *loaded, *programs) / name)


@functools.cache
def quick_programs(python: str, server: str, names: tuple[str, ...], *arguments: str) -> Path:
    """Serve programs until this process ends; return the folder in which they are.

    Args:
        python: the Python that they belong to.
        server: the module that serves them; see :mod:`tests.quick_server`.
        names: the names of the programs.
        arguments: those of the server, after the address.
    """
    scratch = tempfile.TemporaryDirectory(prefix="quick-")
    folder = Path(scratch.name)
    address = str(folder / "server")
    process = subprocess.Popen(
        [python, "-m", f"tests.{server}", address, *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={"PATH": os.defpath},
    )

    @atexit.register
    def end() -> None:
        process.communicate()
        scratch.cleanup()

    assert process.stdout
    assert process.stdout.readline() == b"\n"
    text = quick_server.PROGRAM.format(python=sys.executable, address=address)
    for name in names:
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder
