"""The signing proxy of the documentation, between an HR system that signs in its own way and the bridge."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane
from controlplane.processes import spawn
from support.bridge import Bridge, write_secret
from support.kube import Json, Kube
from support.ports import lasting_port
from support.waiting import eventually

SCRIPT = Path(__file__).parents[3] / "docs" / "how-to" / "examples" / "signing_proxy.py"
SECRET = b"of the HR system"


@pytest.fixture
def proxy(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a proxy in front of a bridge of the test's namespace."""
    bridge = Bridge(control_plane.kubeconfig, tmp_path, namespace)
    hr, ours = tmp_path / "hr", write_secret(tmp_path / "ours")
    hr.write_bytes(SECRET)
    port = lasting_port()
    options = ["--listen", f"127.0.0.1:{port}", "--bridge", f"http://127.0.0.1:{bridge.port}"]
    secrets = ["--hr-secret-file", str(hr), "--bridge-secret-file", str(ours)]
    command = [sys.executable, str(SCRIPT), *options, *secrets]
    process = spawn("signing-proxy", command, tmp_path / "proxy.log", die_with_parent=True)
    try:
        eventually(lambda: _accepts(port))
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.stop(0.0)
        bridge.close()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def post(url: str, event: Json, secret: bytes = SECRET) -> int:
    """As the HR system does it; the status of the answer."""
    body = json.dumps(event).encode()
    signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(url, body, {"X-Signature": signature, "X-Delivery": "d-1"}, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_a_foreign_event_becomes_a_resource(proxy: str, kube: Kube, namespace: str) -> None:
    """Genuine ones only; what makes no sense is the sender's mistake; a repetition is harmless."""
    employee = {"workEmail": "jane@x.com", "job": "Agent", "team": "Support-Team", "first": "Jane", "last": "Doe"}
    event = {"event": "employee.hired", "at": "2026-11-01T09:00:00Z", "employee": employee}
    assert post(proxy, event, b"another") == 401
    assert post(proxy, {"event": "employee.promoted"}) == 400
    assert post(proxy, {**event, "employee": {**employee, "workEmail": "jane"}}) == 400
    assert post(proxy, event) == 202
    assert post(proxy, event) == 202
    (stored,) = kube.all("CxoneUser", namespace)
    assert stored["spec"]["name"] == {"givenName": "Jane", "familyName": "Doe"}
    assert [item["id"] for item in json.loads(stored["metadata"]["annotations"]["cxone.dev/hr-events"])] == ["d-1"]
