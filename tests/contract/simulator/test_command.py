"""The command: options, the ready file, and how it stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contract.simulator.conftest import COMMAND, Started
from cxone_simulator.cli import main


def _stats(url: str) -> Any:
    with urllib.request.urlopen(f"{url}/_simulator/stats", timeout=5) as answer:  # noqa: S310
        return json.load(answer)


def _stop(process: Any, number: int) -> tuple[int, float]:
    """The exit code, and the seconds until then, without those in which the machine was busy with something else."""
    began = time.monotonic() - _queued(process.pid)
    process.send_signal(number)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    seconds = time.monotonic() - _queued(process.pid) - began
    return process.wait(), seconds


def _queued(pid: int) -> float:
    """How long that process and this one have waited for a processor so far; 0 where the system does not count that."""
    files = [Path(f"/proc/{which}/schedstat") for which in (pid, "self")]
    return sum(int(file.read_text().split()[1]) for file in files if file.exists()) / 1e9


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


def _answer(url: str, body: object = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        return json.load(answer)


def test_starts_with_the_preset_of_user_hub(start: Callable[..., Started]):
    """Options of the preset reach the tenant: an access key and teams."""
    _, url = start("--preset", "UserHub", "--access-key-id", "k", "--access-key-secret", "s", "--teams", "Red, Blue")
    token = _answer(f"{url}/authentication/v1/token/access-key", {"accessKeyId": "k", "accessKeySecret": "s"})
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    teams = _answer(f"{url}/user-management/v4/teams/search", {}, **bearer)["teams"]
    assert [team["name"] for team in teams] == ["Red", "Blue"]


def test_starts_as_a_standard_server(start: Callable[..., Started], monkeypatch: pytest.MonkeyPatch):
    """A static token from the environment; bulk at once and DELETE unless told otherwise, as discovery says."""
    monkeypatch.setenv("CXONE_SIMULATOR_STATIC_TOKEN", "from-the-environment")
    _, url = start("--preset", "RFC7644", "--users", "2", "--cursor-paging", "forced", "--no-etags")
    bearer = {"Authorization": "Bearer from-the-environment"}
    assert _answer(f"{url}/scim/v2/Users", **bearer)["totalResults"] == 2
    found = _answer(f"{url}/scim/v2/ServiceProviderConfig")
    assert (found["etag"]["supported"], found["bulk"]["supported"], found["pagination"]["cursor"]) == (
        False,
        True,
        True,
    )


def test_another_presets_environment_is_no_mistake(start: Callable[..., Started], monkeypatch: pytest.MonkeyPatch):
    """A shell may have set what this preset does not heed."""
    monkeypatch.setenv("CXONE_SIMULATOR_STATIC_TOKEN", "from-the-environment")
    _, url = start()
    assert _stats(url)["users"]["total"] == 0


def test_bad_options():
    """Code 2, and the message says which option."""
    for options in (["--listen", "here"], ["--listen", "x:99999"], ["--bulk-mode", "maybe"], ["--job-seconds", "inf"]):
        result = CliRunner().invoke(main, options)
        assert result.exit_code == 2
        assert options[0] in result.output
