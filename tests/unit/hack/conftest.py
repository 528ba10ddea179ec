"""Stand-ins for the binaries: small scripts, so that these tests need neither Go nor a control plane."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.binaries import NEEDED

MakeAssets = Callable[..., Path]
FAKE_GO = """
if [ "$1" = env ]; then echo go1.26.0; exit 0; fi
while [ "$1" != -o ]; do shift; done
echo "$3" >> "$GO_LOG"
sleep 0.2
echo '#!/bin/sh' > "$2"
chmod +x "$2"
"""
"""A Go that builds in a moment, and notes which package it was asked for."""


@pytest.fixture
def executable(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a shell script into the test's folder, by a path in it."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def assets(executable: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> MakeAssets:
    """Makes a KUBEBUILDER_ASSETS whose programs sleep, except for those that are given by name."""

    def make(**scripts: str) -> Path:
        for name in NEEDED:
            folder = executable(f"assets/{name}", scripts.get(name.replace("-", "_"), "exec sleep 600")).parent
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder))
        return folder

    return make


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing cached, nothing given, no Go but what a test puts into the folder `bin`; gives the cache."""
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.setenv("GO_LOG", str(tmp_path / "go.log"))
    return tmp_path / "cache"
