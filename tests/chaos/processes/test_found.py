"""What was found with real processes, each as the smallest that showed it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from chaos.processes.proxy import Fault
from chaos.processes.world import World
from controlplane.plane import ControlPlane
from support.resources import user
from support.waiting import eventually

_PROCESSES = 6


def _ends_or_works(plane: ControlPlane, directory: Path, status: int) -> str:
    world = World(plane, f"chaos-{uuid4().hex[:8]}", directory)
    try:
        world.order(Fault("watch", "status", before=True, status=status))
        world.start()
        time.sleep(5.0)
        world.kube.create(user(world.namespace, "jane", role="Agent")).accepted()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if not world.operator.alive or world.remote_users():
                return ""
            time.sleep(0.3)
        return f"alive, and does nothing; its log is {world.logs[-1]}"
    finally:
        world.close()


@pytest.mark.parametrize("status", [404, 410])
def test_a_watch_that_is_refused_for_good(control_plane: ControlPlane, tmp_path: Path, status: int) -> None:
    """Such a process ends, so that the next one starts, or it goes on; it never stays as a ready one that is idle."""
    with ThreadPoolExecutor(_PROCESSES) as pool:
        playing = [
            pool.submit(_ends_or_works, control_plane, tmp_path / str(number), status) for number in range(_PROCESSES)
        ]
        idle = [future.result() for future in playing if future.result()]
    assert not idle, "\n".join(idle)


def test_one_burst_of_429(control_plane: ControlPlane, tmp_path: Path) -> None:
    """Six requests are throttled, and Retry-After is over at once: work goes on within seconds."""
    world = World(
        control_plane,
        f"chaos-{uuid4().hex[:8]}",
        tmp_path,
        rateLimit={"requestsPerMinute": 600},
        bulk={"mode": "Off"},
    )
    try:
        for _ in range(6):
            world.order(Fault("create", "status", before=True, status=429, headers={"Retry-After": "0"}))
        for number in range(20):
            world.kube.create(user(world.namespace, f"p{number}", role="Agent")).accepted()
        world.start()
        eventually(lambda: len(world.remote_users()) == 20, 30)
    finally:
        world.close()


def test_a_resource_that_vanishes_after_its_claim(control_plane: ControlPlane, tmp_path: Path) -> None:
    """The API server deletes at once what had no finalizer when the deletion began, also where one was stored since.

    So a claim that was answered does not keep a resource for certain. Here the finalizer is taken off by hand, which
    looks the same to the operator. Three join, so that a slow bulk job is under way when it hears of it, and the watch
    opens late, so that it surely is.
    """
    world = World(control_plane, f"chaos-{uuid4().hex[:8]}", tmp_path, job_seconds=3.0)
    kube, namespace = world.kube, world.namespace
    jane = "jane@example.com"
    try:
        for _ in range(2):
            world.order(Fault("watch", "delay", before=True, seconds=2.0))
        for name in ("jane", "john", "eve"):
            kube.create(user(namespace, name, role="Agent")).accepted()
        world.start()
        eventually(lambda: kube.get("CxoneUser", namespace, "jane").body["metadata"].get("finalizers"), every=0.005)
        kube.patch("CxoneUser", namespace, "jane", {"metadata": {"finalizers": None}}).accepted()
        kube.delete("CxoneUser", namespace, "jane").accepted()
        eventually(lambda: len(world.remote_users()) >= 2, 20)
        eventually(lambda: not _works(world, jane), 15)
    finally:
        world.close()


def _works(world: World, key: str) -> bool:
    return any(found["userName"] == key and found["active"] for found in world.remote_users())
