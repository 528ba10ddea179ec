"""A flood with everything going wrong at once: the API server restarts, and the bridge is killed twice."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from controlplane.plane import ControlPlane
from support.api_server import ApiServer
from support.bridge import PATH, SECRET, Bridge
from support.flood import Told, complaints, events, send_all
from support.kube import Kube
from support.ports import lasting_port

PEOPLE, TURNS, REPEATED = 100, 6, 150


@pytest.mark.timeout(240)
def test_what_got_a_2xx_is_in_effect(own_plane: ControlPlane, api_server: ApiServer, tmp_path: Path) -> None:
    """Once, in order, and everything else got 503 and went through on a retry. Two replicas share the work."""
    deliveries = events(PEOPLE, TURNS, REPEATED, seed=7)
    fixed = [
        Bridge(own_plane.kubeconfig, tmp_path, "default", "--listen", f"127.0.0.1:{lasting_port()}", name=f"fixed-{n}")
        for n in range(2)
    ]
    told = Told()
    urls = [f"http://127.0.0.1:{bridge.port}{PATH}" for bridge in fixed]
    # Processes end with the thread that started them, so that it is the sender that gets one of its own.
    sender = threading.Thread(target=lambda: asyncio.run(send_all(urls, SECRET, deliveries, 64, told)))
    sender.start()
    try:
        _trouble(fixed, api_server, told, len(deliveries))
        sender.join()
    finally:
        for bridge in fixed:
            bridge.close()
    resources = Kube.administrator(own_plane).all("CxoneUser", "default")
    assert complaints(deliveries, told, resources) == []
    assert told.later > 0, "nothing went wrong"
    _applied_once([line for bridge in fixed for line in bridge.trail()])


def _trouble(bridges: list[Bridge], api_server: ApiServer, told: Told, total: int) -> None:
    def until(share: float) -> None:
        while len(told.seconds) < total * share:
            time.sleep(0.01)

    until(0.2)
    bridges[0].kill()
    bridges[0].start()
    until(0.4)
    api_server.kill()
    api_server.start()
    until(0.7)
    bridges[1].kill()
    bridges[1].start()


def _applied_once(lines: list[dict[str, Any]]) -> None:
    """No replica has written an audit line for an event that another one had applied."""
    ids = [line["webhookId"] for line in lines if line["result"] == "success"]
    assert len(ids) == len(set(ids))
