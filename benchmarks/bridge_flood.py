"""How many HR events a bridge takes, against what the same API server takes without it (`make bench-bridge`).

5,000 signed deliveries from 64 connections: 1,000 people with four events each in a disturbed order, 1,000 of them sent
twice. The bare rate is that of the same number of server-side applies of the same resources from as many connections,
measured before and after. Then the same flood again while the bridge is killed twice and the API server once, which
says nothing of speed: every event that got a 2xx must be in effect, once and in order.
Writes benchmarks/results/bridge_flood.json and prints the same as a table.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import tempfile
import threading
import time
from pathlib import Path

import aiohttp

from controlplane.plane import ControlPlane
from demo.stage import ROOT
from support.api_server import ApiServer
from support.bridge import PATH, SECRET, Bridge
from support.flood import Event, Told, complaints, events, send_all
from support.kube import Kube
from thousand_joiners import RESULTS, cpu_seconds, table

_CONNECTIONS = 64
_APPLY = {"Content-Type": "application/apply-patch+yaml"}


def main() -> None:
    """Run as often as asked, and report every run."""
    parser = argparse.ArgumentParser(prog="make bench-bridge", description=__doc__)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    runs = [measure(options.people, run) for run in range(options.runs)]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "bridge_flood.json").write_text(json.dumps({"people": options.people, "runs": runs}, indent=2) + "\n")
    print(table(runs))


def measure(people: int, seed: int) -> dict[str, float]:
    """One fresh API server: bare, with the bridge, bare again, and with everything going wrong."""
    deliveries = events(people, turns=4, repeated=people, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with ControlPlane.start(directory / "control-plane", crds=ROOT / "crds", audit=False) as plane:
            kube = Kube(plane.url, plane.token, plane.certificate)
            for namespace in ("before", "calm", "after", "rough"):
                kube.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}).accepted()
            time.sleep(2.5)  # a fresh CRD makes the API server delay creates for two seconds
            before = _bare(plane, "before", people)
            calm = _calm(plane, kube, directory, deliveries)
            after = _bare(plane, "after", people)
            bare = (before + after) / 2
            return {
                "bare_applies_per_second": round(bare),
                **calm,
                "ratio_to_bare": round(calm["events_per_second"] / bare, 2),
                **_rough(plane, kube, directory, deliveries),
            }


def _calm(plane: ControlPlane, kube: Kube, directory: Path, deliveries: list[Event]) -> dict[str, float]:
    bridge = Bridge(plane.kubeconfig, directory, "calm", name="calm")
    try:
        started, cpu = time.monotonic(), cpu_seconds(bridge.process)
        told = asyncio.run(send_all([f"http://127.0.0.1:{bridge.port}{PATH}"], SECRET, deliveries, _CONNECTIONS))
        seconds = time.monotonic() - started
        cpu = cpu_seconds(bridge.process) - cpu
    finally:
        bridge.stop()
    _judge(kube, "calm", deliveries, told)
    waits = sorted(told.seconds)
    return {
        "events_per_second": round(len(deliveries) / seconds),
        "p50_ms": round(1000 * waits[len(waits) // 2], 1),
        "p99_ms": round(1000 * waits[int(0.99 * len(waits))], 1),
        "applied": len(told.accepted),
        "ignored_as_older": len(told.ignored),
        "bridge_cpu_ms_per_event": round(1000 * cpu / len(deliveries), 2),
    }


def _rough(plane: ControlPlane, kube: Kube, directory: Path, deliveries: list[Event]) -> dict[str, float]:
    """Killed at a fifth and at four fifths, the API server at a half."""
    bridge, told = Bridge(plane.kubeconfig, directory, "rough", name="port"), Told()
    bridge.stop()
    bridge = Bridge(plane.kubeconfig, directory, "rough", "--listen", f"127.0.0.1:{bridge.port}", name="rough")
    server = ApiServer(plane)
    send = send_all([f"http://127.0.0.1:{bridge.port}{PATH}"], SECRET, deliveries, _CONNECTIONS, told)
    # Processes end with the thread that started them, so that it is the sender that gets one of its own.
    sender = threading.Thread(target=lambda: asyncio.run(send))
    sender.start()
    try:
        for share, break_it in ((0.2, bridge.kill), (0.5, server.kill), (0.8, bridge.kill)):
            while len(told.seconds) < share * len(deliveries):
                time.sleep(0.005)
            break_it()
            (server if break_it == server.kill else bridge).start()
        sender.join()
    finally:
        bridge.stop()
        plane._processes[:] = [
            server.process if process.name == "kube-apiserver" else process for process in plane.processes
        ]
    _judge(kube, "rough", deliveries, told)
    return {"rough_answered_later": told.later, "rough_complaints": 0}


def _judge(kube: Kube, namespace: str, deliveries: list[Event], told: Told) -> None:
    path = f"/apis/cxone.dev/v1alpha1/namespaces/{namespace}/cxoneusers"
    found = complaints(deliveries, told, kube.request("GET", path).accepted()["items"])
    if found:
        raise SystemExit("\n".join(found[:20]))


def _bare(plane: ControlPlane, namespace: str, people: int) -> float:
    """Server-side applies per second: every person created once and changed three times."""
    applies = [(person, turn) for turn in range(4) for person in range(people)]
    started = time.monotonic()
    asyncio.run(_apply_all(plane, namespace, applies))
    return len(applies) / (time.monotonic() - started)


async def _apply_all(plane: ControlPlane, namespace: str, applies: list[tuple[int, int]]) -> None:
    queue = iter(applies)
    context = ssl.create_default_context(cafile=str(plane.certificate))
    headers = {"Authorization": f"Bearer {plane.token}", **_APPLY}
    connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=context)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def client() -> None:
            for person, turn in queue:
                name = f"person-{person:05}"
                path = f"/apis/cxone.dev/v1alpha1/namespaces/{namespace}/cxoneusers/{name}"
                body = json.dumps(_resource(name, turn))
                async with session.patch(f"{plane.url}{path}?fieldManager=bench", data=body) as answer:
                    if answer.status >= 400:
                        raise SystemExit(await answer.text())
                    await answer.read()

        await asyncio.gather(*(client() for _ in range(_CONNECTIONS)))


def _resource(name: str, turn: int) -> dict[str, object]:
    """As the bridge writes it."""
    remembered = [{"id": f"msg_{name}_{number}", "time": f"2026-01-01T00:0{number}:00Z"} for number in range(turn + 1)]
    return {
        "apiVersion": "cxone.dev/v1alpha1",
        "kind": "CxoneUser",
        "metadata": {"name": name, "annotations": {"cxone.dev/hr-events": json.dumps(remembered)}},
        "spec": {
            "userName": f"{name}@flood.example",
            "name": {"givenName": "Person", "familyName": name},
            "role": f"Role-{turn}",
            "active": turn != 2,
        },
    }


if __name__ == "__main__":
    main()
