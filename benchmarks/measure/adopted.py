"""People whom the operator has adopted long ago, declared quickly: a stub stands in for it.

CXone has everybody from the beginning (`cxone-simulator --users`), one user is adopted by the operator itself, and what
it wrote to that one is written to all others by the administrator. What is measured afterwards is the real thing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from measure.benchmark import Run
from measure.client import users_path
from measure.people import preloaded
from measure.place import NAMESPACE, Place
from measure.remote import Remote
from measure.watch import watch

Json = dict[str, Any]
_WRITTEN = ("finalizers", "annotations")
"""Metadata that the operator writes."""


async def declare_adopted(run: Run, place: Place, remote: Remote, count: int) -> None:
    """The first so many users that CXone has; needs a tenant."""
    sample = await _adopt_one(place)
    ids = {user.user_name: user.id for user in await remote.users()}
    marks = [sample["spec"]["userName"], sample["status"]["userId"]]
    template = msgspec.json.encode([{name: sample["metadata"][name] for name in _WRITTEN}, sample["status"]])
    client, done = place.client, 1
    run.progress = lambda: f"{done:,} of {count:,} declared"

    async def declare(number: int) -> None:
        nonlocal done
        user, text = preloaded(NAMESPACE, number), template
        user_name = user["spec"]["userName"]
        for mark, own in zip(marks, (user_name, ids[user_name]), strict=True):
            text = text.replace(mark.encode(), own.encode())
        metadata, status = msgspec.json.decode(text)
        user["metadata"] |= metadata
        await client.create(user)
        await client.patch(NAMESPACE, user["metadata"]["name"], {"status": status}, "status")
        done += 1

    await client.each(range(2, count + 1), declare)


async def _adopt_one(place: Place) -> Json:
    """The first of them, as the operator leaves it."""
    first = preloaded(NAMESPACE, 1)
    name = first["metadata"]["name"]
    async with watch(place.client, NAMESPACE) as seen, place.operator("--namespace", NAMESPACE):
        await place.client.create(first)
        await seen.until_ready([name])
    found: Json = await place.client.get(users_path(NAMESPACE, name))
    return found
