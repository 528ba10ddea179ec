"""The HR bridge as a process, and an HR system that signs and sends."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import ssl
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controlplane.processes import Process
from cxone_operator.bridge.sender import signed
from demo.stage import bridge_ports, start_bridge
from support.secrecy import leaks
from support.waiting import eventually

PATH = "/webhook/hr-sync"
SECRET = b"0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Answer:
    """What the bridge said."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def write_secret(path: Path, key: bytes = SECRET) -> Path:
    """A secret file for the bridge."""
    path.write_text(f"whsec_{base64.b64encode(key).decode()}\n")
    return path


class Bridge:
    """One bridge process of one namespace."""

    def __init__(self, kubeconfig: Path, directory: Path, namespace: str, *options: str, name: str = "bridge") -> None:
        self._kubeconfig = kubeconfig
        self._log = directory / f"{name}.log"
        security = () if "--insecure" in options else ("--secret-file", str(write_secret(directory / f"{name}.secret")))
        self._options = ("--namespace", namespace, *security, *options)
        self.process: Process
        self.start()

    def start(self) -> None:
        """Start it; returns when it listens and knows who is there."""
        before = self._log.read_text() if self._log.exists() else ""
        self._log.unlink(missing_ok=True)
        self._log.touch()
        self.process = start_bridge(self._log, self._kubeconfig, *self._options)
        self.port, self.health_port = bridge_ports(self._log)
        self._earlier = getattr(self, "_earlier", "") + before
        eventually(lambda: self.ready() == "ok")

    def kill(self) -> None:
        """As a machine that loses power."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.stop(0.0)

    def stop(self) -> None:
        """As a cluster would. What was logged must not say too much, whatever was sent."""
        self.process.stop(20)
        assert leaks([self._log], [SECRET.decode(), base64.b64encode(SECRET).decode()], "bridge") == []

    def post(
        self, data: bytes, headers: dict[str, str] | None = None, *, tls: ssl.SSLContext | None = None, path: str = PATH
    ) -> Answer:
        """Send bytes as they are."""
        host = ("127.0.0.1", self.port)
        connection = (
            http.client.HTTPConnection(*host, timeout=30)
            if tls is None
            else http.client.HTTPSConnection(*host, timeout=30, context=tls)
        )
        try:
            connection.request("POST", path, data, headers or {})
            answer = connection.getresponse()
            text = answer.read().decode()
            body = json.loads(text) if text.startswith("{") else {"text": text}
            return Answer(answer.status, body, dict(answer.headers))
        finally:
            connection.close()

    def send(self, action: str, email: str, *, id_: str = "", key: bytes = SECRET, **fields: Any) -> Answer:
        """Sign and send one event."""
        data = json.dumps({"action": action, "email": email} | fields).encode()
        return self.post(data, signed(key, id_ or f"msg_{uuid.uuid4().hex}", data, datetime.now(UTC)))

    def ready(self) -> str:
        """What /readyz says."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/readyz", timeout=10) as answer:
                return str(answer.read().decode()).strip()
        except urllib.error.HTTPError as error:
            return error.read().decode().strip()

    def metric(self, line: str) -> float:
        """The value of the metric whose line begins so; 0 where there is none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return next((float(found.rpartition(" ")[2]) for found in lines if found.startswith(line)), 0.0)

    def text(self) -> str:
        """Everything that it and its predecessors have written."""
        return self._earlier + self._log.read_text()

    def log(self) -> list[dict[str, Any]]:
        """The same, line by line; audit lines are those with log=audit."""
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]

    def audit(self) -> list[dict[str, Any]]:
        """The audit lines."""
        return [line for line in self.log() if line.get("log") == "audit"]
