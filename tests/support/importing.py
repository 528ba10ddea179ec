"""The import as a command, and what people do with what it writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from controlplane.plane import ControlPlane


@dataclass(frozen=True)
class Ended:
    """A command that is over."""

    code: int
    out: str
    said: str

    def accepted(self) -> Ended:
        """Itself, after making sure that it did not fail."""
        assert self.code == 0, self.said
        return self

    @property
    def resources(self) -> list[Any]:
        """What it wrote to standard output, as YAML."""
        return [body for body in yaml.safe_load_all(self.out) if body is not None]


def run(plane: ControlPlane, *command: str, stdin: str = "", **environment: str) -> Ended:
    """A command of ours as installed, or another one, until it ends by itself."""
    program, *arguments = command
    own = Path(sys.executable).parent / program
    answer = subprocess.run(
        [str(own) if own.exists() else program, *arguments],
        env={**os.environ, "KUBECONFIG": str(plane.kubeconfig), **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    return Ended(answer.returncode, answer.stdout, answer.stderr)


def import_users(plane: ControlPlane, namespace: str, *options: str) -> Ended:
    """`cxone-operator import` in a namespace."""
    return run(plane, "cxone-operator", "import", "--namespace", namespace, *options)


def apply(plane: ControlPlane, namespace: str, *options: str, resources: str = "") -> Ended:
    """`kubectl apply` of files, or of what is piped into it."""
    words: Sequence[str] = options or ("-f", "-")
    return run(
        plane, str(plane.binaries.kubectl), "--namespace", namespace, "apply", "--server-side", *words, stdin=resources
    )
