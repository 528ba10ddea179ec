"""The stage: three processes that start in order and end together, whatever happens."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from controlplane.plane import ControlPlane
from demo.view import Simulator

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 30.0


class StageError(Exception):
    """A process did not come up; the message says which and where its log is."""


class Stage:
    """Control plane, simulator and operator; use it in a `with` statement."""

    def __init__(
        self, directory: Path, *, seats: int, requests_per_minute: int = 100, job_seconds: float = 1.0
    ) -> None:
        self.directory = directory
        self.secret = secrets.token_urlsafe(16)
        self._simulator_options = [
            *("--seats", str(seats)),
            *("--requests-per-minute", str(requests_per_minute)),
            *("--job-seconds", str(job_seconds)),
        ]
        self._children: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Stage:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.plane = ControlPlane.start(self.directory / "control-plane", crds=ROOT / "crds")
        try:
            self.simulator = self._start_simulator()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    @property
    def operator_log(self) -> Path:
        """What the operator logged."""
        return self.directory / "operator.log"

    @property
    def operator_pid(self) -> int:
        """The newest operator process."""
        return self._children[-1].pid

    def start_operator(self, *options: str) -> None:
        """Start the operator; its log goes to operator.log, its audit lines to audit.log."""
        environment = {**os.environ, "KUBECONFIG": str(self.plane.kubeconfig)}
        command = ["cxone-operator", "run", "--listen", "127.0.0.1:0", "--log-format", "json", *options]
        self._start(command, self.operator_log, self.directory / "audit.log", environment)

    def stop_operator(self) -> int:
        """Stop the newest operator as a cluster would; its exit code."""
        child = self._children.pop()
        return _stop(child)

    def _start_simulator(self) -> Simulator:
        ready = self.directory / "simulator.ready"
        ready.unlink(missing_ok=True)
        log = self.directory / "simulator.log"
        environment = {**os.environ, "CXONE_SIMULATOR_CLIENT_SECRET": self.secret}
        options = ["--listen", "127.0.0.1:0", "--ready-file", str(ready), *self._simulator_options]
        self._start(["cxone-simulator", *options], log, log, environment)
        deadline = time.monotonic() + _START_SECONDS
        while not (ready.exists() and ready.read_text().strip()):
            if self._children[-1].poll() is not None or time.monotonic() > deadline:
                raise StageError(f"the simulator did not start; its log is {log}")
            time.sleep(0.05)
        return Simulator(ready.read_text().strip())

    def _start(self, command: list[str], log: Path, output: Path, environment: dict[str, str]) -> None:
        executable = Path(sys.executable).with_name(command[0])
        with log.open("ab") as errors, output.open("ab") as lines:
            child = subprocess.Popen(
                [str(executable), *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )
        self._children.append(child)

    def _end(self) -> None:
        while self._children:
            _stop(self._children.pop())
        self.plane.stop()


def _stop(child: subprocess.Popen[bytes]) -> int:
    child.terminate()
    try:
        return child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
