"""Which of some addresses (HOST:PORT) a pod can connect to."""

from __future__ import annotations

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

_SECONDS = 3.0
"""A policy drops packets, so what is closed is known by silence."""


def reaches(address: str) -> bool:
    """Somebody accepts a connection there."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _SECONDS).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    with ThreadPoolExecutor(len(sys.argv)) as pool:
        print(json.dumps(list(pool.map(reaches, sys.argv[1:]))))
