"""Processes that can be found again, and that are ended only if they still are who they were.

A pid alone is no identity, as the system uses it again; together with the time when the process started it is one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.02
_LAUNCHER = Path(__file__).with_name("die_with_parent.py")


class Child(Protocol):
    """What whoever started a process waits for; `subprocess.Popen` is one."""

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended; the exit code, or the negative number of the signal that ended it."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process that was started."""

    name: str
    pid: int
    started: str
    """When the process started, in the words of the system; compared, never read."""
    child: Child | None = field(default=None, compare=False, repr=False)
    """Set where it was started, and where the end must be waited for: without that it stays as a zombie."""

    @property
    def alive(self) -> bool:
        """The process still runs, and it is not another one with the same pid."""
        return start_time(self.pid) == self.started

    def stop(self, grace_seconds: float = _GRACE_SECONDS) -> None:
        """Ask it to end, and end it if it does not."""
        if self.alive:
            self._signal(signal.SIGTERM)
            if not self._ends_within(grace_seconds):
                self._signal(signal.SIGKILL)
                self._ends_within(grace_seconds)
        if self.child is not None:
            self.child.wait()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True


def spawn(name: str, command: Sequence[str], log: Path, *, die_with_parent: bool) -> Process:
    """Start a process in its own session, so that Ctrl-C in the terminal is not for it."""
    if die_with_parent:
        command = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *command]
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            start_new_session=True,
        )
    return Process(name, child.pid, start_time(child.pid) or "", child)


def start_time(pid: int) -> str | None:
    """When the process with that pid started; None if there is none that still runs."""
    if Path("/proc/self/stat").exists():
        return _start_time_linux(pid)
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, env={"LC_ALL": "C"}
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()


def _start_time_linux(pid: int) -> str | None:
    """proc_pid_stat(5): the state is field 3 and the start field 22; the name before them may hold anything."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def environment() -> dict[str, str]:
    """What a process gets: ours without ETCD_*, which etcd takes for its own settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ETCD_")}


def collect_garbage_seldom() -> None:
    """Servers in Go that are started from now on: 10 % less CPU of an API server (measured), for memory."""
    os.environ.setdefault("GOGC", "400")
