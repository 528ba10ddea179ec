"""What runs in a folder: written as each process starts, so that `stop` can end even what a crash left half-way."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from controlplane.errors import ControlPlaneError
from controlplane.processes import Process


def save(path: Path, url: str, processes: Iterable[Process]) -> None:
    """Replace the record at once, so that nobody ever reads half of it."""
    entries = [{"name": process.name, "pid": process.pid, "started": process.started} for process in processes]
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(json.dumps({"url": url, "processes": entries}, indent=2) + "\n")
    unfinished.replace(path)


def load(path: Path) -> tuple[str, tuple[Process, ...]]:
    """The URL and the processes in the order of their start; nothing where nothing was started."""
    if not path.exists():
        return "", ()
    try:
        content = json.loads(path.read_text())
        entries = content["processes"]
        return content["url"], tuple(Process(entry["name"], entry["pid"], entry["started"]) for entry in entries)
    except (ValueError, KeyError, TypeError) as error:
        raise ControlPlaneError(
            f"{path} is damaged.", "Look for etcd and kube-apiserver with ps, end them, and remove the file."
        ) from error


def stop(path: Path) -> int:
    """End what the record names, the newest first, and forget it; returns how many still ran."""
    running = 0
    for process in reversed(load(path)[1]):
        running += process.alive
        process.stop()
    path.unlink(missing_ok=True)
    return running
