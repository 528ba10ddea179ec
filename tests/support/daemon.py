"""One of our commands as a process that ends and is started again, and what can be learnt of it from outside."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from controlplane.processes import Process

_GRACE_SECONDS = 20.0
"""How long a cluster would wait for it to end, about."""


class Daemon:
    """What operator and bridge have in common: a log for each of their lives, and pages for machines."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._name = name
        self._process: Process | None = None
        self.logs: list[Path] = []
        """One for each life, the newest last."""

    @property
    def process(self) -> Process:
        """The newest one."""
        assert self._process is not None, f"{self._name} was never started"
        return self._process

    @property
    def alive(self) -> bool:
        """It was started, and has not ended."""
        return self._process is not None and self._process.alive

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def stop(self) -> None:
        """As a cluster would."""
        self.process.stop(_GRACE_SECONDS)

    def kill(self) -> None:
        """As a machine that loses power."""
        self.signal(signal.SIGKILL)
        self.end()

    def end(self) -> None:
        """At once, whatever it does, if it runs at all; for when its end is not the subject."""
        if self._process is not None:
            self._process.stop(0.0)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page for machines."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._site()}/{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def answers(self, path: str) -> bool:
        """It is there, and says 200."""
        try:
            return self.get(path)[0] == 200
        except OSError:
            return False

    def metrics(self) -> str:
        """What a scrape shows."""
        return self.get("metrics")[1]

    def metric(self, line: str) -> float:
        """The value of the metric whose line begins so; 0 where there is none."""
        lines = self.metrics().splitlines()
        return next((float(found.rpartition(" ")[2]) for found in lines if found.startswith(line)), 0.0)

    def text(self) -> str:
        """Everything that it has written in all its lives."""
        return "".join(log.read_text() for log in self.logs)

    def lines(self) -> list[dict[str, Any]]:
        """The same, line by line; audit lines are those with log=audit."""
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]

    def trail(self) -> list[dict[str, Any]]:
        """The audit lines."""
        return [line for line in self.lines() if line.get("log") == "audit"]

    def _new_log(self) -> Path:
        """Of the life that begins."""
        self.logs.append(self._directory / f"{self._name}-{len(self.logs) + 1}.log")
        return self.logs[-1]

    def _site(self) -> int:
        """The port of those pages."""
        raise NotImplementedError
