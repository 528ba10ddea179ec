"""Where the resources of our group are, and how many of them are read: page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from cxone_operator.api.meta import GROUP, VERSION
from cxone_operator.cluster.bodies import metadata
from cxone_operator.cluster.server import ApiServer, Body

_LIMIT = 500
"""Resources of one page; larger ones make the API server hold more memory for each reader."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; every page of one list has its version."""

    items: tuple[Body, ...]
    resource_version: str


def collection(plural: str, namespace: str | None) -> str:
    """The path of all resources of a kind, or of those in a namespace."""
    scope = f"namespaces/{namespace}/" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}/{scope}{plural}"


async def pages(server: ApiServer, path: str, params: Mapping[str, str] | None = None) -> AsyncIterator[Page]:
    """The list at that path, as it was when the first page was asked for. Raises ClusterError."""
    token = ""
    while True:
        query = {**(params or {}), "limit": str(_LIMIT), **({"continue": token} if token else {})}
        body = await server.request("GET", path, params=query)
        yield Page(_items(body), metadata(body, "resourceVersion"))
        token = metadata(body, "continue")
        if not token:
            return


def _items(body: Body) -> tuple[Body, ...]:
    items = body.get("items")
    return tuple(item for item in items if isinstance(item, Mapping)) if isinstance(items, list) else ()
