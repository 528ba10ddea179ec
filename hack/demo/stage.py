"""The stage: processes that start in order and end together, whatever happens. Tests start theirs with it, too."""

from __future__ import annotations

import base64
import json
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from controlplane.plane import ControlPlane
from controlplane.processes import Process, spawn
from demo.scenario import NAMESPACE
from demo.view import Simulator

ROOT = Path(__file__).resolve().parents[2]
CLIENT_ID = "demo"
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_LOGGING = ("--log-format", "json")


class StageError(Exception):
    """A process did not come up; the message says which and where its log is."""


class Starter(Protocol):
    """Makes a process of a program of ours: it ends with us, writes to `log`, and has `variables` besides ours."""

    def __call__(self, program: str, arguments: Sequence[str], log: Path, variables: Mapping[str, str]) -> Process:
        """Returns as soon as the process exists."""


def installed(program: str, arguments: Sequence[str], log: Path, variables: Mapping[str, str]) -> Process:
    """The command, as `make install` leaves it."""
    executable = Path(sys.executable).with_name(program)
    setting = [f"{key}={value}" for key, value in variables.items()]
    return spawn(program, ["/usr/bin/env", *setting, str(executable), *arguments], log, die_with_parent=True)


starter: Starter = installed
"""How everything here is started. Tests have thousands of processes to start, and put something faster here."""


def start_simulator(directory: Path, secret: str, *options: str) -> tuple[Process, Simulator]:
    """A CXone tenant on a free port; returns when it listens."""
    ready, log = directory / "simulator.ready", directory / "simulator.log"
    ready.unlink(missing_ok=True)
    listen = ("--listen", "127.0.0.1:0", "--ready-file", str(ready), "--client-id", CLIENT_ID)
    process = starter("cxone-simulator", [*listen, *options], log, {"CXONE_SIMULATOR_CLIENT_SECRET": secret})
    try:
        _until(process, log, lambda: ready.exists() and ready.read_text().endswith("\n"))
    except StageError:
        process.stop()
        raise
    return process, Simulator(ready.read_text().strip())


def start_operator(log: Path, kubeconfig: Path, *options: str, environment: Mapping[str, str] | None = None) -> Process:
    """The operator on a free port; what it logs, audit lines included, goes to `log`."""
    variables = {"KUBECONFIG": str(kubeconfig), **(environment or {})}
    return starter("cxone-operator", ["run", "--listen", "127.0.0.1:0", *_LOGGING, *options], log, variables)


def start_bridge(log: Path, kubeconfig: Path, *options: str) -> Process:
    """The HR bridge on free ports, or where the options say; what it logs, audit lines included, goes to `log`."""
    listen = ("--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0")
    variables = {"KUBECONFIG": str(kubeconfig)}
    return starter("cxone-operator", ["bridge", *listen, *_LOGGING, *options], log, variables)


def operator_port(log: Path) -> int:
    """Where the operator of that log serves its metrics; waits until it does."""
    return _logged(log, "listening", "port")


def bridge_ports(log: Path) -> tuple[int, int]:
    """Where the bridge of that log takes events, and where it serves its metrics; waits until it does."""
    return _logged(log, "bridge_listening", "port"), _logged(log, "bridge_listening", "health_port")


def _logged(log: Path, event: str, field: str) -> int:
    """The field of the newest such event; waits for the first."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        lines = [json.loads(line) for line in log.read_text().splitlines() if f'"{event}"' in line]
        if lines:
            return int(lines[-1][field])
        time.sleep(0.05)
    raise StageError(f"no {event!r} came; the log is {log}:\n{log.read_text()[-2000:]}")


class Stage:
    """Control plane, simulator and operator; use it in a `with` statement."""

    def __init__(self, directory: Path, *simulator_options: str) -> None:
        self.directory = directory
        self.secret = secrets.token_urlsafe(16)
        self.bridge_url = ""
        self._simulator_options = simulator_options
        self._processes: list[Process] = []

    def __enter__(self) -> Stage:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.plane = ControlPlane.start(self.directory / "control-plane", crds=ROOT / "crds")
        try:
            process, self.simulator = start_simulator(self.directory, self.secret, *self._simulator_options)
        except BaseException:
            self.plane.stop()
            raise
        self._processes.append(process)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._processes:
            self._processes.pop().stop(_STOP_SECONDS)
        self.plane.stop()

    @property
    def operator_log(self) -> Path:
        """What the operator wrote."""
        return self.directory / "operator.log"

    def start_operator(self, *options: str) -> Process:
        """Start the operator."""
        process = start_operator(self.operator_log, self.plane.kubeconfig, *options)
        self._processes.append(process)
        return process

    def start_bridge(self) -> Process:
        """Start the HR bridge of the namespace; returns when it listens."""
        self.hr_secret.write_text(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
        log = self.directory / "bridge.log"
        process = start_bridge(
            log, self.plane.kubeconfig, "--namespace", NAMESPACE, "--secret-file", str(self.hr_secret)
        )
        self._processes.append(process)
        self.bridge_url = f"http://127.0.0.1:{bridge_ports(log)[0]}"
        return process

    @property
    def hr_secret(self) -> Path:
        """What the HR system signs with."""
        return self.directory / "hr.secret"


def _until(process: Process, log: Path, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        if not process.alive or time.monotonic() > deadline:
            raise StageError(f"{process.name} did not start; its log is {log}:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
