"""Echoes: what a watch or a list tells of versions that are known already, taken out before it is read.

A joiner has three events, and two of them are our own writes, whose answers have told us the same; and what Kopf lists
before it watches, we have listed a moment before. Kopf spends 0.35 ms on an object before anybody can say that it is no
news (measured), which was a quarter of the operator's time under a flood, and half of it at a start with everybody in
sync. Here a look at two fields decides. Bookmarks pass, so a watch goes on where it ended though nothing came of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import msgspec

IsEcho = Callable[[str, str], bool]
"""Whether this resourceVersion of the object with this uid, or a newer one, is known."""


class _Metadata(msgspec.Struct, rename="camel"):
    uid: str
    resource_version: str


class _Object(msgspec.Struct):
    metadata: _Metadata


class _Event(msgspec.Struct):
    type: str
    object: _Object


_event = msgspec.json.Decoder(_Event)
_object = msgspec.json.Decoder(_Object)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


def without_echoes(is_echo: IsEcho) -> aiohttp.ClientMiddlewareType:
    """For a session that lists and watches."""

    async def thin(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        response = await handler(request)
        response.content = Thinned(response.content, is_echo)  # type: ignore[assignment]  # reads like the other
        return response

    return thin


class Thinned:
    """The content of a response without the echoes: of a list, or of a watch with one JSON object a line."""

    def __init__(self, content: aiohttp.StreamReader, is_echo: IsEcho) -> None:
        self._content = content
        self._is_echo = is_echo

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the content has
        return getattr(self._content, name)

    async def read(self) -> bytes:
        """A page of a list, whose items are the news; anything else as it came."""
        whole = await self._content.read()
        try:
            page = _fields.decode(whole)
            items = _items.decode(page["items"])
            news = [item for item in items if not self._is_known_item(item)]
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
            return whole
        return msgspec.json.encode({**page, "items": news})

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Whole lines, and the rest of a stream that was cut."""
        rest = b""
        async for chunk in self._content.iter_chunked(size):
            *lines, rest = (rest + chunk).split(b"\n")
            news = [line for line in lines if not self._is_known_event(line)]
            if news:
                yield b"\n".join((*news, b""))
        if rest:
            yield rest

    def _is_known_event(self, line: bytes) -> bool:
        """Whatever is not understood is left to whoever reads the stream, and so is every deletion."""
        try:
            event = _event.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        return event.type in {"ADDED", "MODIFIED"} and self._is_known(event.object.metadata)

    def _is_known_item(self, item: msgspec.Raw) -> bool:
        return self._is_known(_object.decode(item).metadata)

    def _is_known(self, found: _Metadata) -> bool:
        return self._is_echo(found.uid, found.resource_version)
