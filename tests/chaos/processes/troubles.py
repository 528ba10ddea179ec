"""Troubles: what goes wrong that is more than one request.

A fault strikes one request. A trouble is a storm of them, a job that fails, a secret that is changed, an administrator
who was quicker, or a server that is gone for a while. Each is caused once, at a moment that the test chooses, and ends
by itself or with `World.calm`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chaos.processes.proxy import Action, Fault
from chaos.processes.steps import CXONE, KUBERNETES
from chaos.processes.world import World

_STORM = 4
"""How many requests of each step a storm hits."""


@dataclass(frozen=True)
class Trouble:
    """Something that happens to a world."""

    name: str
    cause: Callable[[World], None]


def storm(
    name: str,
    steps: Mapping[str, object],
    action: Action = "status",
    status: int = 503,
    headers: Mapping[str, str] | None = None,
    times: int = _STORM,
) -> Trouble:
    """The next requests of every step fail in the same way, whichever they are."""

    def cause(world: World) -> None:
        for step in steps:
            if step != "watch":
                for _ in range(times):
                    world.order(Fault(step, action, before=True, status=status, headers=headers or {}))

    return Trouble(name, cause)


def late_storm(name: str, status: int, seconds: int) -> Trouble:
    """As a storm over CXone, with Retry-After as an HTTP date (RFC 9110 section 5.6.7) that long from then."""

    def cause(world: World) -> None:
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))
        storm(name, CXONE, status=status, headers={"Retry-After": date}, times=1).cause(world)

    return Trouble(name, cause)


def bad_jobs(kind: str, times: int = 2) -> Trouble:
    """The next jobs fail, end half done, leave operations out, or never end."""
    return Trouble(f"jobs-{kind}", lambda world: world.simulator.send("POST", "faults", {"job": kind, "times": times}))


def _revoke(world: World) -> None:
    world.simulator.send("POST", "tokens/revoke", {})


def _revoke_often(world: World) -> None:
    for _ in range(5):
        _revoke(world)
        time.sleep(0.3)


def _cut_watches(world: World) -> None:
    for _ in range(3):
        world.cluster_proxy.cut_watches()
        time.sleep(0.4)


def _lose_scopes(world: World) -> None:
    """The client may do nothing for a while."""
    world.simulator.send("PATCH", "settings", {"scopes": ["License.Read"]})
    _revoke(world)
    time.sleep(1.5)
    world.simulator.send(
        "PATCH", "settings", {"scopes": ["SCIM.ReadWrite", "User.ReadWrite", "License.Read", "License.ReadWrite"]}
    )
    _revoke(world)


def _replace_operator(world: World) -> None:
    """As a deployment does it: the new one starts while the old one acts, then the old one is told to end."""
    old = world.operator
    world.start()
    time.sleep(1.0)
    old.stop(20)


def _crash_loop(world: World) -> None:
    """Killed again as soon as the next one has begun to work."""
    for _ in range(2):
        world.kill()
        time.sleep(5.0)


TROUBLES = (
    storm("cxone-503", CXONE),
    storm("cxone-503-retry-after", CXONE, headers={"Retry-After": "1"}),
    storm("cxone-429-seconds", CXONE, status=429, headers={"Retry-After": "1"}, times=1),
    late_storm("cxone-429-date", 429, 2),
    late_storm("cxone-503-date-in-the-past", 503, -60),
    late_storm("cxone-429-date-in-the-past", 429, -60),
    storm("cxone-401", CXONE, status=401),
    storm("cxone-500", CXONE, status=500),
    storm("cxone-cut", CXONE, "cut"),
    storm("cluster-503", KUBERNETES),
    storm("cluster-429", KUBERNETES, status=429, headers={"Retry-After": "1"}),
    storm("cluster-401", KUBERNETES, status=401),
    storm("cluster-cut", KUBERNETES, "cut"),
    bad_jobs("fail"),
    bad_jobs("half"),
    bad_jobs("partial"),
    bad_jobs("never", 1),
    Trouble("token-revoked", _revoke),
    Trouble("token-revoked-often", _revoke_often),
    Trouble("scopes-lost", _lose_scopes),
    Trouble("watches-cut", _cut_watches),
    Trouble("operator-replaced", _replace_operator),
    Trouble("crash-loop", _crash_loop),
)
"""All of them, each once."""
