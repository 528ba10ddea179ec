"""Who gets in, and what is not read: signatures, sizes, TLS, options."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controlplane.plane import ControlPlane
from cxone_operator.__main__ import main
from cxone_operator.bridge.sender import signed
from integration.bridge.conftest import MakeBridge, users
from support.bridge import SECRET, Bridge, write_secret
from support.kube import Kube
from support.resources import user
from support.waiting import eventually

MINIMAL = b'{"action":"hire","email":"jane@x.com","role":"Agent","group":"Support-Team"}'
OTHER = b"another secret of thirty-two byte"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b'{"action": "fire", "email": "jane@x.com"}', "action"),
        (b'{"action": "hire"}', "email"),
        (b"{", ""),
        (b'{"action": "hire", "email": "jane@x.com", "effectiveDate": "2026-12-01"}', "effectiveDate"),
    ],
)
def test_a_bad_payload_is_named(shared: Bridge, kube: Kube, workforce: str, data: bytes, field: str) -> None:
    """With status 400, and nothing is stored."""
    answer = shared.post(data, signed(SECRET, "msg_1", data, datetime.now(UTC)))
    assert (answer.status, answer.body["field"]) == (400, field)
    assert users(kube, workforce) == {}


def test_only_the_signed_get_in(shared: Bridge, kube: Kube, workforce: str) -> None:
    """No headers, a wrong secret, an old signature: 401 and nothing stored."""
    counted = 'cxone_operator_bridge_events_total{action="none",result="unauthorized"}'
    before = shared.metric(counted)
    old = datetime.now(UTC) - timedelta(minutes=6)
    for headers in ({}, signed(OTHER, "msg_1", MINIMAL, datetime.now(UTC)), signed(SECRET, "msg_1", MINIMAL, old)):
        assert shared.post(MINIMAL, headers).status == 401
    assert users(kube, workforce) == {}
    assert shared.metric(counted) - before == 3


def test_large_bodies_are_not_read(shared: Bridge) -> None:
    """Neither one that says its length nor one that does not; what fits exactly is only not signed."""
    counted = 'cxone_operator_bridge_events_total{action="none",result="too_large"}'
    before = shared.metric(counted)
    assert shared.post(b"x" * 64_001).status == 413
    assert shared.post(b"x" * 64_000).status == 401
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as connection:
        head = "POST /webhook/hr-sync HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        assert b" 413 " in connection.recv(1000).partition(b"\r\n")[0]
    assert shared.metric(counted) - before == 2


def test_other_paths_and_methods(shared: Bridge) -> None:
    """Are not there."""
    assert shared.post(MINIMAL, path="/").status == 404
    assert shared.post(MINIMAL, path="/metrics").status == 404


def test_a_role_that_the_schema_refuses_is_a_bad_payload(shared: Bridge, kube: Kube, workforce: str) -> None:
    """What only the API server knows comes back with its words: here the role repeats a secondary one."""
    secondary = user(workforce, "from-git", userName="jane@x.com", secondaryRoles=["Supervisor"])
    kube.apply(secondary, "argocd").accepted()
    answer = shared.send("update", "jane@x.com", role="Supervisor")
    assert answer.status == 400
    assert "secondaryRoles must not repeat role" in answer.body["error"]


def test_secrets_are_rotated_without_a_restart(make_bridge: MakeBridge, tmp_path: Path) -> None:
    """A second file while both are in use; a replaced file counts within seconds; an unusable one leaves the old."""
    second = write_secret(tmp_path / "second.secret", OTHER)
    bridge = make_bridge("--secret-file", str(second))
    assert {bridge.send("hire", "jane@x.com", key=key).status for key in (SECRET, OTHER)} == {202}
    write_secret(second, SECRET)
    eventually(lambda: bridge.send("update", "jane@x.com", key=OTHER).status == 401)
    second.write_text("spoilt")
    eventually(lambda: "file_not_usable" in bridge.text())
    assert bridge.send("update", "jane@x.com").status == 202


def test_tls(make_bridge: MakeBridge, tmp_path: Path) -> None:
    """HTTPS with a certificate that is replaced while connections come in."""
    certificate, key = _certificate(tmp_path, "old")
    bridge = make_bridge("--tls-cert", str(certificate), "--tls-key", str(key))

    def subject(trusted: Path) -> bool:
        context = ssl.create_default_context(cafile=str(trusted))
        context.check_hostname = False
        try:
            return bridge.post(MINIMAL, tls=context).status == 401
        except ssl.SSLCertVerificationError:
            return False

    old = tmp_path / "old-copy.pem"
    old.write_bytes(certificate.read_bytes())
    assert subject(old)
    new, new_key = _certificate(tmp_path, "new")
    key.write_bytes(new_key.read_bytes())
    certificate.write_bytes(new.read_bytes())
    eventually(lambda: subject(new))
    assert not subject(old)


def _certificate(directory: Path, name: str) -> tuple[Path, Path]:
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate), "-days", "1", "-subj", f"/CN={name}"]
    subprocess.run([*command, *files], check=True, capture_output=True)
    return certificate, key


def test_insecure_says_so(make_bridge: MakeBridge) -> None:
    """Whoever can reach it is believed; the same body twice is one event."""
    bridge = make_bridge("--insecure")
    assert bridge.post(MINIMAL).status == 202
    assert bridge.post(MINIMAL).status == 202
    assert bridge.metric('cxone_operator_bridge_events_total{action="hire",result="duplicate"}') == 1
    assert "insecure" in [entry.get("event") for entry in bridge.lines()]


def _command(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bridge", *arguments])


@pytest.mark.usefixtures("restored_logging")
def test_the_command_line(shared: Bridge, tmp_path: Path) -> None:
    """It refuses to start without a secret, and `send` is a small HR system."""
    secret = str(write_secret(tmp_path / "s"))
    for arguments, words in (
        ((), "--secret-file, or --insecure"),
        (("--insecure", "--secret-file", secret), "not both"),
        (("--insecure", "--tls-cert", secret), "belong together"),
        (("--insecure", "--listen", "8080"), "HOST:PORT"),
    ):
        refused = _command(*arguments)
        assert refused.exit_code == 2, refused.stderr
        assert words in refused.stderr
    (tmp_path / "bad").write_text("bad")
    refused = _command("--secret-file", str(tmp_path / "bad"))
    assert (refused.exit_code, "openssl rand" in refused.stderr) == (1, True)
    url = f"http://127.0.0.1:{shared.port}"
    sent = _command("send", "hire", "jane@x.com", "--role", "Agent", "--secret-file", secret, "--url", url)
    assert (sent.exit_code, sent.stdout[:4]) == (0, "202 ")
    sent = _command("send", "hire", "jane", "--secret-file", secret, "--url", url)
    assert (sent.exit_code, sent.stdout[:4]) == (1, "400 ")
    away = _command("send", "hire", "jane@x.com", "--url", "http://127.0.0.1:1")
    assert (away.exit_code, "no answer from" in away.stderr) == (1, True)


def test_a_port_that_is_taken_is_named(control_plane: ControlPlane, shared: Bridge, tmp_path: Path) -> None:
    """One line for the person at the terminal, whichever of the two addresses it is."""
    taken, free = f"127.0.0.1:{shared.port}", "127.0.0.1:0"
    for listen, health in ((taken, free), (free, taken)):
        command = [sys.executable, "-m", "cxone_operator", "bridge", "--insecure", "--listen", listen]
        refused = subprocess.run(
            [*command, "--health-listen", health],
            env={**os.environ, "KUBECONFIG": str(control_plane.kubeconfig)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert refused.returncode == 1
        assert f"Error: cannot listen on {taken}" in refused.stderr
        assert "Traceback" not in refused.stderr
