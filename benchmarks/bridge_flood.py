"""How many HR events a bridge takes, against what the same API server takes without it.

5,000 signed deliveries from 64 connections: 1,000 people with four events each in a disturbed order, 1,000 of them sent
twice. The baseline is the rate of the same number of server-side applies of the same resources from as many
connections, measured before and after. Then the same flood again while the bridge is killed twice and the API server
once, which says nothing of speed: every event that got a 2xx must be in effect, once and in order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
import time

from measure.benchmark import Benchmark, Run
from measure.client import users_path
from measure.people import Json
from measure.place import Place, open_place
from measure.processes import cpu_seconds
from measure.waiting import until
from support.api_server import ApiServer
from support.bridge import PATH, SECRET, Bridge
from support.flood import Event, Told, complaints, events, send_all
from support.resources import user

_CONNECTIONS = 64
_TURNS = 4
_POLL_SECONDS = 0.005


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=1000, help="[%(default)s]")


async def _measure(run: Run, options: argparse.Namespace) -> None:
    """One fresh API server: bare, with the bridge, bare again, and with everything going wrong."""
    deliveries = events(options.people, turns=_TURNS, repeated=options.people, seed=run.number)
    async with open_place(audit=False) as place:
        before = await _bare(run, place, "before", options.people)
        rate = await _calm(run, place, deliveries)
        bare = (before + await _bare(run, place, "after", options.people)) / 2
        run.compare("events_per_second", bare, digits=0)
        run.record("ratio_to_bare", rate / bare)
        await _rough(run, place, deliveries)


async def _calm(run: Run, place: Place, deliveries: list[Event]) -> float:
    """Nothing goes wrong; events per second."""
    await _enter(run, place, "calm")
    bridge = Bridge(place.plane.kubeconfig, place.directory, "calm", name="calm")
    try:
        started, cpu = time.monotonic(), cpu_seconds(bridge.process.pid)
        told = await send_all([f"http://127.0.0.1:{bridge.port}{PATH}"], SECRET, deliveries, _CONNECTIONS)
        rate = len(deliveries) / (time.monotonic() - started)
        cpu = cpu_seconds(bridge.process.pid) - cpu
    finally:
        bridge.stop()
    await _judge(place, "calm", deliveries, told)
    waits = sorted(told.seconds)
    run.record("events_per_second", rate, digits=0)
    run.record("p50_ms", 1000 * waits[len(waits) // 2], digits=1)
    run.record("p99_ms", 1000 * waits[int(0.99 * len(waits))], digits=1)
    run.record("applied", len(told.accepted))
    run.record("ignored_as_older", len(told.ignored))
    run.record("bridge_cpu_ms_per_event", 1000 * cpu / len(deliveries))
    return rate


async def _rough(run: Run, place: Place, deliveries: list[Event]) -> None:
    """Killed at a fifth and at four fifths, the API server at a half."""
    await _enter(run, place, "rough")
    kubeconfig, told = place.plane.kubeconfig, Told()
    bridge = Bridge(kubeconfig, place.directory, "rough", name="port")
    bridge.stop()
    bridge = Bridge(kubeconfig, place.directory, "rough", "--listen", f"127.0.0.1:{bridge.port}", name="rough")
    server = ApiServer(place.plane)
    send = send_all([f"http://127.0.0.1:{bridge.port}{PATH}"], SECRET, deliveries, _CONNECTIONS, told)
    # Processes end with the thread that started them, so it is the sender that gets one of its own.
    sender = threading.Thread(target=lambda: asyncio.run(send), daemon=True)
    sender.start()
    try:
        for share, broken in ((0.2, bridge), (0.5, server), (0.8, bridge)):
            sent = share * len(deliveries)
            await until(lambda sent=sent: len(told.seconds) >= sent, every=_POLL_SECONDS)  # type: ignore[misc]
            broken.kill()
            broken.start()
        await until(lambda: not sender.is_alive())
    finally:
        bridge.stop()
    await _judge(place, "rough", deliveries, told)
    run.record("rough_answered_later", told.later)


async def _judge(place: Place, namespace: str, deliveries: list[Event], told: Told) -> None:
    found = complaints(deliveries, told, (await place.client.get(users_path(namespace)))["items"])
    if found:
        raise RuntimeError("\n".join(found[:20]))


async def _bare(run: Run, place: Place, namespace: str, people: int) -> float:
    """Server-side applies per second: every person created once and changed three times."""
    await _enter(run, place, namespace)
    applies = [_resource(namespace, person, turn) for turn in range(_TURNS) for person in range(people)]
    started = time.monotonic()
    await place.client.each(applies, place.client.apply, _CONNECTIONS)
    return len(applies) / (time.monotonic() - started)


async def _enter(run: Run, place: Place, namespace: str) -> None:
    run.progress = lambda: namespace
    await place.create_namespace(namespace)


def _resource(namespace: str, person: int, turn: int) -> Json:
    """As the bridge writes it."""
    name = f"person-{person:05}"
    remembered = [{"id": f"msg_{name}_{number}", "time": f"2026-01-01T00:0{number}:00Z"} for number in range(turn + 1)]
    said = {"name": {"givenName": "Person", "familyName": name}, "role": f"Role-{turn}", "active": turn != 2}
    resource = user(namespace, name, userName=f"{name}@flood.example", **said)
    resource["metadata"]["annotations"] = {"cxone.dev/hr-events": json.dumps(remembered)}
    return resource


BENCHMARK = Benchmark(_measure, limit_seconds=600, options=_options, runs=3)
