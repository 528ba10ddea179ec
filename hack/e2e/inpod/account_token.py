"""The identity of the token that the pod has of its service account now (RFC 7519, 4.1.7: `jti`)."""

from __future__ import annotations

import base64
import json
from pathlib import Path

_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")

if __name__ == "__main__":
    claims = _TOKEN.read_text().split(".")[1]
    print(json.dumps(json.loads(base64.urlsafe_b64decode(f"{claims}=="))["jti"]))
