"""One world: a namespace, a simulated CXone, two proxies, and an operator that is started again whenever it dies."""

from __future__ import annotations

import json
import os
import secrets
import signal
import ssl
import threading
import time
from pathlib import Path
from typing import Any

from chaos.processes.proxy import Fault, Proxy
from chaos.processes.steps import CXONE, KUBERNETES
from controlplane.plane import ControlPlane
from controlplane.processes import Process
from demo.stage import CLIENT_ID, start_operator, start_simulator
from support.kube import Kube
from support.resources import tenant
from support.secrecy import leaks

LEASE_SECONDS = 5
_ACCESS_KEY = {"accessKeyId": "demo-key", "accessKeySecret": "demo-key-secret"}
"""Of User Hub's simulator; nobody else looks for it."""
_TENANT: dict[str, Any] = {
    "rateLimit": {"requestsPerMinute": 100000},
    "syncPeriodSeconds": 30,
    "bulk": {"minOperations": 2, "jobTimeoutSeconds": 10},
    "safety": {"deprovisioning": {"maxPercent": 100, "maxUsers": 100000, "minUsers": 1000}},
}


class World:
    """Everything of one schedule."""

    def __init__(
        self,
        plane: ControlPlane,
        namespace: str,
        directory: Path,
        *,
        seats: int = 50,
        job_seconds: float = 0.3,
        preset: str = "Platform",
        **spec: Any,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.namespace = namespace
        self.seats = seats
        self.kube = Kube(plane.url, plane.token, plane.certificate)
        self.kube.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}).accepted()
        secret = secrets.token_urlsafe(16)
        self._secrets = (secret, plane.token)
        self.preset = preset
        options = ("--preset", preset, "--requests-per-minute", "0", "--job-seconds", str(job_seconds))
        self._simulator_process, self.simulator = start_simulator(directory, secret, *options, "--seats", str(seats))
        tls = ssl.create_default_context(cafile=str(plane.certificate))
        self.cluster_proxy = Proxy(plane.url, KUBERNETES, self._hurt, self.sender, tls)
        self.cxone_proxy = Proxy(self.simulator.url, CXONE, self._hurt, self.sender)
        self.logs: list[Path] = []
        self.operators: list[Process] = []
        self.deaths = 0
        self._closing = False
        self._lock = threading.Lock()
        self._kubeconfig = self._write_kubeconfig(plane.token)
        self._create_tenant(secret, spec)

    @property
    def proxies(self) -> tuple[Proxy, Proxy]:
        """Both."""
        return self.cluster_proxy, self.cxone_proxy

    @property
    def operator(self) -> Process:
        """The newest operator."""
        return self.operators[-1]

    def order(self, fault: Fault) -> Fault:
        """Let it happen."""
        proxy = self.cluster_proxy if fault.step in KUBERNETES else self.cxone_proxy
        proxy.faults.append(fault)
        return fault

    @property
    def expects_faults(self) -> bool:
        """Something that was ordered has not happened yet."""
        return not all(fault.struck for proxy in self.proxies for fault in proxy.faults)

    def start(self) -> None:
        """Start one more operator."""
        with self._lock:
            if not self._closing:
                self.logs.append(self.directory / f"operator-{len(self.logs) + 1}.log")
                options = ("--namespace", self.namespace, "--lease-seconds", str(LEASE_SECONDS))
                self.operators.append(start_operator(self.logs[-1], self._kubeconfig, *options))

    def keep_running(self) -> None:
        """Start another one if it has ended, as a cluster does."""
        if not self.operator.alive:
            self.start()

    def kill(self) -> None:
        """kill -9, and the next one starts."""
        self.deaths += 1
        _signal(self.operator, signal.SIGKILL)
        self.start()

    def close(self) -> None:
        """End everything."""
        with self._lock:
            self._closing = True
        for operator in self.operators:
            operator.stop(0.0)
        self._simulator_process.stop(0.0)
        for proxy in self.proxies:
            proxy.close()
        assert leaks(self.logs, self._secrets, CLIENT_ID) == []

    def users(self) -> list[dict[str, Any]]:
        """All CxoneUsers."""
        path = f"/apis/cxone.dev/v1alpha1/namespaces/{self.namespace}/cxoneusers"
        found: list[dict[str, Any]] = self.kube.request("GET", path).accepted()["items"]
        return found

    def remote_users(self) -> list[dict[str, Any]]:
        """All users in CXone."""
        found: list[dict[str, Any]] = self.simulator.get("users")["users"]
        return found

    def journal(self) -> list[dict[str, Any]]:
        """All effects in CXone."""
        found: list[dict[str, Any]] = self.simulator.get("journal")["entries"]
        return found

    def calm(self) -> None:
        """No more faults."""
        for proxy in self.proxies:
            proxy.faults.clear()
        self.simulator.send("DELETE", "faults", {})

    def sender(self, port: int, to: int) -> int:
        """Which operator has a connection open from that port to that one; the newest where there is no doubt."""
        alive = [number for number, operator in enumerate(self.operators) if operator.alive]
        if len(alive) > 1:
            inode = _inode(port, to)
            for number in alive:
                if inode in _sockets(self.operators[number].pid):
                    return number
        return alive[-1] if alive else len(self.operators) - 1

    def _hurt(self, fault: Fault) -> None:
        """A proxy strikes at the process. A frozen one gets a successor, and wakes up when that one acts."""
        if fault.action == "kill":
            self.kill()
            return
        victim = self.operator
        _signal(victim, signal.SIGSTOP)
        self.start()
        time.sleep(fault.seconds)
        _signal(victim, signal.SIGCONT)

    def _create_tenant(self, secret: str, spec: dict[str, Any]) -> None:
        body = {
            "metadata": {"name": "cxone-credentials"},
            "stringData": {"clientId": CLIENT_ID, "clientSecret": secret, **_ACCESS_KEY},
        }
        self.kube.request("POST", f"/api/v1/namespaces/{self.namespace}/secrets", body).accepted()
        api = {"preset": self.preset, "discovery": False}  # which would name the simulator, and not its proxy
        declared = {**_TENANT, "api": api, **spec, "baseURL": self.cxone_proxy.url}
        self.kube.create(tenant(self.namespace, **declared)).accepted()

    def _write_kubeconfig(self, token: str) -> Path:
        """To the proxy, in plain HTTP."""
        path = self.directory / "kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "chaos",
            "clusters": [{"name": "chaos", "cluster": {"server": self.cluster_proxy.url}}],
            "users": [{"name": "chaos", "user": {"token": token}}],
            "contexts": [{"name": "chaos", "context": {"cluster": "chaos", "user": "chaos"}}],
        }
        path.write_text(json.dumps(config))
        return path


def _inode(port: int, to: int) -> str:
    """The socket between these ports (proc_pid_net(5)); one port may be the local one of many connections."""
    wanted = (f":{port:04X}", f":{to:04X}")
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(wanted[0]) and fields[2].endswith(wanted[1]):
            return f"socket:[{fields[9]}]"
    return ""


def _sockets(pid: int) -> set[str]:
    folder = Path(f"/proc/{pid}/fd")
    found = set()
    for name in os.listdir(folder) if folder.exists() else ():
        try:
            found.add(os.readlink(folder / name))
        except OSError:
            continue
    return found


def _signal(process: Process, number: signal.Signals) -> None:
    if process.alive:
        os.kill(process.pid, number)
