"""Replicas of one operator: processes on one Lease, and what each says of itself."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path

from controlplane.processes import Process
from demo.stage import operator_port, start_operator
from support.cxone import Company
from support.waiting import eventually

LEASE_SECONDS = 3


class Replica:
    """One operator process for the namespace of a company."""

    def __init__(self, company: Company, log: Path, *options: str) -> None:
        self.log = log
        company.logs.append(log)
        self.process: Process = start_operator(
            log,
            company.plane.kubeconfig,
            *("--namespace", company.namespace, "--lease-seconds", str(LEASE_SECONDS)),
            *options,
        )
        self._port = operator_port(log)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page of its site."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    @property
    def leads(self) -> bool:
        """It may act."""
        return "cxone_operator_leader 1.0" in self.get("metrics")[1]

    def signal(self, number: int) -> None:
        """Send its process a signal."""
        os.kill(self.process.pid, number)

    def until_leading(self, seconds: float = 20.0) -> None:
        """Wait until it may act."""
        eventually(lambda: self.leads, seconds, every=0.05)

    def until_standing_by(self) -> None:
        """Wait until it waits for the Lease."""
        eventually(lambda: "waiting_for_lease" in self.log.read_text())


class Replicas:
    """Starts replicas one after another, and ends all of them."""

    def __init__(self, company: Company, directory: Path) -> None:
        self._company = company
        self._directory = directory
        self.started: list[Replica] = []

    def __call__(self, *options: str) -> Replica:
        """One more."""
        log = self._directory / f"replica-{len(self.started) + 1}.log"
        self.started.append(Replica(self._company, log, *options))
        return self.started[-1]

    def end(self) -> None:
        """At once, whatever they do."""
        for replica in self.started:
            replica.process.stop(0.0)
