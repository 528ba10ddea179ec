"""The operator as a process: one for a test that is about the process, and one that many cases share."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from controlplane.plane import ControlPlane
from demo.stage import operator_port, start_operator
from support.daemon import Daemon
from support.kube import Kube
from support.waiting import eventually

LEASE_SECONDS = 5
"""So short that no test of a takeover waits for long; a busy machine may lose it, and nobody starts who has."""
BRIEF = ("--lease-seconds", str(LEASE_SECONDS))
"""For an operator whose successor must not wait for long, though nobody has handed over to it."""
_PATIENT = ("--lease-seconds", "30")
"""Whatever else the machine is busy with."""
_SHARED = 8
"""Namespaces of a shared operator; two watches for each of them must leave some of its 24 connections to writes."""


class Operator(Daemon):
    """The operator of some namespaces."""

    def __init__(self, kubeconfig: Path, directory: Path, *namespaces: str, name: str = "operator") -> None:
        super().__init__(directory, name)
        self._kubeconfig = kubeconfig
        self._watched = [word for namespace in namespaces for word in ("--namespace", namespace)]

    def start(self, *options: str, **environment: str) -> None:
        """Start it; returns at once."""
        mine = (*self._watched, *_PATIENT)
        self._process = start_operator(self._new_log(), self._kubeconfig, *mine, *options, environment=environment)

    @property
    def leads(self) -> bool:
        """It may act."""
        return self.metric("cxone_operator_leader") == 1

    def until_leading(self, seconds: float = 20.0) -> None:
        """Wait until it may act."""
        eventually(lambda: self.leads, seconds, every=0.05)

    def until_standing_by(self) -> None:
        """Wait until it waits for the Lease."""
        eventually(lambda: "waiting_for_lease" in self.text())

    def _site(self) -> int:
        return operator_port(self.logs[-1])


class SharedOperators:
    """Operators for cases that need only a tenant: one works for several namespaces, and each has one case."""

    def __init__(self, plane: ControlPlane, directory: Path) -> None:
        self._plane = plane
        self._directory = directory
        self._started: list[Operator] = []
        self._free: list[str] = []

    def next(self) -> tuple[Operator, str]:
        """An operator at work, and a namespace of its that nobody has used."""
        if not self._free or not self._started[-1].alive:
            self._start_another()
        return self._started[-1], self._free.pop()

    def end(self) -> None:
        """At once, whatever they do."""
        for operator in self._started:
            operator.end()

    def _start_another(self) -> None:
        """The one before may still work for a company of the same test."""
        for operator in self._started[:-1]:
            operator.end()
        kube = Kube.administrator(self._plane)
        self._free = [kube.new_namespace(f"shared-{uuid4().hex[:12]}") for _ in range(_SHARED)]
        name = f"operator-{len(self._started)}"
        self._started.append(Operator(self._plane.kubeconfig, self._directory, *self._free, name=name))
        self._started[-1].start()
