"""Keys, tokens and the kubeconfig of one control plane, made afresh at each start."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from controlplane.errors import ControlPlaneError

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_EC_KEY_BEFORE = bytes.fromhex("30310201010420")
_EC_KEY_AFTER = bytes.fromhex("a00a06082a8648ce3d030107")
"""RFC 5915 in DER: version 1, the 32 bytes of the key between these two, and the name of the curve P-256. The public
key is optional, as whoever reads the private one can compute it."""


def write_service_account_key(path: Path) -> None:
    """The key that signs the tokens of service accounts; an elliptic one needs no arithmetic to make."""
    number = secrets.randbelow(_P256_ORDER - 1) + 1
    encoded = base64.b64encode(_EC_KEY_BEFORE + number.to_bytes(32, "big") + _EC_KEY_AFTER).decode()
    lines = (encoded[start : start + 64] for start in range(0, len(encoded), 64))
    write_private(path, "\n".join(["-----BEGIN EC PRIVATE KEY-----", *lines, "-----END EC PRIVATE KEY-----", ""]))


def write_administrator(path: Path) -> str:
    """A token file of kube-apiserver with one identity that may do everything; returns its token."""
    token = secrets.token_urlsafe(32)
    write_private(path, f'{token},admin,admin,"system:masters"\n')
    return token


def read_administrator(path: Path) -> str:
    """The token in a file that `write_administrator` has written."""
    return path.read_text().partition(",")[0]


def write_kubeconfig(path: Path, url: str, token: str, certificate: Path) -> None:
    """A kubeconfig that stands alone: it carries the certificate and the token."""
    authority = base64.b64encode(certificate.read_bytes()).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "control-plane",
        "contexts": [{"name": "control-plane", "context": {"cluster": "control-plane", "user": "admin"}}],
        "clusters": [{"name": "control-plane", "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": "admin", "user": {"token": token}}],
    }
    write_private(path, json.dumps(content, indent=2) + "\n")


def write_private(path: Path, content: str) -> None:
    """For the owner's eyes only, from the first moment on."""
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content)
    except OSError as error:
        raise ControlPlaneError(f"Cannot write {path}: {error.strerror}.", "Choose a folder that is yours.") from error
