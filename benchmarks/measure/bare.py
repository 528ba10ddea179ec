"""The bare client: the same writes to the same API server, made by nobody who thinks about them.

It is the floor of what an operator can reach: for each new user a create, the finalizer and the final status; for each
changed one the change and the status; for each deleted one the deletion and the finalizer. Each write is sent as soon
as the one before it is answered, and what is seen of it is seen by the same kind of watch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from cxone_operator.api.meta import USER_FINALIZER
from measure.client import Client

Json = dict[str, Any]
_MOMENT = "2026-01-01T00:00:00Z"


def ready_status(user_name: str, generation: int) -> Json:
    """As long as what the operator writes of a user whom CXone has as wanted."""
    conditions = [
        ("Ready", "Succeeded", "CXone agrees with the spec"),
        ("Synced", "Succeeded", "CXone agrees with the spec"),
        ("Licensed", "Succeeded", "A seat is assigned"),
    ]
    return {
        "observedGeneration": generation,
        "userId": f"00000000-0000-4000-8000-{abs(hash(user_name)) % 10**12:012}",
        "active": True,
        "differences": [],
        "conditions": [
            {
                "type": type_,
                "status": "True",
                "reason": reason,
                "message": message,
                "lastTransitionTime": _MOMENT,
                "observedGeneration": generation,
            }
            for type_, reason, message in conditions
        ],
    }


async def create(client: Client, users: Iterable[Json]) -> None:
    """Create them while others take up what is created."""
    created: asyncio.Queue[Json | None] = asyncio.Queue()

    async def make(user: Json) -> None:
        await client.create(user)
        created.put_nowait(user)

    async def make_all() -> None:
        await client.each(users, make)
        created.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(make_all())
        group.create_task(_consume(created, lambda user: take_up(client, user), client.connections))


async def take_up(client: Client, user: Json) -> None:
    """Finalizer and status of one that exists."""
    namespace, name = _key(user)
    await client.patch(namespace, name, {"metadata": {"finalizers": [USER_FINALIZER]}})
    await _tell(client, user, 1)


async def change(client: Client, users: Iterable[Json], spec: Json, generation: int = 2) -> None:
    """Change the spec of all, and answer each."""

    async def work(user: Json) -> None:
        await client.patch(*_key(user), {"spec": spec})
        await _tell(client, user, generation)

    await client.each(users, work)


async def delete(client: Client, users: Iterable[Json]) -> None:
    """Delete all, and let each go."""

    async def work(user: Json) -> None:
        await client.delete(*_key(user))
        await client.patch(*_key(user), {"metadata": {"finalizers": []}})

    await client.each(users, work)


async def _tell(client: Client, user: Json, generation: int) -> None:
    status = ready_status(user["spec"]["userName"], generation)
    await client.patch(*_key(user), {"status": status}, "status")


async def _consume(queue: asyncio.Queue[Json | None], work: Callable[[Json], Awaitable[None]], workers: int) -> None:
    async def worker() -> None:
        while (user := await queue.get()) is not None:
            await work(user)
        queue.put_nowait(None)  # for the next worker

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(worker())


def _key(user: Json) -> tuple[str, str]:
    return user["metadata"]["namespace"], user["metadata"]["name"]
