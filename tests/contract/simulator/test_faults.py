"""Faults on order: what goes wrong with which request, and what was done all the same."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from contract.simulator.stage import USERS, Stage, user


async def _order(stage: Stage, kind: str, **more: Any) -> None:
    await stage.control("POST", "faults", {"kind": kind, **more})


async def _names(stage: Stage) -> list[str]:
    return [item["userName"] for item in (await stage.control("GET", "users"))["users"]]


async def test_latency(stage: Stage):
    """The answer is late, and right."""
    await _order(stage, "latency", seconds=0.2, times=1)
    began = time.monotonic()
    assert (await stage.call("GET", USERS)).status == 200
    assert time.monotonic() - began >= 0.2


async def test_status(stage: Stage):
    """Another status with Retry-After, and nothing done."""
    await _order(stage, "status", status=502, retryAfter=7, times=1)
    answer = await stage.call("POST", USERS, user("jane"))
    assert (answer.status, answer.headers["Retry-After"], answer.body["status"]) == (502, "7", "502")
    assert await _names(stage) == []


@pytest.mark.parametrize("status", [200, 204, 304, 404])
async def test_status_with_a_body(stage: Stage, status: int):
    """Any status, with a body of the test's own where that status can have one."""
    await _order(stage, "status", status=status, body={"surprise": [1]})
    answer = await stage.call("GET", USERS)
    assert answer.status == status
    assert answer.text in ("", '{"surprise": [1]}')


async def test_drop_is_a_lost_answer(stage: Stage):
    """The change is made, and nobody is told."""
    await _order(stage, "drop", times=1)
    with pytest.raises(aiohttp.ClientError):
        await stage.call("POST", USERS, user("jane"))
    assert await _names(stage) == ["jane"]
    assert (await stage.call("POST", USERS, user("jane"))).status == 409


async def test_refuse_does_nothing(stage: Stage):
    """No answer, and no change."""
    await _order(stage, "refuse", times=1)
    with pytest.raises(aiohttp.ClientError):
        await stage.call("POST", USERS, user("jane"))
    assert await _names(stage) == []


async def test_truncate_cuts_the_body(stage: Stage):
    """The change is made, and half of the answer arrives."""
    await _order(stage, "truncate", times=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await stage.call("POST", USERS, user("jane"))
    assert await _names(stage) == ["jane"]


async def test_garbage_is_not_scim(stage: Stage):
    """200 with HTML, as a proxy answers; nothing is done."""
    await _order(stage, "garbage", times=1)
    answer = await stage.call("POST", USERS, user("jane"))
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, "text/html")
    assert await _names(stage) == []


async def test_times_and_after(stage: Stage):
    """So many pass, so many are hit, and the rest pass again."""
    await _order(stage, "status", status=503, after=2, times=3)
    assert [(await stage.call("GET", USERS)).status for _ in range(7)] == [200, 200, 503, 503, 503, 200, 200]


async def test_match(stage: Stage):
    """Only the requests of that method and path are hit."""
    await _order(stage, "status", match={"method": "get", "path": "/Users$"})
    assert (await stage.call("GET", USERS)).status == 503
    assert (await stage.call("GET", "/scim/v2/Groups")).status == 200
    assert (await stage.call("POST", USERS, user("jane"))).status == 201


async def test_orders_are_served_in_turn(stage: Stage):
    """The first order that matches strikes; the next one when it is used up."""
    await _order(stage, "status", status=502, times=1)
    await _order(stage, "status", status=504, times=1)
    assert [(await stage.call("GET", USERS)).status for _ in range(3)] == [502, 504, 200]


async def test_faults_can_be_taken_back(stage: Stage):
    """DELETE ends faults of requests and of jobs."""
    await _order(stage, "status")
    await stage.control("POST", "faults", {"job": "fail", "times": 5})
    await stage.control("DELETE", "faults")
    assert (await stage.call("GET", USERS)).status == 200
    assert stage.world.job_faults.next() is None


async def test_the_token_endpoint_fails_too(stage: Stage):
    """Faults reach every route but those of the control endpoint."""
    await _order(stage, "status", status=503, match={"path": "/oauth/token"}, times=1)
    assert [(await stage.token()).status for _ in range(2)] == [503, 200]


async def test_latency_of_all_requests_does_not_queue(stage: Stage):
    """Requests are late side by side, not one after another."""
    await stage.control("PATCH", "settings", {"latencySeconds": 0.2})
    began = time.monotonic()
    await asyncio.gather(*(stage.call("GET", USERS) for _ in range(5)))
    assert 0.2 <= time.monotonic() - began < 0.8


@pytest.mark.parametrize(
    ("order", "named"),
    [
        ({}, "kind"),
        ({"kind": "flood"}, "kind"),
        ({"kind": "status", "status": 42}, "status"),
        ({"kind": "status", "status": "503"}, "status"),
        ({"kind": "status", "times": -1}, "times"),
        ({"kind": "status", "times": True}, "times"),
        ({"kind": "status", "after": "2"}, "after"),
        ({"kind": "latency", "seconds": -0.5}, "seconds"),
        ({"kind": "latency", "seconds": 1e300}, "seconds"),
        ({"kind": "status", "retryAfter": "1\r\nX: y"}, "retryAfter"),
        ({"kind": "status", "retryAfter": {}}, "retryAfter"),
        ({"kind": "status", "match": "/Users"}, "match"),
        ({"kind": "status", "match": {"path": "("}}, "match.path"),
        ({"kind": "status", "match": {"url": "x"}}, "url"),
        ({"kind": "status", "time": 1}, "time"),
        ({"job": "flood"}, "job"),
        ({"job": "fail", "times": 0}, "times"),
        ({"job": "fail", "times": "1"}, "times"),
        ([], "body"),
    ],
)
async def test_an_order_that_cannot_be_understood(stage: Stage, order: object, named: str):
    """400 names the field, and nothing was ordered."""
    answer = await stage.call("POST", "/_simulator/faults", order)
    assert answer.status == 400
    assert named in answer.body["error"]
    assert (await stage.call("GET", USERS)).status == 200
