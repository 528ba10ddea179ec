"""A tap on the line from the API server to Kopf: what a list or a watch tells of CxoneUsers is taken off and told here.

Kopf owns the watches: how they are opened, resumed and begun anew. But it spends up to 0.8 ms on an object before it
calls a handler (a task, two timers, five loggers, three kinds of causes), which was 29 % of the operator's time under a
flood (ADR 16). And most events are echoes: of our own writes, whose answers have told the same, and of our own list a
moment before; a look at two fields finds them. Bookmarks, errors, other kinds and whatever is not understood flow on,
so a watch goes on where it ended, though no event came through.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

import aiohttp
import msgspec

from cxone_operator.api import user as user_api
from cxone_operator.cluster.server import Body


class Listener(Protocol):
    """Who is told of users."""

    def is_echo(self, uid: str, resource_version: str) -> bool:
        """Whether this resourceVersion of the object with this uid, or a newer one, is known."""

    def observe_user(self, kind: str | None, body: Body) -> None:
        """A CxoneUser was listed (None), ADDED, MODIFIED or DELETED; must not fail."""


class _Metadata(msgspec.Struct, rename="camel"):
    uid: str
    resource_version: str


class _Object(msgspec.Struct):
    kind: str
    metadata: _Metadata


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


_event = msgspec.json.Decoder(_Event)
_object = msgspec.json.Decoder(_Object)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


def tapped(listener: Listener) -> aiohttp.ClientMiddlewareType:
    """For a session that lists and watches."""

    async def tap(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        response = await handler(request)
        response.content = Tap(response.content, listener)  # type: ignore[assignment]  # reads like the other
        return response

    return tap


class Tap:
    """The content of a response without its users: of a list, or of a watch with one JSON object a line."""

    def __init__(self, content: aiohttp.StreamReader, listener: Listener) -> None:
        self._content = content
        self._listener = listener

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the content has
        return getattr(self._content, name)

    async def read(self) -> bytes:
        """A page of a list, with the items that were not taken; anything else as it came."""
        whole = await self._content.read()
        try:
            page = _fields.decode(whole)
            items = _items.decode(page["items"])
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
            return whole
        return msgspec.json.encode({**page, "items": [item for item in items if not self._takes(None, item)]})

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Whole lines, and the rest of a stream that was cut."""
        rest = b""
        async for chunk in self._content.iter_chunked(size):
            *lines, rest = (rest + chunk).split(b"\n")
            left = [line for line in lines if not self._takes_event(line)]
            if left:
                yield b"\n".join((*left, b""))
        if rest:
            yield rest

    def _takes_event(self, line: bytes) -> bool:
        try:
            event = _event.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        return event.type in {"ADDED", "MODIFIED", "DELETED"} and self._takes(event.type, event.object)

    def _takes(self, kind: str | None, raw: msgspec.Raw) -> bool:
        """Whether it is a user; who is no echo is told. A deletion never is one."""
        try:
            found = _object.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        if found.kind != user_api.KIND:
            return False
        metadata = found.metadata
        if kind == "DELETED" or not self._listener.is_echo(metadata.uid, metadata.resource_version):
            self._listener.observe_user(kind, msgspec.json.decode(raw))
        return True
