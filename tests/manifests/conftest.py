"""A control plane for the manifests alone: what they grant and forbid cluster-wide must not meet other tests."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlplane.binaries import Binaries
from controlplane.plane import ControlPlane
from demo.stage import start_simulator
from demo.view import Simulator
from manifests.rendered import ROOT
from support.kube import Kube


@dataclass(frozen=True)
class Remote:
    """A simulated CXone, and the secret that it knows."""

    simulator: Simulator
    secret: str


@pytest.fixture(scope="package")
def plane(control_plane_binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server with the CRDs and nothing else."""
    with ControlPlane.start(tmp_path_factory.mktemp("manifests"), crds=ROOT / "crds") as running:
        yield running


@pytest.fixture(scope="package")
def admin(plane: ControlPlane) -> Kube:
    """Its administrator."""
    return Kube(plane.url, plane.token, plane.certificate)


@pytest.fixture(scope="package")
def kubectl_path(control_plane_binaries: Binaries) -> Path:
    """For what needs no API server."""
    return control_plane_binaries.kubectl


@pytest.fixture(scope="package")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """One CXone for all."""
    secret = secrets.token_urlsafe(16)
    directory = tmp_path_factory.mktemp("simulator")
    options = ("--requests-per-minute", "0", "--job-seconds", "0.3", "--seats", "5000")
    process, simulator = start_simulator(directory, secret, *options)
    yield Remote(simulator, secret)
    process.stop()
