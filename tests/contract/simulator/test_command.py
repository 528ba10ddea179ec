"""The command: options, the ready file, and how it stops."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from click.testing import CliRunner

from contract.simulator.conftest import COMMAND, Started
from cxone_simulator.cli import main


def _stats(url: str) -> Any:
    with urllib.request.urlopen(f"{url}/_simulator/stats", timeout=5) as answer:  # noqa: S310
        return json.load(answer)


def _stop(process: Any, number: int) -> tuple[int, float]:
    began = time.monotonic()
    process.send_signal(number)
    return process.wait(5), time.monotonic() - began


def test_starts_as_told_and_stops_at_sigterm(start: Callable[..., Started]):
    """The ready file has the URL of a tenant as it was described; SIGTERM ends it within a second with code 0."""
    process, url = start("--users", "25", "--seats", "30")
    assert url.startswith("http://127.0.0.1:")
    stats = _stats(url)
    assert stats["users"] == {"total": 25, "active": 25}
    assert stats["licenses"] == {"total": 30, "used": 25}
    code, seconds = _stop(process, signal.SIGTERM)
    assert code == 0
    assert seconds < 1
    assert url in process.stdout.read()


def test_stops_although_a_request_is_open(start: Callable[..., Started]):
    """Nobody has to wait for a late answer."""
    process, url = start("--latency-seconds", "30")
    request = urllib.request.Request(f"{url}/scim/v2/Users")  # noqa: S310
    with suppress(OSError):
        urllib.request.urlopen(request, timeout=0.2)  # noqa: S310
    code, seconds = _stop(process, signal.SIGTERM)
    assert code == 0
    assert seconds < 1


def test_stops_as_soon_as_it_is_ready(start: Callable[..., Started]):
    """Whoever sees the ready file can stop it; SIGINT is as good."""
    process, _ = start()
    assert _stop(process, signal.SIGINT)[0] == 0


def test_a_port_that_is_taken(start: Callable[..., Started]):
    """The message names the address."""
    _, url = start()
    address = url.removeprefix("http://")
    second = subprocess.run([COMMAND, "--listen", address], capture_output=True, text=True, timeout=10, check=False)
    assert second.returncode == 1
    assert f"cannot listen on {address}" in second.stderr


def test_bad_options():
    """Code 2, and the message says which option."""
    for options in (["--listen", "here"], ["--listen", "x:99999"], ["--bulk-mode", "maybe"], ["--job-seconds", "inf"]):
        result = CliRunner().invoke(main, options)
        assert result.exit_code == 2
        assert options[0] in result.output
