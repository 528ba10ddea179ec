"""What a start imports: modules by name, and not seconds, which depend on the machine."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane

_LINE = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)
_UNUSED = {"kubernetes.config", "pydantic", "requests", "rich.console"}
"""Nobody needs these for a server and a token. A package by itself is named also where its import was refused."""
_WORK = {"aiohttp", "asyncio", "kopf", "msgspec", "prometheus_client", "structlog"}


def start(*command: str, **environment: str) -> tuple[int, set[str], str]:
    """The installed command, until it ends by itself: exit code, what it has imported, and what it said."""
    program, *arguments = command
    answer = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        env={**os.environ, **environment, "PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return answer.returncode, set(_LINE.findall(answer.stderr)), _LINE.sub("", answer.stderr)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("cxone-operator", "--version"), 0),
        (("cxone-operator", "--help"), 0),
        (("cxone-operator", "run", "--help"), 0),
        (("cxone-operator", "run", "--listen", "nowhere"), 2),
        (("cxone-operator", "import", "--help"), 0),
        (("cxone-operator", "import", "--layout", "by-user"), 2),
        (("cxone-operator", "check", "--help"), 0),
        (("cxone-operator", "check", "--service-account", "nobody"), 2),
        (("cxone-operator", "approve", "--help"), 0),
        (("cxone-operator", "approve"), 2),
        (("cxone-operator", "bridge", "--help"), 0),
        (("cxone-operator", "bridge"), 2),
        (("cxone-operator", "bridge", "send", "--help"), 0),
        (("cxone-simulator", "--version"), 0),
        (("cxone-simulator", "--help"), 0),
        (("cxone-simulator", "--listen", "nowhere"), 2),
    ],
)
def test_a_question_is_answered_at_once(command: tuple[str, ...], code: int) -> None:
    """Without anything that serves, watches or logs."""
    ended, imported, _ = start(*command)
    assert ended == code
    assert "click" in imported
    assert imported & (_UNUSED | _WORK) == set()


def test_an_event_is_sent_without_an_operator() -> None:
    """`bridge send` is a client and no more."""
    address = ("--url", "http://127.0.0.1:1")
    ended, imported, said = start("cxone-operator", "bridge", "send", "hire", "jane@example.com", *address)
    assert (ended, "no answer from" in said) == (1, True)
    assert "aiohttp" in imported
    assert imported & {*_UNUSED, "kopf", "structlog", "aiohttp.web", "cxone_operator.cli.processes"} == set()


def test_the_operator_asks_for_the_lease(control_plane: ControlPlane) -> None:
    """With all that it needs as a leader, and without the client library."""
    ended, imported, said = start(
        *("cxone-operator", "run", "--listen", "127.0.0.1:0", "--lease-namespace", "no-such-namespace"),
        KUBECONFIG=str(control_plane.kubeconfig),
    )
    assert (ended, "may not use the Lease" in said) == (1, True)
    assert {"aiohttp.web", "cxone_operator.engine.supervisor", "kopf", "structlog"} <= imported
    assert imported & {*_UNUSED, "cxone_operator.bridge"} == set()


def test_the_bridge_listens(control_plane: ControlPlane) -> None:
    """Without Kopf, the engine and the client library."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended, imported, said = start(
            *("cxone-operator", "bridge", "--insecure", "--listen", address, "--health-listen", "127.0.0.1:0"),
            KUBECONFIG=str(control_plane.kubeconfig),
        )
    assert (ended, f"cannot listen on {address}" in said) == (1, True)
    assert {"aiohttp.web", "cxone_operator.bridge.service"} <= imported
    assert imported & {*_UNUSED, "kopf", "cxone_operator.engine", "cxone_operator.scim"} == set()
