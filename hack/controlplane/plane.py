"""One control plane: etcd and kube-apiserver, started on free ports with fresh state, and stopped without a trace."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from controlplane import binaries, credentials, servers, state
from controlplane.binaries import Binaries
from controlplane.errors import ControlPlaneError
from controlplane.processes import Process, spawn
from controlplane.servers import Files

_START_SECONDS = 60.0
_POLL_SECONDS = 0.05
_ATTEMPTS = 3
_LINES_OF_LOG = 15
CONTROLLERS = ("namespace-controller", "garbage-collector-controller")
"""What makes the deletion of namespaces, and of what resources own, come to an end."""


class ControlPlane:
    """A running control plane in a folder of its own. Use `ControlPlane.start(...)`, best in a `with` statement."""

    def __init__(self, directory: Path, found: Binaries, *, die_with_parent: bool) -> None:
        self.files = Files(directory)
        self.binaries = found
        self.url = ""
        self.token = ""
        self._die_with_parent = die_with_parent
        self._processes: list[Process] = []

    @classmethod
    def start(
        cls, directory: Path, *, crds: Path | None = None, audit: bool = True, die_with_parent: bool = True
    ) -> ControlPlane:
        """Start with fresh state; returns when requests are answered and every CRD of the folder is established.

        With `die_with_parent` the servers never outlive this process. When the start fails, nothing is left running.
        """
        plane = cls(directory.resolve(), binaries.locate(), die_with_parent=die_with_parent)
        try:
            plane._start_on_free_ports(audit=audit)
            if crds is not None:
                plane.apply_crds(crds)
        except BaseException:
            plane.stop()
            raise
        return plane

    @classmethod
    def running(cls, directory: Path) -> ControlPlane:
        """The one that somebody else has started in that folder; to stop it is their business, too."""
        plane = cls(directory.resolve(), binaries.locate(), die_with_parent=False)
        plane.url = state.load(plane.files.state)[0]
        plane.token = credentials.read_administrator(plane.files.tokens)
        return plane

    def __enter__(self) -> ControlPlane:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def kubeconfig(self) -> Path:
        """How clients connect, as the administrator."""
        return self.files.kubeconfig

    @property
    def certificate(self) -> Path:
        """What clients that read no kubeconfig verify the server with."""
        return self.files.certificate

    @property
    def audit_log(self) -> Path:
        """One JSON object for each write (audit.k8s.io/v1 Event)."""
        return self.files.audit_log

    @property
    def processes(self) -> tuple[Process, ...]:
        """What was started, in that order."""
        return tuple(self._processes)

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002  (as subprocess.run names it)
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator; a failure is an error unless `check` is False."""
        command = [
            str(self.binaries.kubectl),
            f"--kubeconfig={self.kubeconfig}",
            f"--cache-dir={self.files.run / 'kubectl-cache'}",
            *arguments,
        ]
        answer = subprocess.run(command, input=input, capture_output=True, text=True, check=False)
        if check and answer.returncode != 0:
            raise ControlPlaneError(f"kubectl {' '.join(arguments)} failed.", answer.stderr.strip())
        return answer

    def apply_crds(self, folder: Path) -> None:
        """Apply the manifests of the folder, and wait until the API server serves them."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(folder))
        self.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(folder))
        shutil.rmtree(self.files.run / "kubectl-cache", ignore_errors=True)  # it was filled before the kinds existed

    def start_controllers(self, names: tuple[str, ...] = CONTROLLERS) -> None:
        """Run these controllers of Kubernetes too; the first use on a machine builds them, which takes a minute."""
        command = servers.controller_manager(binaries.locate_controller_manager(), self.files, names)
        self._spawn(binaries.CONTROLLER_MANAGER, command)

    def stop(self) -> None:
        """The newest first: with etcd gone, kube-apiserver can hold its port for minutes."""
        while self._processes:
            self._processes[-1].stop()
            self._processes.pop()
            state.save(self.files.state, self.url, self._processes)

    def _start_on_free_ports(self, *, audit: bool) -> None:
        """A port that was free can be taken before its server gets to it, so there are a few attempts."""
        for _ in range(_ATTEMPTS - 1):
            try:
                self._start_servers(audit=audit)
            except ControlPlaneError as error:
                if "address already in use" not in str(error):
                    raise
                self.stop()
            else:
                return
        self._start_servers(audit=audit)

    def _start_servers(self, *, audit: bool) -> None:
        self._prepare()
        etcd_port, port = _free_ports(2)
        self.url = f"https://127.0.0.1:{port}"
        self._spawn("etcd", servers.etcd(self.binaries, self.files, etcd_port))
        self._spawn("kube-apiserver", servers.apiserver(self.binaries, self.files, port, etcd_port, audit=audit))
        self._until(self.files.certificate.exists)
        self._until(self._ready)
        credentials.write_kubeconfig(self.kubeconfig, self.url, self.token, self.certificate)
        _link(self.files.directory / "bin" / "kubectl", self.binaries.kubectl)

    def _prepare(self) -> None:
        if any(process.alive for process in state.load(self.files.state)[1]):
            raise ControlPlaneError(
                f"A control plane runs in {self.files.directory} already.", "Stop it first, or choose another folder."
            )
        try:
            shutil.rmtree(self.files.run, ignore_errors=True)
            self.files.run.mkdir(parents=True, mode=0o700)
        except OSError as error:
            raise ControlPlaneError(
                f"Cannot use the folder {self.files.directory}: {error.strerror}.", "Choose one that is yours."
            ) from error
        credentials.write_service_account_key(self.files.service_account_key)
        self.token = credentials.write_administrator(self.files.tokens)

    def _spawn(self, name: str, command: list[str]) -> None:
        process = spawn(name, command, self.files.log(name), die_with_parent=self._die_with_parent)
        self._processes.append(process)
        state.save(self.files.state, self.url, self._processes)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not condition():
            self._check_alive()
            if time.monotonic() > deadline:
                raise self._failure("kube-apiserver", f"was not ready within {_START_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)

    def _check_alive(self) -> None:
        for process in self._processes:
            if not process.alive:
                raise self._failure(process.name, "ended while it was starting")

    def _failure(self, name: str, what: str) -> ControlPlaneError:
        log = self.files.log(name)
        end = "\n".join(f"  {line}" for line in log.read_text(errors="replace").splitlines()[-_LINES_OF_LOG:])
        return ControlPlaneError(f"{name} {what}. The end of its log:\n{end}", f"The whole log is {log}.")

    def _ready(self) -> bool:
        request = urllib.request.Request(f"{self.url}/readyz", headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310
        try:
            context = ssl.create_default_context(cafile=str(self.certificate))
            with urllib.request.urlopen(request, timeout=5, context=context) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, ssl.SSLError):
            return False


def _free_ports(count: int) -> list[int]:
    """Held all at once, so that they differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [server.getsockname()[1] for server in held]
    finally:
        for server in held:
            server.close()


def _link(path: Path, target: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
