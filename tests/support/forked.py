"""Processes by fork: what `demo.stage.installed` starts in a second and more is there in some milliseconds.

They are real processes, with a pid, a session, signals, an environment and a log of their own; `fork_server` says how.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.processes import Process, environment, start_time

_SCRIPT = Path(__file__).with_name("fork_server.py")
_POLL_SECONDS = 0.005
_MESSAGE_BYTES = 64
_SERVERS = 2
"""Used in turn, so that an operator and its successor hash strings differently, as two plain starts do."""


class ForkServer:
    """One server process, which ends with this one; any thread may ask it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # -P: the folder of the script is no place to import from.
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_SCRIPT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._socket = ours
        self._lock = threading.Lock()

    def ask(self, message: Mapping[str, Any], *descriptors: int) -> int | None:
        """One message and its answer."""
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(message).encode()], descriptors)
            answer = self._socket.recv(_MESSAGE_BYTES)
        if not answer:
            raise RuntimeError(f"the fork server ended with code {self._process.wait()}")
        found: int | None = json.loads(answer)
        return found

    def close(self) -> None:
        """End it, and with it all that it started."""
        self._socket.close()
        self._process.wait()


@dataclass(frozen=True, slots=True)
class ForkedChild:
    """What waits for the end of a child of the server; see `processes.Child`."""

    pid: int
    server: ForkServer

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended; the exit code, or the negative number of the signal that ended it."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.server.ask({"wait": self.pid})) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
            time.sleep(_POLL_SECONDS)
        return code


class Forked:
    """A `demo.stage.Starter`; its servers start with the first process that is wanted from each."""

    def __init__(self) -> None:
        self._servers: list[ForkServer] = []
        self._turns = itertools.count()
        self._lock = threading.Lock()

    def __call__(self, program: str, arguments: Sequence[str], log: Path, variables: Mapping[str, str]) -> Process:
        """Fork."""
        server = self._next()
        message = {
            "command": [str(Path(sys.executable).with_name(program)), *arguments],
            "environment": {**environment(), **variables},
            "directory": os.getcwd(),
        }
        with log.open("ab") as output:
            pid = server.ask(message, output.fileno())
        assert pid is not None
        return Process(program, pid, start_time(pid) or "", ForkedChild(pid, server))

    def close(self) -> None:
        """End the servers, and with them all that they started."""
        for server in self._servers:
            server.close()
        self._servers.clear()

    def _next(self) -> ForkServer:
        with self._lock:
            turn = next(self._turns) % _SERVERS
            if turn == len(self._servers):
                self._servers.append(ForkServer())
            return self._servers[turn]
