"""Fixtures: a tenant without a rate limit, and the real command in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from contract.simulator.stage import Stage, stage_of
from cxone_simulator.settings import Settings, settings_of

Started = tuple[subprocess.Popen[str], str]
COMMAND = str(Path(sys.executable).parent / "cxone-simulator")


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with stage_of(Settings(requests_per_minute=0)) as opened:
        yield opened


@pytest.fixture
async def standard() -> AsyncIterator[Stage]:
    """A strict server of the SCIM standard."""
    async with stage_of(settings_of("RFC7644", requests_per_minute=0)) as opened:
        yield opened


@pytest.fixture
async def hub() -> AsyncIterator[Stage]:
    """A tenant that speaks the API of User Hub, whose client is logged in with an access key."""
    async with stage_of(settings_of("UserHub", requests_per_minute=0)) as opened:
        yield opened


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Starts the command with options; gives the process and its base URL."""
    processes: list[subprocess.Popen[str]] = []

    def run(*options: str) -> Started:
        ready = tmp_path / f"ready-{len(processes)}"
        command = [COMMAND, "--listen", "127.0.0.1:0"]
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        deadline = time.monotonic() + 10
        while not ready.exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "the simulator did not get ready"
            time.sleep(0.02)
        return process, ready.read_text().strip()

    yield run
    for process in processes:
        process.kill()
        process.communicate()
