"""A fork server: imports the operator and the simulator once, and becomes one of them whenever it is told to.

Run as a script: DESCRIPTOR of a socket. Each message on it asks for one thing and gets one answer: `start` forks, and
answers the pid; `wait` answers the exit code of a pid, None while it runs. When the other end of the socket is gone,
however it went, the server ends, and the kernel ends its children.

A child leaves the loop of the server and then does what the console script does, up to the interpreter's own end. So
exit codes, last words and the order of an end are those of a plain start. What a plain start would have different must
be made different here: see `_become`. There is one thread and no event loop before a fork, so that nothing is copied
in the middle of something.

All children of one server hash strings alike, which those of a plain start do not.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
from importlib.metadata import distribution
from types import FrameType
from typing import Any

_DISTRIBUTION = "cxone-operator"
_PACKAGES = ("cxone_operator", "cxone_simulator")
_PR_SET_PDEATHSIG = 1
_MESSAGE_BYTES = 2**20
"""More than an environment and a command line may have together on Linux by default in a test."""


class Server:
    """Forks on request, and keeps the exit codes of its children."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._pid = os.getpid()
        self._codes: dict[int, int] = {}
        signal.signal(signal.SIGCHLD, self._reap)

    def serve(self) -> dict[str, Any] | None:
        """Until the other end is gone: None in the server, and in each child what it is to become."""
        while True:
            message, descriptors, _, _ = socket.recv_fds(self._requests, _MESSAGE_BYTES, 1)
            if not message:
                return None
            asked = json.loads(message)
            if "wait" in asked:
                self._answer(self._codes.get(asked["wait"]))
            elif self._fork():
                os.close(descriptors[0])
            else:
                self._become(asked, descriptors[0])
                return dict(asked)

    def _fork(self) -> int:
        """A signal waits until the pid is known as that of the new child: pids are used again."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if pid:
            self._codes.pop(pid, None)
            self._answer(pid)
        else:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return pid

    def _answer(self, value: int | None) -> None:
        self._requests.send(json.dumps(value).encode())

    def _reap(self, _number: int, _frame: FrameType | None) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._codes[pid] = os.waitstatus_to_exitcode(status)

    def _become(self, asked: dict[str, Any], log: int) -> None:
        """In the child: a session, a death with the parent, an output, an environment and arguments of its own."""
        os.setsid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self._pid:
            os._exit(1)
        self._requests.close()
        for descriptor in (1, 2):
            os.dup2(log, descriptor)
        os.close(log)
        os.chdir(asked["directory"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv[:] = asked["command"]


def _import_all() -> None:
    """All modules, also those that are imported where they are used only."""
    for package in map(importlib.import_module, _PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__"):
                importlib.import_module(module.name)


def main() -> None:
    """In the server: serve. In a child: do what the console script of that name does."""
    scripts = {script.name: script for script in distribution(_DISTRIBUTION).entry_points}
    entries = {name: script.load() for name, script in scripts.items() if script.group == "console_scripts"}
    _import_all()
    gc.collect()
    gc.freeze()
    asked = Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    if asked is not None:
        sys.exit(entries[os.path.basename(asked["command"][0])]())


if __name__ == "__main__":
    main()
