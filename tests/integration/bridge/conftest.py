"""Bridges for tests: one of its own for a test that counts or breaks something, a shared one for all others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from controlplane.plane import ControlPlane
from support.bridge import Bridge
from support.kube import Json, Kube

MakeBridge = Callable[..., Bridge]


@pytest.fixture
def make_bridge(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[MakeBridge]:
    """Makes a bridge of the test's namespace; arguments are its options."""
    made: list[Bridge] = []

    def make(*options: str) -> Bridge:
        name = f"bridge-{len(made)}"
        made.append(Bridge(control_plane.kubeconfig, tmp_path, namespace, *options, name=name))
        return made[-1]

    yield make
    for bridge in made:
        bridge.close()


@pytest.fixture
def bridge(make_bridge: MakeBridge) -> Bridge:
    """One bridge with one secret."""
    return make_bridge()


@pytest.fixture(scope="package")
def served(control_plane: ControlPlane, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A bridge for the whole run, with a namespace that no other bridge has."""
    namespace = kube.new_namespace(f"hr-{uuid4().hex[:12]}")
    bridge = Bridge(control_plane.kubeconfig, tmp_path_factory.mktemp("served"), namespace)
    yield bridge
    bridge.close()


@pytest.fixture
def workforce(kube: Kube, served: Bridge) -> Iterator[str]:
    """The namespace of the shared bridge; nobody is in it at the end."""
    yield served.namespace
    kube.vacate(served.namespace)


@pytest.fixture
def shared(served: Bridge, workforce: str) -> Bridge:
    """A bridge that other tests use, too, though none at the same time: no test may stop it."""
    return served


def users(kube: Kube, namespace: str) -> dict[str, Json]:
    """All CxoneUsers of the namespace by userName."""
    return {item["spec"]["userName"]: item for item in kube.all("CxoneUser", namespace)}


def days(number: float) -> str:
    """That many days from now, in a zone of its own."""
    return (datetime.now(UTC) + timedelta(days=number)).isoformat()
