"""Long steps, shown while they run, so that minutes of compiling do not look like a hang."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from controlplane.errors import ControlPlaneError

_EVERY_SECONDS = 5.0
_LINES_OF_OUTPUT = 15


def say(text: str) -> None:
    """A line for the person who waits; standard output stays free for results."""
    print(text, file=sys.stderr, flush=True)


def run(
    what: str, command: Sequence[str], remedy: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> None:
    """Run a command, say every few seconds that it still runs, and show the end of its output if it fails."""
    started = time.monotonic()
    say(f"{what} ...")
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=subprocess.STDOUT)
        try:
            code = _wait(process, what, started)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if code != 0:
            output.seek(0)
            raise ControlPlaneError(f"{what} failed:\n{_end_of(output.read())}", remedy)
    say(f"{what}: done after {time.monotonic() - started:.0f} s")


def _wait(process: subprocess.Popen[bytes], what: str, started: float) -> int:
    while True:
        try:
            return process.wait(_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"{what}: {time.monotonic() - started:.0f} s so far")


def _end_of(output: bytes) -> str:
    lines = output.decode(errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_LINES_OF_OUTPUT:])
