"""Starts programs without the time that their modules take to load: it forks for each start.

It is run by the Python that the programs belong to. Each start is of a small program,
:data:`PROGRAM`: its process stays until the fork ends, with its exit code or by the same signal,
and if it is killed, so is the fork. It serves until its standard input ends.
"""

import contextlib
import gc
import importlib
import io
import os
import select
import signal
import socket
import sys
from types import FrameType
from typing import Any

# `_socket` loads in a fifth of the time that `socket` takes.
PROGRAM = """\
#!{python} -IS
import _socket, os, sys
server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
server.connect({address!r})
names = [os.getcwdb(), b"%d" % len(sys.argv), *map(os.fsencode, sys.argv)]
names += [b"%s=%s" % item for item in os.environb.items()]
job = b"\\0".join(names)
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
server.sendmsg([b"%20d" % len(job)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
while job:
    job = job[server.send(job):]
code = int(server.recv(4) or 70)
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
"""


class _Forks:
    """The forks that run."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._running: dict[socket.socket, int] = {}
        self._woken, waker = os.pipe()
        for end in (self._woken, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, _wake)

    def serve(self) -> list[bytes]:
        """Serve until standard input ends; return, in each fork, what it is to become."""
        while True:
            watched: list[Any] = [0, self._woken, self._listener, *self._running]
            ready, _, _ = select.select(watched, [], [])
            if 0 in ready:
                os._exit(0)
            for program in self._running.keys() & set(ready):
                os.kill(self._running[program], signal.SIGKILL)
            if self._woken in ready:
                os.read(self._woken, 1000)
            self._report_ends()
            if self._listener in ready and (job := self._start()):
                return job

    def _start(self) -> list[bytes]:
        program, _ = self._listener.accept()
        size, streams, _, _ = socket.recv_fds(program, 20, 3)
        with program.makefile("rb") as stream:
            job = stream.read(int(size or 0))
        if not size or len(job) < int(size):  # it was killed
            program.close()
            return []
        child = os.fork()
        if not child:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, descriptor in enumerate(streams):
                os.dup2(descriptor, number)
            os.closerange(3, 4096)
            return job.split(b"\0")
        self._running[program] = child
        for descriptor in streams:
            os.close(descriptor)
        return []

    def _report_ends(self) -> None:
        for program, child in list(self._running.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                del self._running[program]
                with program, contextlib.suppress(BrokenPipeError):  # it was killed
                    program.send(b"%d" % os.waitstatus_to_exitcode(status))


def _wake(_number: int, _frame: FrameType | None) -> None:
    pass  # the signal has written to the pipe


def _become(job: list[bytes]) -> None:
    """Take over the folder, the arguments and the environment of a program."""
    folder, count, *names = job
    os.chdir(folder)
    sys.argv = [os.fsdecode(name) for name in names[: int(count)]]
    os.environb.clear()
    for name in names[int(count) :]:
        key, _, value = name.partition(b"=")
        os.environb[key] = value
    if encoding := os.environ.get("PYTHONIOENCODING"):
        encoding, _, errors = encoding.partition(":")
        for stream in (sys.stdin, sys.stdout):
            assert isinstance(stream, io.TextIOWrapper)
            stream.reconfigure(encoding=encoding, errors=errors or "strict")


def serve(address: str, modules: list[str]) -> None:
    """Serve programs.

    Args:
        address: of the socket.
        modules: the modules to load; ``module:name=function`` is a program.
    """
    programs = {}
    for module in modules:
        module, _, named = module.partition(":")
        loaded = importlib.import_module(module)
        if named:
            name, _, function = named.partition("=")
            programs[name] = getattr(loaded, function)
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(128)
        print(flush=True)
        job = _Forks(listener).serve()
        listener.detach()
    _become(job)
    sys.exit(programs[os.path.basename(sys.argv[0])]())


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
