"""The HR bridge as a process, and an HR system that signs and sends."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cxone_operator.bridge.sender import signed
from demo.stage import bridge_ports, start_bridge
from support.daemon import Daemon
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


class BridgeProcess(Daemon):
    """The bridge with any options, and an HR system that knows its secret."""

    def __init__(self, kubeconfig: Path, directory: Path, *options: str, name: str = "bridge") -> None:
        super().__init__(directory, name)
        self._kubeconfig = kubeconfig
        self._options = options
        self.port = self.health_port = 0

    def start(self) -> None:
        """Start it; returns when it listens."""
        log = self._new_log()
        self._process = start_bridge(log, self._kubeconfig, *self._options)
        self.port, self.health_port = bridge_ports(log)

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
        return self.get("readyz")[1].strip()

    def _site(self) -> int:
        return self.health_port


class Bridge(BridgeProcess):
    """One bridge of one namespace."""

    def __init__(self, kubeconfig: Path, directory: Path, namespace: str, *options: str, name: str = "bridge") -> None:
        security = () if "--insecure" in options else ("--secret-file", str(write_secret(directory / f"{name}.secret")))
        super().__init__(kubeconfig, directory, "--namespace", namespace, *security, *options, name=name)
        self.namespace = namespace
        self.start()

    def start(self) -> None:
        """Start it; returns when it listens and knows who is there."""
        super().start()
        eventually(lambda: self.ready() == "ok")

    def close(self) -> None:
        """End it. What was logged must not say too much, whatever was sent."""
        self.end()
        assert leaks(self.logs, [SECRET.decode(), base64.b64encode(SECRET).decode()], "bridge") == []
