"""Ports for servers that are started again where they were, as behind a Service."""

from __future__ import annotations

import random
import socket

_LASTING = range(10000, 32768)
"""Below those that the system hands out by itself, so that nobody else gets one while its server is away."""


def lasting_port() -> int:
    """A free port that stays free for whoever asked."""
    while True:
        port = random.choice(_LASTING)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
