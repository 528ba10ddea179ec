"""What becomes of resources, as a watch tells it: who is there, and who is Ready since when.

A list of 10,000 resources costs the API server a second, so whoever measures must not ask again and again. A watch is
told each change once, in the same bytes that the operator gets, and decodes only what it needs.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import msgspec

from measure.client import Busy, Client, users_path


class _Condition(msgspec.Struct):
    type: str
    status: str


class _Metadata(msgspec.Struct, rename="camel"):
    name: str = ""
    generation: int = 0
    resource_version: str = ""


class _Status(msgspec.Struct, rename="camel"):
    observed_generation: int = 0
    conditions: list[_Condition] = []


class _Object(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    status: _Status = msgspec.field(default_factory=_Status)
    message: str = ""
    """Of an error."""

    @property
    def ready(self) -> bool:
        """CXone agrees with the newest spec."""
        return self.status.observed_generation == self.metadata.generation and any(
            condition.type == "Ready" and condition.status == "True" for condition in self.status.conditions
        )


class _Event(msgspec.Struct):
    type: str
    object: _Object


_EVERYTHING = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
"""What is there comes first, and then a bookmark."""
_BUSY_SECONDS = 0.5
_DECODER = msgspec.json.Decoder(_Event)


class Watch:
    """All CxoneUsers of a namespace, or of the cluster; their names must differ."""

    def __init__(self, client: Client, namespace: str | None) -> None:
        self._client = client
        self._path = f"{users_path(namespace)}?watch=1&allowWatchBookmarks=true"
        self._version = ""
        self._moved = asyncio.Event()
        self.begun = False
        """Everything that was there before has been told."""
        self.present: set[str] = set()
        self.ready: dict[str, float] = {}
        """Since when who is Ready, by the monotonic clock."""
        self.generations: dict[str, int] = {}
        """The generation with which who is Ready."""
        self.ready_with: Counter[int] = Counter()
        """How many are Ready, by generation."""
        self.task: asyncio.Task[None] | None = None

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what is known fulfils the condition."""
        while not condition():
            if self.task is not None and self.task.done():
                self.task.result()
                raise RuntimeError("the watch has ended")
            self._moved.clear()
            await self._moved.wait()

    async def until_ready(self, names: Iterable[str]) -> float:
        """Wait until all of them are Ready; since when the last of them is."""
        wanted = set(names)
        # To count is cheap, and to compare names is needed at the very end only.
        await self.until(lambda: len(self.ready) >= len(wanted) and self.ready.keys() >= wanted)
        return max(self.ready[name] for name in wanted)

    async def follow(self) -> None:
        """Watch until cancelled; a stream that ends is taken up where it ended."""
        try:
            while True:
                try:
                    await self._stream(f"resourceVersion={self._version}" if self.begun else _EVERYTHING)
                except Busy:
                    await asyncio.sleep(_BUSY_SECONDS)
        finally:
            self._moved.set()

    async def _stream(self, beginning: str) -> None:
        rest = b""
        async for piece in self._client.stream(f"{self._path}&{beginning}"):
            *lines, rest = (rest + piece).split(b"\n")
            now = time.monotonic()
            for line in lines:
                self._take(_DECODER.decode(line), now)
            self._moved.set()

    def _take(self, event: _Event, now: float) -> None:
        found = event.object
        if event.type == "ERROR":
            raise RuntimeError(f"the watch cannot go on: {found.message}")
        self._version = found.metadata.resource_version
        if event.type == "BOOKMARK":
            self.begun = True
            return
        name = found.metadata.name
        before = self.generations.pop(name, None)
        if before is not None:
            self.ready_with[before] -= 1
        if event.type == "DELETED":
            self.present.discard(name)
        else:
            self.present.add(name)
        if event.type == "DELETED" or not found.ready:
            self.ready.pop(name, None)
            return
        self.generations[name] = found.metadata.generation
        self.ready_with[found.metadata.generation] += 1
        if before != found.metadata.generation:
            self.ready[name] = now


@asynccontextmanager
async def watch(client: Client, namespace: str | None = None) -> AsyncIterator[Watch]:
    """A watch that lasts as long as the block."""
    watching = Watch(client, namespace)
    watching.task = asyncio.create_task(watching.follow())
    try:
        await watching.until(lambda: watching.begun)
        yield watching
    finally:
        watching.task.cancel()
        await asyncio.gather(watching.task, return_exceptions=True)
