"""A world of its own: namespaces for processes, mounts and networks, and cgroups.

`enter` starts a program as the first of its process namespace. The kernel kills that first process when ours is gone,
and with it everybody in there; mounts, with all that was written there, and interfaces go when nobody is left who sees
them. So not even `kill -9` leaves any. Only the cgroups, and the folder of what is built outside, outlive their users:
their names are always the same for one checkout, and they are removed at the end and, if that was prevented, at the
next beginning.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from controlplane import processes
from controlplane.errors import ControlPlaneError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "e2e"
"""Where images are built."""
CGROUP = f"cxone-e2e-{hashlib.sha256(bytes(FOLDER)).hexdigest()[:8]}"
"""The cgroup above those of all pods."""
INSIDE = Path("/run/e2e")
"""Where in that world everything is that is written there: in memory, and with a short path, as sockets want it."""

_DYING_SECONDS = 10.0
_CGROUPS = Path("/sys/fs/cgroup")
_LAUNCHER = Path(processes.__file__).with_name("die_with_parent.py")
_NAMESPACES = ("--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc")
_KERNEL = {"vm/overcommit_memory": 1, "kernel/panic": 10, "kernel/panic_on_oops": 1}
"""What a kubelet sets, or else insists on."""
_FIRST = ("sh", "-c", '"$@"; exit $?', "init")
"""A shell as first process, since that one inherits all orphans and must see to them."""


def confined(command: Sequence[str], *namespaces: str) -> list[str]:
    """The command in namespaces for processes and mounts, and these: it and all that it starts ends with us."""
    unshare = shutil.which("unshare") or "unshare"
    follow = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())]
    return [*follow, unshare, *_NAMESPACES, *namespaces, "--", *command]


def enter(command: Sequence[str]) -> int:
    """Run the command in a world of its own; returns its exit code."""
    with subprocess.Popen(confined([*_FIRST, *command], "--net", "--ipc", "--uts")) as process:
        try:
            return _result(process)
        finally:
            _end(process)


@contextmanager
def alone() -> Iterator[None]:
    """The only run of this checkout; begins and ends with nothing left of it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER.with_name("e2e.lock")).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ControlPlaneError("It runs in this checkout already.", "Wait for it, or end it.") from None
        clear()
        try:
            yield
        finally:
            clear()


def furnish() -> None:
    """From inside: whatever is written to /run and /var stays in memory, and the kernel looks as kubelets want it.

    They insist on some settings of the whole machine, which are none of our business: they are shown them.
    """
    _mount("--types=tmpfs", "tmpfs", "/run")
    for name in ("above", "work"):
        (INSIDE / "var" / name).mkdir(parents=True)
    _mount(
        "--types=overlay",
        f"--options=lowerdir=/var,upperdir={INSIDE}/var/above,workdir={INSIDE}/var/work",
        "overlay",
        "/var",
    )
    for setting, value in _KERNEL.items():
        shown = INSIDE / "kernel" / setting
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text(f"{value}\n")
        _mount("--bind", str(shown), f"/proc/sys/{setting}")


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def clear() -> None:
    """Remove the folder's content and the cgroups."""
    for hierarchy in hierarchies():
        _remove_cgroup(hierarchy / CGROUP)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)


def hierarchies() -> list[Path]:
    """The trees of cgroups: one for each controller, or one for all (version 2)."""
    if (_CGROUPS / "cgroup.controllers").exists():
        return [_CGROUPS]
    return sorted(path for path in _CGROUPS.iterdir() if (path / "cgroup.procs").exists() and not path.is_symlink())


def _remove_cgroup(path: Path) -> None:
    """From the leaves up: its files need not be removed, but its children must. The last process may still be dying."""
    deadline = time.monotonic() + _DYING_SECONDS
    for folder, _, _ in os.walk(path, topdown=False):
        while not _removed(Path(folder)):
            if time.monotonic() > deadline:
                raise ControlPlaneError(
                    f"The cgroup {folder} is in use.", "End the processes that its cgroup.procs names."
                )
            time.sleep(0.1)


def _removed(cgroup: Path) -> bool:
    try:
        cgroup.rmdir()
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """By its child, the first in there: who waits for that one waits for everybody in its namespace."""
    if process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        for child in children.split():
            os.kill(int(child), signal.SIGKILL)
        process.wait()


def _result(process: subprocess.Popen[bytes]) -> int:
    """Ctrl-C is for both of us; the other one has more to say about it."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
