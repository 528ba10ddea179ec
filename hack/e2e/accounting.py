"""What the kernel has charged to a container: the figure that its limit is held against.

It keeps the most that this ever was, so nobody has to look at the right moment, but it forgets a container that is
gone. Page cache is charged, too, though it is given back before anybody is killed; so both are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from e2e.world import CGROUP, hierarchies

_PEAKS = ("memory.max_usage_in_bytes", "memory.peak")
_LIMITS = ("memory.limit_in_bytes", "memory.max")
"""By the version of cgroups."""
_PAGE_CACHE = ("active_file", "inactive_file")
"""Pages of files that are not shared memory."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one container, in bytes."""

    peak: int
    """The most that was ever charged, page cache included."""
    page_cache: int
    """How much of what is charged now is page cache."""
    limit: int


def memory(container: str) -> Memory:
    """Of the running container with that identity."""
    (cgroup,) = [folder for hierarchy in hierarchies() for folder in _cgroups(hierarchy, container)]
    statistics = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
    cache = sum(int(statistics[name]) for name in _PAGE_CACHE)
    return Memory(_read(cgroup, _PEAKS), cache, _read(cgroup, _LIMITS))


def killed_for_memory() -> int:
    """How many processes the kernel has killed so far, on the whole machine; it forgets none with its container."""
    counters = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
    return int(counters["oom_kill"])


def _cgroups(hierarchy: Path, container: str) -> list[Path]:
    found = (hierarchy / CGROUP).rglob(container)
    return [folder for folder in found if any((folder / name).exists() for name in _PEAKS)]


def _read(cgroup: Path, names: tuple[str, ...]) -> int:
    (value,) = [(cgroup / name).read_text() for name in names if (cgroup / name).exists()]
    return int(value)
