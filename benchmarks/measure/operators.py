"""One operator that is kept running as Kubernetes would keep it, and what it has used over all its lives."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections import deque
from pathlib import Path
from types import TracebackType

import aiohttp

from controlplane.plane import ControlPlane
from controlplane.processes import Process
from demo.stage import operator_port, start_operator
from measure.processes import cpu_seconds, peak_mb, resident_mb
from measure.waiting import until

_LOOK_SECONDS = 0.25
_STOP_SECONDS = 20.0
_LAST_WORDS = 600
"""Characters of the log of one that has ended by itself."""
_QUIET_SECONDS = 3.0
_QUIET_CPU = 0.05
"""Less of a core than this for `_QUIET_SECONDS` is the work of an operator that has nothing to do."""
_SCRAPE_SECONDS = 3.0
"""Seldom, as the answer counts all users."""
_SCRAPE_LIMIT = aiohttp.ClientTimeout(total=30)
"""A loop that is busy for longer answers nobody."""
_LISTENING = '"listening"'
_DIRECTORY = "cxone_operator_directory_age_seconds{"
"""Shown from the first complete reading of CXone's users on."""
_WRITES = re.compile(r"^cxone_operator_kubernetes_writes_total\{(.*)\} (\S+)$", re.MULTILINE)
_USERS, _SUCCESS = 'kind="cxoneusers"', 'code="200"'


class Operator:
    """A process that is started again when it ends by itself; use it in an `async with` statement."""

    def __init__(self, plane: ControlPlane, directory: Path, *options: str) -> None:
        self._plane = plane
        self._directory = directory
        self._options = options
        self._earlier_cpu = 0.0
        self._earlier_peak = 0.0
        self._keeping: asyncio.Task[None]
        self._samples: deque[tuple[float, float]] = deque()
        self.cpu = 0.0
        """Seconds of processor time, of all lives."""
        self.peak = 0.0
        """The most memory that it ever had, in MB."""
        self.ends = 0
        """How often it ended by itself; what loses its Lease does."""
        self.process: Process
        self.log: Path

    async def __aenter__(self) -> Operator:
        self._start()
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._keeping.cancel()
        self.process.stop(_STOP_SECONDS)

    @property
    def resident(self) -> float:
        """Its memory now, in MB."""
        return resident_mb(self.process.pid)

    async def until_synced(self) -> tuple[float, float]:
        """Wait until CXone's users have been read and nothing is left to do; when that was, and the CPU until then."""
        while _DIRECTORY not in await self._metrics():  # noqa: ASYNC110 (another process has no event to wait for)
            await asyncio.sleep(_SCRAPE_SECONDS)
        return await self.until_quiet()

    async def until_quiet(self) -> tuple[float, float]:
        """Wait until it has nothing to do; since when that is so, by the monotonic clock, and the CPU until then."""
        self._samples.clear()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._samples:
                continue
            (began, before), (ended, after) = self._samples[0], self._samples[-1]
            if ended - began >= _QUIET_SECONDS and after - before <= _QUIET_CPU * (ended - began):
                return began, before

    async def failed_writes(self) -> float:
        """Writes to CxoneUsers that it has counted as failed in this life; also those that never got anywhere."""
        found = [(labels, float(value)) for labels, value in _WRITES.findall(await self._metrics())]
        return sum(value for labels, value in found if _USERS in labels and _SUCCESS not in labels)

    async def _metrics(self) -> str:
        """What it says of itself."""
        # Asked for before it listens, its port would be waited for by the whole loop.
        await until(lambda: _LISTENING in self.log.read_text())
        url = f"http://127.0.0.1:{operator_port(self.log)}/metrics"
        async with aiohttp.ClientSession(timeout=_SCRAPE_LIMIT) as session, session.get(url) as answer:
            return await answer.text()

    def _start(self) -> None:
        self.log = self._directory / f"operator-{time.monotonic_ns()}.log"
        self.process = start_operator(self.log, self._plane.kubeconfig, *self._options)

    async def _keep(self) -> None:
        while True:
            if not self.process.alive:
                self._start_again()
            self._look()
            await asyncio.sleep(_LOOK_SECONDS)

    def _start_again(self) -> None:
        self.process.stop(0.0)
        self.ends += 1
        print(f"the operator has ended: {self.log.read_text()[-_LAST_WORDS:]}", file=sys.stderr, flush=True)
        self._earlier_cpu, self._earlier_peak = self.cpu, self.peak
        self._start()

    def _look(self) -> None:
        self.cpu = self._earlier_cpu + cpu_seconds(self.process.pid)
        self.peak = max(self._earlier_peak, peak_mb(self.process.pid))
        now = time.monotonic()
        self._samples.append((now, self.cpu))
        while now - self._samples[0][0] > _QUIET_SECONDS + _LOOK_SECONDS:
            self._samples.popleft()
