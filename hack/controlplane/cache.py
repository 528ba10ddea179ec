"""What is made once for this user and shared by all checkouts, and the lock that lets it be made only once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controlplane import progress


def root(name: str) -> Path:
    """Outside the work tree, so that cleaning a checkout costs no build."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "cxone-operator" / name


def missing(folder: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """Which of these programs the folder lacks."""
    return tuple(name for name in names if not os.access(folder / name, os.X_OK))


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """Only one process at a time fills the folder; the others wait and then find the work done."""
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"waiting for another process that makes {what} ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
