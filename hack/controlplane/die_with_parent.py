"""Become another program that the kernel kills as soon as the process that started it is gone.

Run as a script: PARENT_PID PROGRAM ARGUMENTS. The request survives the change of program, so that even `kill -9` of a
test run leaves nothing behind. A script of its own, instead of `preexec_fn`, is safe when the parent has threads. Only
Linux offers this; elsewhere the program just runs. The kernel watches the *thread* that started it, so start it from
one that lasts.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def follow(parent: int) -> None:
    """Ask for the signal, then make sure that the parent did not die just before."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)


def main(parent: int, command: list[str]) -> None:
    """Become the command."""
    follow(parent)
    os.execv(command[0], command)  # noqa: S606  (no shell is the point)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
