"""Bridges for tests: one of its own for a test that counts or breaks something, a shared one for all others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
        bridge.stop()


@pytest.fixture
def bridge(make_bridge: MakeBridge) -> Bridge:
    """One bridge with one secret."""
    return make_bridge()


@pytest.fixture(scope="package")
def served(control_plane: ControlPlane, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A bridge of the namespace `hr`, for the whole run."""
    kube.request("POST", "/api/v1/namespaces", {"metadata": {"name": "hr"}}).accepted()
    bridge = Bridge(control_plane.kubeconfig, tmp_path_factory.mktemp("served"), "hr")
    yield bridge
    bridge.stop()


@pytest.fixture
def workforce(kube: Kube) -> Iterator[str]:
    """The namespace of the shared bridge; nobody is in it at the end."""
    yield "hr"
    kube.request("DELETE", "/apis/cxone.dev/v1alpha1/namespaces/hr/cxoneusers").accepted()


@pytest.fixture
def shared(served: Bridge, workforce: str) -> Bridge:
    """A bridge that other tests use, too: no test may stop it, or count what it did."""
    return served


def users(kube: Kube, namespace: str) -> dict[str, Json]:
    """All CxoneUsers of the namespace by userName."""
    path = f"/apis/cxone.dev/v1alpha1/namespaces/{namespace}/cxoneusers"
    return {item["spec"]["userName"]: item for item in kube.request("GET", path).accepted()["items"]}


def days(number: float) -> str:
    """That many days from now, in a zone of its own."""
    return (datetime.now(UTC) + timedelta(days=number)).isoformat()
