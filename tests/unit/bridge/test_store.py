"""What the store asks the API server where the roster does not know, and what it does not take for an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cxone_operator.bridge.roster import Roster
from cxone_operator.bridge.store import Store
from cxone_operator.cluster.errors import Forbidden, Invalid, Unreachable
from cxone_operator.cluster.server import ApiServer
from unit.bridge.builders import EMAIL, an_event

Answer = Callable[[web.Request], web.Response]


@asynccontextmanager
async def store_on(answer: Answer, roster: Roster) -> AsyncIterator[Store]:
    """A store on a server that answers like this."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return answer(request)

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        api = ApiServer(session, str(server.make_url("")).rstrip("/"))
        yield Store(api, roster, "workforce", "default", lambda _kind, _code: None)


def empty(request: web.Request) -> web.Response:
    """Nobody is there."""
    if "fieldSelector" not in request.query:
        return web.json_response({"message": "not found"}, status=404)
    return web.json_response({"metadata": {"resourceVersion": "10"}, "items": []})


async def test_nobody_is_new_while_the_people_are_not_known() -> None:
    """A selector finds one spelling only, so that what it does not find may be there in another one."""
    roster = Roster()
    async with store_on(empty, roster) as store:
        with pytest.raises(Unreachable, match="have not been listed"):
            await store.find(an_event(), certain=False)
        roster.begun()
        roster.complete()
        assert await store.find(an_event(), certain=False) == ()


async def test_who_came_a_moment_ago_is_found_before_the_watch_tells() -> None:
    """A watch that has just told something else has not told everything: the person would get a second account."""

    def answer(request: web.Request) -> web.Response:
        metadata = {"name": "from-git", "namespace": "workforce", "uid": "u", "resourceVersion": "9", "generation": 1}
        metadata["creationTimestamp"] = "2026-11-01T00:00:00Z"
        body = {"metadata": metadata, "spec": {"userName": EMAIL, "name": {"givenName": "J", "familyName": "S"}}}
        if request.query.get("fieldSelector") == f"spec.userName={EMAIL}":
            return web.json_response({"metadata": {"resourceVersion": "10"}, "items": [body]})
        return web.json_response(body) if request.path.endswith("/from-git") else empty(request)

    roster = Roster()
    roster.begun()
    roster.complete()
    roster.followed()
    roster.changed("ADDED", {"metadata": {"name": "bob"}, "spec": {"userName": "bob@x.com"}})
    async with store_on(answer, roster) as store:
        (found,) = await store.find(an_event("terminate"), certain=False)
    assert found.name == "from-git"


async def test_who_is_not_known_is_looked_for_by_all_that_the_event_says() -> None:
    """By the address as it is said and as it is compared, and by number, with what a selector would misread escaped."""
    asked: list[str] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.query.get("fieldSelector", ""))
        return empty(request)

    roster = Roster()
    roster.begun()
    roster.complete()
    async with store_on(answer, roster) as store:
        await store.find(an_event(email=EMAIL.upper(), employeeId="E=1,\\2"), certain=False)
    selectors = {selector for selector in asked if selector}
    assert selectors == {
        f"spec.userName={EMAIL}",
        f"spec.userName={EMAIL.upper()}",
        "spec.employeeId=E\\=1\\,\\\\2",
    }


async def test_an_old_crd_is_not_the_senders_fault() -> None:
    """It cannot be searched by employeeId: the event is to come again, and no 400."""

    def answer(request: web.Request) -> web.Response:
        if "spec.employeeId" in request.query.get("fieldSelector", ""):
            return web.json_response({"message": "field label not supported: spec.employeeId"}, status=400)
        return empty(request)

    async with store_on(answer, Roster()) as store:
        with pytest.raises(Forbidden, match="apply the new one") as refused:
            await store.find(an_event(employeeId="E1"), certain=False)
    assert not isinstance(refused.value, Invalid)
