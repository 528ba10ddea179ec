"""What Kopf does for us: own the process, watch both kinds, and call back when it starts and stops.

The event handlers only hand the object on: no await, nothing that can fail, no state. Users are told of on their way to
Kopf already (`cluster/tap.py`). Finalizers, status, retries and batching are the engine's, because Kopf's per-object
handlers cost 1.5 to 3 times the writes and cannot batch.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api import user as user_api
from cxone_operator.api.meta import GROUP, VERSION
from cxone_operator.cluster import tap
from cxone_operator.cluster.server import Body
from cxone_operator.imports import without

with without("kubernetes"):
    import kopf


class Listener(tap.Listener, Protocol):
    """Who is told of events."""

    def observe_tenant(self, kind: str | None, body: Body) -> None:
        """A CxoneTenant was listed, added, modified or deleted."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What Kopf needs from us."""

    server: str
    start: Callable[[], Awaitable[Listener]]
    open_session: Callable[[Listener], aiohttp.ClientSession]
    """Called after `start`: the session that lists and watches tells of users itself."""
    stop: Callable[[], Awaitable[None]]


async def watch(edge: Edge, namespaces: Sequence[str]) -> None:
    """Run until SIGTERM or SIGINT; raises what `edge.start` raises."""
    registry = kopf.OperatorRegistry()
    failures: list[Exception] = []
    _register(registry, edge, failures)
    try:
        await kopf.operator(
            registry=registry,
            settings=_settings(),
            standalone=True,
            clusterwide=not namespaces,
            namespaces=list(namespaces),
        )
    except Exception:
        # What Kopf raises is its own and private; what the start raised is meant for a person.
        if failures:
            raise failures[0] from None
        raise


def _register(registry: kopf.OperatorRegistry, edge: Edge, failures: list[Exception]) -> None:
    listeners: list[Listener] = []

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.AiohttpSession:  # noqa: ANN401
        return kopf.AiohttpSession(server=edge.server, aiohttp_session=edge.open_session(listeners[0]))

    @kopf.on.startup(registry=registry)
    async def startup(**_: Any) -> None:  # noqa: ANN401
        try:
            listeners.append(await edge.start())
        except Exception as error:
            # Kopf would try again and again, in silence; a process that ends is restarted, and seen.
            failures.append(error)
            raise kopf.PermanentError(str(error)) from error

    @kopf.on.cleanup(registry=registry)
    async def cleanup(**_: Any) -> None:  # noqa: ANN401
        await edge.stop()

    @kopf.on.event(GROUP, VERSION, user_api.PLURAL, registry=registry)
    async def on_user(event: Any, **_: Any) -> None:  # noqa: ANN401
        # For its sake Kopf watches users; it is called for what the tap did not understand.
        for listener in listeners:
            listener.observe_user(event["type"], event["object"])

    @kopf.on.event(GROUP, VERSION, tenant_api.PLURAL, registry=registry)
    async def on_tenant(event: Any, **_: Any) -> None:  # noqa: ANN401
        for listener in listeners:
            listener.observe_tenant(event["type"], event["object"])


def _settings() -> kopf.OperatorSettings:
    """Each value was measured on Kopf 1.45; the comment says what its default does to us."""
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.scanning.disabled = True  # otherwise it needs the right to watch CRDs and namespaces
    settings.persistence.finalizer = f"{GROUP}/kopf-unused"  # Kopf strips "its" finalizer: it must not be ours
    settings.watching.chunk_size = 500
    settings.watching.initial_streaming = False  # a stream that breaks midway loses objects for good
    settings.watching.server_timeout = 300  # a float is refused by the API server
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.posting.level = logging.WARNING
    return settings
